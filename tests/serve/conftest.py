"""Where do these tests run the product?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import database
from tests.installation import Installation


@pytest.fixture
def empty(tmp_path: Path, database_url: str) -> Installation:
    """An installation whose database has no tables yet."""
    return Installation.in_folder(tmp_path, POSTROOM_DATABASE_URL=database_url)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation that is ready to be started."""
    with database.new_database(migrated=True) as url:
        yield Installation.in_folder(tmp_path, POSTROOM_DATABASE_URL=url)
