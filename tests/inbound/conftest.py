"""What do the tests of incoming mail find ready: an office with a domain that sends and receives?"""

from collections.abc import Iterator

import pytest

from postroom.outbound import queue
from tests.outbound.office import Office
from tests.threads.desk import Desk


@pytest.fixture
def office(db: None) -> Office:
    office = Office()
    office.add_domain()
    return office


@pytest.fixture
def desk(db: None) -> Desk:
    """An office with an application that has records, and people who follow them."""
    return Desk()


@pytest.fixture
def busy_office(transactional_db: None) -> Iterator[Office]:
    """An office whose mail others see: listeners, other connections."""
    queue._lanes.clear()  # known from before the database was emptied
    office = Office()
    office.add_domain()
    yield office
    queue._lanes.clear()
