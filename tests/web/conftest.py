"""Who looks at the pages in these tests?"""

import math
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django.fixtures import Settings

from postroom.policy.permission import Role
from postroom.workspaces import identity
from postroom.workspaces.models import Workspace
from tests.web.samples import make_member, make_workspace


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """The product's hash takes half a second on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found where the data belongs, and so asked about no more for now: as nearly every page is answered."""
    monkeypatch.setitem(identity._at_home_until, identity.identity(), math.inf)


@pytest.fixture(autouse=True)
def no_language_left() -> Iterator[None]:
    """A page leaves its language and time zone to its thread, until the next page is asked for."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def member(workspace: Workspace) -> Client:
    """A browser in which a member of the workspace has signed in."""
    client = Client()
    client.force_login(make_member(workspace))
    return client


@pytest.fixture
def owner(workspace: Workspace) -> Client:
    """A browser in which an owner of the workspace has signed in."""
    client = Client()
    client.force_login(make_member(workspace, "olga@company-name.com", role=Role.OWNER))
    return client


@pytest.fixture
def outsider(db: None) -> Client:
    """A browser in which a member of another workspace has signed in."""
    client = Client()
    client.force_login(make_member(make_workspace("other-name"), "mallory@other-name.com"))
    return client
