"""Does a new DKIM key sign only once receivers can see it, and the old record stay as long as it is needed?"""

from datetime import UTC, date, datetime, timedelta

import pytest

from postroom.domains.keys import (
    RotationUnderWayError,
    begin_platform_rotation,
    begin_rotation,
    create_dkim_key,
    own_key,
    record_of,
)
from postroom.domains.models import DkimKey
from postroom.domains.nameserver import Nameserver
from postroom.domains.resolver import Resolver
from postroom.domains.rotation import advance
from postroom.policy.dns.facts import KeyState
from postroom.policy.dns.rotation import OVERLAP, SETTLE, next_state
from postroom.policy.dns.writing import zone_line
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace
from tests.peers.nsd import run_nsd

DAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAME = "company-name.com"


@pytest.fixture
def workspace(db: None) -> Workspace:
    return create_workspace("company-name", company="My Company")


def states(workspace: Workspace) -> dict[str, str]:
    return {key.selector: key.state.value for key in workspace.dkim_keys.order_by("pk")}


def look(workspace: Workspace, published: list[DkimKey], now: datetime) -> dict[str, str]:
    """The keys' states after a look at a name server that has the records of `published`."""
    lines = "\n".join(zone_line(record_of(key)) for key in published)
    with run_nsd({NAME: lines}) as port:
        advance(Resolver(Nameserver("127.0.0.1", port)), now=now)
    return states(workspace)


@pytest.mark.requires("nsd")
def test_a_key_signs_once_its_record_was_seen_for_an_hour_and_the_old_record_stays(workspace: Workspace) -> None:
    old = create_dkim_key(workspace, domain=NAME, selector="old")
    rsa, ed25519 = begin_rotation(workspace, NAME, today=DAY)
    assert states(workspace) == {"old": "active", "p20261122r": "waiting", "p20261122e": "waiting"}
    assert set(look(workspace, [old], NOW).values()) == {"active", "waiting"}
    look(workspace, [old, rsa, ed25519], NOW)
    assert states(workspace) == {"old": "active", "p20261122r": "seen", "p20261122e": "seen"}
    assert look(workspace, [old, rsa, ed25519], NOW + SETTLE / 2)["p20261122r"] == "seen"
    look(workspace, [old, rsa, ed25519], NOW + SETTLE)
    assert states(workspace) == {"old": "retiring", "p20261122r": "active", "p20261122e": "active"}
    assert look(workspace, [], NOW + SETTLE + OVERLAP / 2)["old"] == "retiring"
    assert look(workspace, [], NOW + SETTLE + OVERLAP)["old"] == "retired"
    assert DkimKey.objects.get(selector="old").private_key == ""


@pytest.mark.requires("nsd")
def test_a_record_that_disappears_again_starts_the_wait_anew(workspace: Workspace) -> None:
    rsa, ed25519 = begin_rotation(workspace, NAME, today=DAY)
    look(workspace, [rsa, ed25519], NOW)
    assert look(workspace, [rsa], NOW + SETTLE) == {"p20261122r": "active", "p20261122e": "waiting"}


@pytest.mark.requires("nsd")
def test_a_name_server_that_fails_changes_nothing(workspace: Workspace) -> None:
    begin_rotation(workspace, NAME, today=DAY)
    with run_nsd({NAME: "broken"}) as port:
        advance(Resolver(Nameserver("127.0.0.1", port)), now=NOW)
    assert set(states(workspace).values()) == {"waiting"}


@pytest.mark.requires("nsd")
def test_a_platforms_key_is_seen_through_the_domains_pointer(workspace: Workspace) -> None:
    (key,) = begin_platform_rotation(workspace, NAME)
    assert (key.selector, key.pointer) == ("postroom1", f"postroom1.{NAME}.dkim.example")
    zones = {NAME: f"{key}. CNAME {key.pointer}.", "example": zone_line(record_of(key))}
    with run_nsd(zones) as port:
        for now in (NOW, NOW + SETTLE):
            advance(Resolver(Nameserver("127.0.0.1", port)), now=now)
    assert states(workspace) == {"postroom1": "active"}
    (second,) = begin_platform_rotation(workspace, NAME)
    assert second.selector == "postroom2"


def test_only_one_rotation_at_a_time(workspace: Workspace) -> None:
    begin_rotation(workspace, NAME, today=DAY)
    with pytest.raises(RotationUnderWayError):
        begin_rotation(workspace, NAME, today=DAY)
    with pytest.raises(RotationUnderWayError):
        begin_platform_rotation(workspace, NAME)


def test_a_platforms_rotation_waits_for_the_last_but_one(workspace: Workspace) -> None:
    (first,) = begin_platform_rotation(workspace, NAME)
    DkimKey.objects.filter(pk=first.pk).update(stopped_at=NOW)
    (second,) = begin_platform_rotation(workspace, NAME)
    DkimKey.objects.filter(pk=second.pk).update(is_active=True)
    with pytest.raises(RotationUnderWayError, match="still on its way"):
        begin_platform_rotation(workspace, NAME)
    DkimKey.objects.filter(pk=first.pk).update(retired_at=NOW, private_key="")
    (third,) = begin_platform_rotation(workspace, NAME)
    assert third.selector == "postroom1"


def test_two_rotations_of_one_day_have_different_selectors(workspace: Workspace) -> None:
    begin_rotation(workspace, NAME, today=DAY)
    DkimKey.objects.update(is_active=True)
    assert [key.selector for key in begin_rotation(workspace, NAME, today=DAY)] == ["p20261122ar", "p20261122ae"]


def test_both_algorithms_are_known_by_name(workspace: Workspace) -> None:
    keys = begin_rotation(workspace, NAME, today=DAY)
    assert [own_key(key).record.partition(";")[2].split(";")[0].strip() for key in keys] == ["k=rsa", "k=ed25519"]
    assert [key.algorithm for key in keys] == ["rsa", "ed25519"]


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "age", "published", "following"),
    [
        (KeyState.WAITING, 100 * HOUR, False, KeyState.WAITING),
        (KeyState.WAITING, 0 * HOUR, True, KeyState.SEEN),
        (KeyState.WAITING, 100 * HOUR, None, KeyState.WAITING),
        (KeyState.SEEN, 100 * HOUR, None, KeyState.SEEN),
        (KeyState.SEEN, 100 * HOUR, False, KeyState.WAITING),
        (KeyState.ACTIVE, 9999 * HOUR, False, KeyState.ACTIVE),
        (KeyState.RETIRED, 9999 * HOUR, True, KeyState.RETIRED),
    ],
)
def test_a_key_moves_only_when_dns_says_so(
    state: KeyState, age: timedelta, published: bool | None, following: KeyState
) -> None:
    assert next_state(state, age=age, is_published=published) is following
