"""Where do these tests run the product?"""

from pathlib import Path

import pytest

from tests.serve.installation import Installation


@pytest.fixture
def empty(tmp_path: Path, database_url: str) -> Installation:
    """An installation whose database has no tables yet."""
    return Installation.in_folder(tmp_path, database_url)


@pytest.fixture
def installation(empty: Installation) -> Installation:
    """An installation that is ready to be started."""
    migrated = empty.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    return empty
