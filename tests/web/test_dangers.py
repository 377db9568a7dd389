"""Does anything go for good by a single click?"""

import pytest
from django.db import transaction

from postroom.workspaces.models import Workspace
from tests.web.belongings import everything_of, furnish
from tests.web.samples import make_workspace
from tests.web.test_every_page import PAGES
from tests.web.test_outsiders import ACTS, FORMS, addresses, sign_in

# What goes by one click, and how it comes back.
UNDONE = {"/settings/invitations/<int:invitation_id>/take-back": "the person is invited again"}
GONE_WHEN = ("removed_at", "revoked_at", "archived_at", "dropped_at", "merged_into_id")


@pytest.fixture
def own(db: None) -> Workspace:
    return make_workspace("own")


@pytest.fixture
def things(own: Workspace) -> dict[str, str]:
    return furnish(own, "own")


def living(workspace: Workspace) -> set[tuple[str, object]]:
    """What there is, and has not come to its end."""
    return {
        (table, key)
        for table, rows in everything_of(workspace).items()
        for key, row in rows.items()
        if row.get("is_active", True) is not False and not any(row.get(field) for field in GONE_WHEN)
    }


def test_what_cannot_be_undone_is_not_done_by_a_form_that_says_nothing(own: Workspace, things: dict[str, str]) -> None:
    owner, before, gone = sign_in("olga@own.example.com"), living(own), {}
    for route in sorted(set(PAGES) - set(UNDONE) - {"/logout"}):
        (address,) = addresses(route, things, things)
        for act in ACTS.get(route, [""]):
            with transaction.atomic():
                owner.post(address, {**FORMS.get(route, {}), "act": act})
                if missing := before - living(own):
                    gone[address] = missing
                transaction.set_rollback(True)
    assert not gone, "ask for a confirmation, or say in UNDONE how it comes back"


def test_what_is_said_to_be_undone_exists() -> None:
    assert set(UNDONE) <= set(PAGES)
