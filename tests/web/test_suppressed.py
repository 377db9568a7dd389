"""Can people see, add, release, read in and download the addresses that get no mail?"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from postroom.outbound import suppressions
from postroom.outbound.models import Suppression
from postroom.outbound.suppressions import Entry
from postroom.web.views import suppressed
from postroom.workspaces.models import Change, Workspace
from tests.web.samples import store_message


def page(client: Client, address: str = "/suppressed") -> str:
    return client.get(address).content.decode()


def test_tells_what_comes_here_while_nothing_is(member: Client) -> None:
    assert "No address is suppressed" in page(member)


def test_suppresses_and_releases_an_address(owner: Client, workspace: Workspace) -> None:
    text = owner.post(
        "/suppressed", {"address": "Joe <JOE@example.com>", "scope": "mass"}, follow=True
    ).content.decode()
    assert "joe@example.com" in text
    row = Suppression.objects.get()
    assert (row.address, row.scope, row.reason) == ("joe@example.com", "mass", "Suppressed by olga@company-name.com.")
    owner.post("/suppressed/address", {"address": "joe@example.com", "act": "release"})
    assert not Suppression.objects.exists()
    assert [change.after is None for change in Change.objects.order_by("pk")] == [False, True]


def test_says_what_is_wrong_with_an_address(owner: Client) -> None:
    answer = owner.post("/suppressed", {"address": "@@", "scope": "all"})
    assert "invalid-feedback" in answer.content.decode()
    assert owner.post("/suppressed/address", {"address": "@@"}).status_code == 400


def test_a_recipient_is_suppressed_from_the_message(owner: Client, workspace: Workspace) -> None:
    message = store_message(workspace, {"Gone@example.com": "bounced"})
    answer = owner.post(
        "/suppressed/address", {"address": "Gone@example.com", "act": "suppress", "next": f"/messages/{message.pk}"}
    )
    assert answer["Location"] == f"/messages/{message.pk}"
    assert "Release the address" in page(owner, f"/messages/{message.pk}")


def test_leads_nowhere_else(owner: Client) -> None:
    answer = owner.post("/suppressed/address", {"address": "a@example.com", "next": "https://elsewhere.example"})
    assert answer["Location"] == "/suppressed"


@pytest.mark.parametrize(("query", "shown"), [
    ("address=joe@example.com", "joe"), ("address=@other.example", "ann"), ("address=ann", "ann"),
    ("source=faults", "ann"),
])  # fmt: skip
def test_narrows_the_list(member: Client, workspace: Workspace, query: str, shown: str) -> None:
    suppressions.suppress(workspace, [Entry(address="joe@example.com", reason="Wish")])
    suppressions.suppress(workspace, [Entry(address="ann@other.example", reason="Gone")], source="faults")
    text = page(member, f"/suppressed?{query}")
    assert [name for name in ("joe", "ann") if f">{name}@" in text] == [shown]


def test_pages_through_a_long_list(member: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressed, "PAGE_SIZE", 2)
    suppressions.suppress(workspace, [Entry(address=f"{letter}@example.com", reason="x") for letter in "abc"])
    assert "?after=b%40example.com" in page(member)
    assert ">c@example.com" in page(member, "/suppressed?after=b@example.com")


def test_reads_in_what_it_wrote(owner: Client, workspace: Workspace) -> None:
    suppressions.suppress(workspace, [Entry(address="joe@example.com", reason="Wish")])
    table = owner.get("/suppressed/table").content
    Suppression.objects.all().delete()
    text = owner.post(
        "/suppressed/table", {"table": SimpleUploadedFile("old.csv", table)}, follow=True
    ).content.decode()
    assert "1 addresses were read in" in text
    assert Suppression.objects.get().reason == "Wish"
    assert Change.objects.get().after == {"count": 1}


def test_says_which_line_of_a_table_is_wrong(owner: Client) -> None:
    table = SimpleUploadedFile("old.csv", b"address\r\n@@\r\n")
    assert "Line 2 of the table" in owner.post("/suppressed/table", {"table": table}, follow=True).content.decode()


def test_only_those_who_steer_mail_change_it(member: Client) -> None:
    assert member.post("/suppressed", {"address": "a@example.com", "scope": "all"}).status_code == 403
    assert member.post("/suppressed/address", {"address": "a@example.com"}).status_code == 403
    assert member.post("/suppressed/table").status_code == 403


def test_shows_nothing_of_another_workspace(outsider: Client, workspace: Workspace) -> None:
    suppressions.suppress(workspace, [Entry(address="joe@example.com", reason="Wish")])
    assert "joe@example.com" not in page(outsider)
    assert b"joe@example.com" not in outsider.get("/suppressed/table").content
