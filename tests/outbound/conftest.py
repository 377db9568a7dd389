"""What do the tests of outgoing mail find ready: an office that sends, and a courier that delivers?"""

from collections.abc import Iterator

import pytest

from postroom.outbound import feed, queue
from tests.outbound.office import Courier, Office


@pytest.fixture
def office(db: None) -> Office:
    return Office()


@pytest.fixture
def busy_office(transactional_db: None) -> Iterator[Office]:
    """An office whose mail others see: a worker, other connections."""
    queue._lanes.clear()  # known from before the database was emptied
    yield Office()
    queue._lanes.clear()


@pytest.fixture
def courier(busy_office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Courier]:
    monkeypatch.setattr(feed, "QUIET_SECONDS", 0.05)  # a server is left at once
    courier = Courier()
    yield courier
    courier.close()
