"""Does any page show or change what belongs to a workspace of others, asked for by its real key?"""

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from postroom.workspaces.models import User, Workspace
from tests.web.belongings import everything_of, furnish
from tests.web.samples import make_workspace
from tests.web.test_every_page import PAGES

MARK = "zanzibar"  # in every name of theirs, and in no text of ours
_PARAMETER = re.compile(r"<\w+:(\w+)>")
# parameter of an address: the kind of thing it names.
OWNED = ["alert", "alias", "company", "domain", "file", "follower", "incoming", "incoming_server", "invitation", "key"]
OWNED += ["membership", "message", "notification", "parameter", "post", "record", "server", "template", "workspace"]
KINDS = {f"{kind}_id": kind for kind in OWNED}
# Parameters that name nothing of a workspace.
NO_THINGS = {
    "version": "of a file of the program",
    "name": "of such a file, of a periodic task, or of a step",
    "provider": "of accounts: the person's own workspace has a page for each",
    "preset_id": "a provider known to the program",
    "plan_id": "of the platform, for its administrators alone",
    "capture_id": "the mail catcher is the installation's",
    "number": "of a file in a captured mail",
    "token": "a secret that stands for its owner",
    "uidb64": "goes with such a secret",
}
# What a form must say before the thing is looked for.
FORMS = {
    "/desk/<int:incoming_id>/decide": {"act": "drop"},
    "/messages/<uuid:message_id>/steer": {"action": "cancel"},
}
# The buttons of forms that have several.
ACTS = {
    "/desk/many": ["replay", "drop", "restore"],
    "/desk/<int:incoming_id>/decide": ["attach", "create", "drop"],
    "/notifications/<int:notification_id>": ["retry", "ignore"],
    "/suppressed/address": ["release", "suppress"],
}
# Where the owner too is answered that there is nothing: the thing is no workspace's, or not this person's.
NOBODYS = {
    "/installation/mail/<int:incoming_id>",
    "/installation/mail/<int:incoming_id>/raw",
    "/inbox/<int:notification_id>",
    *(route for route in PAGES if route.startswith("/platform/")),
}


def things_in(route: str) -> list[str]:
    return [name for name in _PARAMETER.findall(route) if name not in NO_THINGS]


TAKES_A_THING = [route for route in PAGES if things_in(route)]


@pytest.fixture
def others(db: None) -> Workspace:
    return make_workspace("others")


@pytest.fixture
def theirs(others: Workspace) -> dict[str, str]:
    return furnish(others, MARK)


@pytest.fixture
def ours(theirs: dict[str, str]) -> dict[str, str]:
    return furnish(make_workspace("own"), "own")


@pytest.fixture
def outsider(ours: dict[str, str]) -> Client:
    return sign_in("olga@own.example.com")


def sign_in(email: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client


@pytest.mark.parametrize("route", TAKES_A_THING)
def test_knows_what_each_parameter_names(route: str) -> None:
    assert set(things_in(route)) <= set(KINDS), "say in KINDS what it names, and let `furnish` make one"


def test_an_outsider_finds_nothing_and_changes_nothing(
    outsider: Client, others: Workspace, theirs: dict[str, str], ours: dict[str, str]
) -> None:
    before, faults = everything_of(others), {}
    for route in TAKES_A_THING:
        for address in addresses(route, theirs, ours):
            for method, answer in ask(outsider, route, address):
                if answer.status_code not in {404, 405} or MARK in answer.content.decode():
                    faults[f"{method} {address}"] = answer.status_code
    assert not faults
    assert everything_of(others) == before


def test_who_belongs_there_is_answered_at_the_same_addresses(theirs: dict[str, str]) -> None:
    """Without this, an address that is wrong for everybody would pass for a closed one."""
    owner, faults = sign_in(f"olga@{MARK}.example.com"), []
    for route in sorted(set(TAKES_A_THING) - NOBODYS):
        (address,) = addresses(route, theirs, theirs)
        with transaction.atomic():
            statuses = {answer.status_code for _, answer in ask(owner, route, address)}
            faults += [address] * (statuses <= {404, 405})
            transaction.set_rollback(True)
    assert not faults


def test_no_page_of_ones_own_tells_of_others_when_its_address_names_their_things(
    outsider: Client, others: Workspace, theirs: dict[str, str]
) -> None:
    named = {**theirs, "to": theirs["record"], "text": "", "workspace": "others"}
    told = []
    for route in sorted(set(PAGES) - set(TAKES_A_THING) - {"/logout"}):
        if not _PARAMETER.search(route):
            answer = outsider.get(route, named)
            told += [route] * (MARK in b"".join(answer).decode())
    assert not told


def test_no_form_of_ones_own_changes_others_when_it_names_their_things(
    outsider: Client, others: Workspace, theirs: dict[str, str], ours: dict[str, str]
) -> None:
    """Each form with every field that names things; the buttons say `act` or `action`."""
    before = everything_of(others)
    named = {key: value for key, value in theirs.items() if key != "workspace"}
    named |= {"mail": theirs["incoming"], "to": theirs["record"], "dedicated_server": theirs["server"]}
    named |= {"alias_domain": theirs["domain"], "companies": theirs["company"], "forced_record": theirs["record"]}
    named |= {f"priority-{theirs['server']}": "99", "up": theirs["server"], "action": "cancel", "phrase": "own"}
    for route in sorted(set(PAGES) - {"/logout"}, key=_ends_something):
        (address,) = addresses(route, ours, ours)
        for act in ACTS.get(route, ["save"]):
            outsider.post(address, {**named, "act": act})
    assert everything_of(others) == before


def _ends_something(route: str) -> bool:
    """Such forms come last: the others need what there is."""
    return route.endswith(("/remove", "/archive", "/disconnect", "/revoke", "/take-back", "/merge"))


def addresses(route: str, theirs: dict[str, str], ours: dict[str, str]) -> Iterator[str]:
    """Of their things; a part of something also as if it were part of one's own."""
    examples = {"name": "credentials", "capture_id": "1", "provider": "google", "preset_id": "brevo", "plan_id": "0"}
    examples |= {"version": "x", "number": "0", "token": "x", "uidb64": "x"}
    names = things_in(route)
    for strange in range(1, len(names) + 1) if theirs is not ours else [len(names)]:
        keys = [ours[kind_of(route, name)] for name in names[:-strange]]
        keys += [theirs[kind_of(route, name)] for name in names[-strange:]]
        chosen = examples | dict(zip(names, keys, strict=True))
        yield _PARAMETER.sub(lambda match, chosen=chosen: chosen[match[1]], route)


def kind_of(route: str, name: str) -> str:
    return "unfinished_server" if "/servers/set-up/" in route else KINDS[name]


def ask(client: Client, route: str, address: str) -> Iterator[tuple[str, HttpResponse]]:
    for method in ("get", "post"):
        yield method, getattr(client, method)(address, FORMS.get(route, {}))
