"""What do the tests of conversations find ready: a desk with an application and users, and a worker for its mail?"""

from collections.abc import Iterator

import pytest

from postroom.outbound import feed, queue
from tests.outbound.office import Courier
from tests.threads.desk import Desk


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


@pytest.fixture
def busy_desk(transactional_db: None) -> Iterator[Desk]:
    """A desk whose mail others see: a worker."""
    queue._lanes.clear()  # known from before the database was emptied
    yield Desk()
    queue._lanes.clear()


@pytest.fixture
def courier(busy_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Courier]:
    monkeypatch.setattr(feed, "QUIET_SECONDS", 0.05)  # a server is left at once
    courier = Courier()
    yield courier
    courier.close()
