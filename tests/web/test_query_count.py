"""How often does a page ask the database, and does it ask more often the more there is to show?

Every page is asked for, with things that exist: with one of each kind, then with many, in lists and within a thing.
"""

import re

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlsafe_base64_encode

from postroom.policy.permission import Role
from postroom.threads.models import Follower
from postroom.threads.tokens import unfollow_token
from postroom.workspaces import sign_up
from postroom.workspaces.access import seats_of
from postroom.workspaces.models import User, Workspace
from postroom.workspaces.people import invite
from tests.web.belongings import furnish
from tests.web.crowd import MANY, crowd, furnish_installation
from tests.web.samples import make_workspace
from tests.web.test_every_page import PAGES
from tests.web.test_outsiders import kind_of, things_in

MOST_QUERIES = 15
PARAMETER = re.compile(r"<\w+:(\w+)>")
# How pages are asked for, besides as they are.
ASKED = {
    "/messages": ["text=nowhere", "text=customer@one.example.com", "tag=one", "status=bounced"],
    "/messages/steer": ["action=retry", "action=cancel&tag=one"],
    "/messages/steered": ["action=retry&total=40"],
    "/monitor/numbers": ["period=days&by=server"],
    "/monitor/table": ["period=days&by=stream"],
    "/desk": ["state=dropped"],
    "/records": ["text=roof", "show=failed", "show=mine"],
    "/contacts": ["text=mary"],
    "/suppressed": ["text=nobody1@one.example.com"],
    "/alerts": ["state=over"],
    "/inbox": ["show=all"],
    "/capture": ["text=hello"],
    "/platform": ["text=one"],
    "/settings/route": ["author=joe@one.example.com&stream=transactional"],
}
# What is not there where these tests run, and how it answers: a job worker, an account, an open sign-up, an action.
ABSENT = {
    "/healthz": 503,
    "/mailbox/remove": 404,
    "/messages/steer": 400,
    "/messages/steered": 400,
    "/oauth/<str:provider>/confirm": 400,
    "/platform/oauth/<str:provider>/remove": 404,
    "/settings/oauth/<str:provider>/remove": 404,
    "/sign-up": 404,
    "/sign-up/<str:token>": 404,
}


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace("one")


@pytest.fixture
def things(workspace: Workspace) -> dict[str, str]:
    """What the parameters of addresses name, one of each kind."""
    found = furnish(workspace, "one")
    owner = User.objects.get(email="olga@one.example.com")
    return {**found, **furnish_installation(owner), "provider": "google", "preset_id": "brevo", "number": "0"}


@pytest.fixture
def owner(things: dict[str, str]) -> Client:
    """Sees all that there is: the workspace's owner, administrator of the platform, in developer mode."""
    person = User.objects.get(email="olga@one.example.com")
    person.is_platform_administrator = person.is_developer = True
    person.save()
    client = Client()
    client.force_login(person)
    return client


def test_no_page_asks_more_than_fifteen_times_nor_more_often_for_many(
    owner: Client, workspace: Workspace, things: dict[str, str]
) -> None:
    few = count_queries(owner, things)
    for number in range(MANY):
        furnish(workspace, f"n{number}")
    crowd(workspace, things)
    many = count_queries(owner, things)
    assert {address: count for address, count in many.items() if count > MOST_QUERIES} == {}
    assert {address: (few[address], many[address]) for address in few if many[address] > few[address]} == {}


def count_queries(client: Client, things: dict[str, str]) -> dict[str, int]:
    """By route and query; what a page changed is undone."""
    counts, faults = {}, {}
    for route in sorted(set(PAGES) - {"/logout"}):
        for query in ["", *ASKED.get(route, [])]:
            address = f"{address_of(route, things)}?{query}"
            with transaction.atomic(), CaptureQueriesContext(connection) as captured:
                answer = client.get(address)
                b"".join(answer)
                transaction.set_rollback(True)
            counts[f"{route}?{query}"] = len(captured)
            if answer.status_code >= 400 and answer.status_code not in {405, None if query else ABSENT.get(route)}:
                faults[address] = answer.status_code
    assert not faults
    return counts


def address_of(route: str, things: dict[str, str]) -> str:
    """The route with what exists in place of its parameters."""
    named = {**things, **_secrets(route)} | {name: things[_kind(route, name)] for name in things_in(route)}
    named |= {"version": "x", "name": _name(route)}
    return PARAMETER.sub(lambda match: named[match[1]], route)


def _kind(route: str, name: str) -> str:
    """A mail of nobody's is another than one on a workspace's desk; in the inbox is what the person was told."""
    kinds = {"/installation/mail/": "nobodys", "/inbox/": "told"}
    return next((kind for begins, kind in kinds.items() if route.startswith(begins)), "") or kind_of(route, name)


def _name(route: str) -> str:
    return {"/assets": "style.css", "/settings/scheduled-actions": "outbound.prune"}.get(
        route.partition("/<")[0], "filter"
    )


def _secrets(route: str) -> dict[str, str]:
    """What stands for its owner, made for this address."""
    person = User.objects.get(email="olga@one.example.com")
    if route.startswith("/invitations/"):
        return {"token": invite(seats_of(person)[0], "new@one.example.com", role=Role.MEMBER)[1]}
    if route.startswith("/sign-up/"):
        return {"token": sign_up.begin("new@one.example.com")}
    if route.startswith("/password/new/"):
        user_id = urlsafe_base64_encode(str(person.pk).encode())
        return {"uidb64": user_id, "token": default_token_generator.make_token(person)}
    return {"token": unfollow_token(Follower.objects.earliest("pk"))}
