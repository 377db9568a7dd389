"""Does each role get what it needs, and no more?"""

from itertools import pairwise

import pytest

from postroom.policy.permission import ALLOWED, Action, Role, may, may_give

BY_TRUST = [Role.READER, Role.MEMBER, Role.MANAGER, Role.ADMINISTRATOR, Role.OWNER]


def test_every_role_may_more_than_the_one_below() -> None:
    assert all(ALLOWED[low] < ALLOWED[high] for low, high in pairwise(BY_TRUST))
    assert set(ALLOWED) == set(Role) == set(BY_TRUST)


def test_an_owner_may_everything() -> None:
    assert ALLOWED[Role.OWNER] == set(Action)


def test_a_reader_changes_nothing() -> None:
    assert all(action.value.startswith("see_") for action in ALLOWED[Role.READER])


@pytest.mark.parametrize("role", [Role.READER, Role.MEMBER])
def test_only_those_who_run_the_mail_see_the_settings(role: Role) -> None:
    assert not may(role, Action.SEE_SETTINGS)


@pytest.mark.parametrize("action", [Action.CHANGE_SETTINGS, Action.MANAGE_KEYS, Action.MANAGE_PEOPLE])
def test_a_manager_changes_no_settings(action: Action) -> None:
    assert not may(Role.MANAGER, action)
    assert may(Role.ADMINISTRATOR, action)


@pytest.mark.parametrize(
    ("giver", "role", "allowed"),
    [
        (Role.OWNER, Role.OWNER, True),
        (Role.ADMINISTRATOR, Role.OWNER, False),
        (Role.ADMINISTRATOR, Role.ADMINISTRATOR, True),
        (Role.MANAGER, Role.READER, False),
    ],
)
def test_only_owners_make_owners(giver: Role, role: Role, allowed: bool) -> None:
    assert may_give(giver, role) is allowed
