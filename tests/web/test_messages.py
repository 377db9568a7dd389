"""Do the e-mail pages show what is stored, to the right people, safely and with few queries?"""

from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from postroom.outbound import listing, search
from postroom.outbound.listing import Wanted
from postroom.outbound.models import Attempt, Message
from postroom.policy.causes import RECIPIENT_UNKNOWN
from postroom.policy.status import Status
from postroom.workspaces.models import User, Workspace
from tests.web.samples import TRACE, make_member, make_workspace, store_delivery, store_message

SCRIPT = '<script>alert("1")</script>'


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def shown(workspace: Workspace, **wanted: Any) -> list[UUID]:
    return [row.id for row in listing.list_messages(workspace, Wanted(**wanted)).rows]


def test_tells_how_to_send_the_first_message_while_there_is_none(member: Client) -> None:
    text = page(member, "/messages")
    assert "No e-mail has been handed in yet" in text
    assert "/api/v1/messages" in text
    assert "swaks --server 127.0.0.1:2587" in text


def test_lists_state_server_from_to_and_subject(member: Client, workspace: Workspace) -> None:
    store_message(workspace, {"customer@example.com": "sent", "b@example.com": "deferred", "c@example.com": "sent"})
    text = page(member, "/messages")
    for shown in ("state-deferred", "Company mail", "&quot;Mary&quot; &lt;mary@company-name.com&gt;", "Message "):
        assert shown in text
    assert "customer@example.com" in text
    assert "and 2 more" in text


def test_shows_the_newest_first_and_pages_without_gaps(member: Client, workspace: Workspace) -> None:
    stored = [store_message(workspace).pk for _ in range(listing.PAGE_SIZE * 2 + 1)]
    seen, before = [], None
    for size in (listing.PAGE_SIZE, listing.PAGE_SIZE, 1):
        found = listing.list_messages(workspace, before=before)
        assert len(found.rows) == size
        seen += [row.id for row in found.rows]
        before = found.older
    assert seen == stored[::-1]
    assert before is None
    assert f"before={stored[listing.PAGE_SIZE + 1]}" in page(member, "/messages")


def test_offers_no_older_page_when_the_first_is_exactly_full(workspace: Workspace) -> None:
    for _ in range(listing.PAGE_SIZE):
        store_message(workspace)
    assert listing.list_messages(workspace).older is None


def test_needs_ten_queries_for_a_full_list(
    member: Client, workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(listing.PAGE_SIZE):
        store_message(workspace, {f"{name}{number}@example.com": "sent" for name in "abc"})
    with django_assert_max_num_queries(10):
        page(member, "/messages")


def test_needs_no_more_queries_for_more_recipients(
    member: Client, workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    message = store_message(workspace, {f"r{number}@example.com": "bounced" for number in range(40)})
    for delivery in message.deliveries.all():
        Attempt.objects.create(
            delivery=delivery, server_name="mx", outcome="bounced", reply_code=550, reply_text="550 No"
        )
    with django_assert_max_num_queries(12):
        page(member, f"/messages/{message.pk}")


def test_filters_by_the_state_that_is_shown(workspace: Workspace) -> None:
    """A message with a bounce counts as bounced, though another recipient has it."""
    mixed = store_message(workspace, {"a@example.com": "sent", "b@example.com": "bounced"})
    sent = store_message(workspace, {"a@example.com": "sent"})
    assert shown(workspace, status=Status.BOUNCED) == [mixed.pk]
    assert shown(workspace, status=Status.SENT) == [sent.pk]


@pytest.mark.parametrize("status", list(Status))
def test_finds_each_message_under_exactly_the_state_it_shows(workspace: Workspace, status: Status) -> None:
    for first in Status:
        store_message(workspace, {"a@example.com": first, "b@example.com": status})
    for row in listing.list_messages(workspace).rows:
        found_under = [status for status in Status if row.id in shown(workspace, status=status)]
        assert found_under == [row.status]


@pytest.mark.parametrize(
    "text", ["QUARTER", "cúst", "accounts@", "mary@company-name.com", "<wanted@x>", "wanted@x", "100%"]
)
def test_finds_by_subject_address_and_message_id(workspace: Workspace, text: str) -> None:
    wanted = store_message(
        workspace,
        {"cúst@example.com": "sent", "accounts@example.com": "sent"},
        subject="The quarter: 100% done",
        message_id="<wanted@x>",
    )
    store_message(workspace, author_from="x@y.example", header_from="x@y.example", subject="1000 other things")
    assert [row.id for row in listing.list_messages(workspace, Wanted(text=text)).rows] == [wanted.pk]


def test_says_so_when_nothing_matches(member: Client, workspace: Workspace) -> None:
    store_message(workspace)
    assert "No e-mail matches" in page(member, "/messages?text=nowhere")


@pytest.mark.parametrize("query", ["status=lost", "before=yesterday", "text=%00", "workspace=nobody%27s", "before="])
def test_passes_over_what_makes_no_sense_in_the_address(member: Client, workspace: Workspace, query: str) -> None:
    message = store_message(workspace)
    assert message.subject in page(member, f"/messages?{query}")


def test_keeps_the_filter_when_paging(member: Client, workspace: Workspace) -> None:
    for _ in range(listing.PAGE_SIZE + 1):
        store_message(workspace)
    text = page(member, "/messages?status=sent&text=Message")
    assert "?status=sent&amp;text=Message&amp;before=" in text


def test_shows_no_mail_of_another_workspace_in_the_list(outsider: Client, workspace: Workspace) -> None:
    message = store_message(workspace, subject="Between us")
    assert message.subject not in page(outsider, "/messages?workspace=company-name")


@pytest.mark.parametrize("end", ["", "/raw", "/html"])
def test_answers_404_to_a_member_of_another_workspace(outsider: Client, workspace: Workspace, end: str) -> None:
    message = store_message(workspace)
    assert outsider.get(f"/messages/{message.pk}{end}").status_code == 404


@pytest.mark.parametrize("end", ["", "/raw", "/html"])
def test_answers_404_for_a_message_that_never_was(member: Client, end: str) -> None:
    assert member.get(f"/messages/{uuid4()}{end}").status_code == 404


def test_lets_a_person_choose_between_their_workspaces(workspace: Workspace) -> None:
    second = make_workspace("second-name")
    person = make_member(workspace)
    person.memberships.create(workspace=second, role="member")
    store_message(workspace, subject="Of the first")
    store_message(second, subject="Of the second")
    client = Client()
    client.force_login(person)
    assert "Of the second" in page(client, "/messages?workspace=second-name")
    assert "Of the first" in page(client, "/messages?workspace=company-name")


def test_tells_a_person_of_no_workspace_what_to_do(db: None) -> None:
    client = Client()
    client.force_login(make_member(None))
    assert "You belong to no workspace yet" in page(client, "/messages")


def test_tells_which_criterion_decided(member: Client, workspace: Workspace) -> None:
    message = store_message(workspace)
    text = page(member, f"/messages/{message.pk}")
    assert "Company mail&#x27;s FROM filter holds company-name.com." in text
    assert text.count('class="decides"') == 1
    decider = text.partition('class="decides"')[2].partition("</tr>")[0]
    assert "FROM Filtering: domain" in decider


def test_shows_what_the_server_said_with_its_dialog(member: Client, workspace: Workspace) -> None:
    message = store_message(workspace, {"gone@example.com": "bounced"})
    delivery = message.deliveries.get()
    Attempt.objects.create(
        delivery=delivery,
        server_name="Company mail (mx.example.com:25)",
        outcome="bounced",
        reply_code=550,
        reply_text="550 5.1.1 User unknown",
        dialog="> RCPT TO:<gone@example.com>\n< 550 5.1.1 User unknown",
    )
    text = page(member, f"/messages/{message.pk}")
    assert "&gt; RCPT TO:&lt;gone@example.com&gt;" in text
    assert "mx.example.com:25" in text


def test_counts_the_recipients_that_a_page_has_no_room_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_DELIVERIES", 2)
    message = store_message(workspace, {"a@example.com": "sent", "b@example.com": "sent"})
    store_delivery(message, "c@example.com", "bounced")
    found = search.find_message(Workspace.objects.all(), message.pk)
    assert found is not None
    assert [delivery.recipient for delivery in found.deliveries] == ["a@example.com", "b@example.com"]
    assert found.more_deliveries == 1
    assert found.status is Status.BOUNCED


def test_shows_every_text_of_a_message_as_text(member: Client, workspace: Workspace) -> None:
    steps = [{"criterion": SCRIPT, "matched": True, "why": SCRIPT}]
    message = store_message(
        workspace,
        {f"{SCRIPT}@example.com": "bounced"},
        head=f"Subject: {SCRIPT}\r\n".encode(),
        subject=SCRIPT,
        author_from=SCRIPT,
        header_from=SCRIPT,
        from_rewritten=True,
        return_path=SCRIPT,
        reply_to=SCRIPT,
        message_id=SCRIPT,
        tags=[SCRIPT],
        trace={**TRACE, "server": SCRIPT, "steps": steps, "warnings": [SCRIPT], "dmarc": {"why": SCRIPT}},
    )
    message.deliveries.update(reply_code=550, reply_text=SCRIPT, reason=SCRIPT)
    Attempt.objects.create(
        delivery=message.deliveries.get(),
        server_name=SCRIPT,
        outcome="bounced",
        cause=SCRIPT,
        reply_text=SCRIPT,
        dialog=SCRIPT,
    )
    for address in ("/messages", f"/messages/{message.pk}"):
        text = page(member, address)
        assert "&lt;script&gt;" in text
        assert SCRIPT not in text


def test_hands_out_the_message_as_a_file_that_cannot_act(member: Client, workspace: Workspace) -> None:
    message = store_message(workspace, head=b"Subject: Hello\r\nTo: customer@example.com\r\n")
    response = member.get(f"/messages/{message.pk}/raw")
    assert response.content == b"Subject: Hello\r\nTo: customer@example.com\r\n\r\nHello\r\n"
    assert response["Content-Disposition"] == f'attachment; filename="{message.pk}.eml"'
    assert response["Content-Type"] == "message/rfc822"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_narrows_by_stream_company_server_and_tag(member: Client, workspace: Workspace) -> None:
    store_message(workspace, subject="Other")
    wanted = store_message(workspace, subject="Wanted", stream="mass", tags=["invoice"])
    second = workspace.companies.create(name="Second Company")
    Message.objects.filter(pk=wanted.pk).update(company=second)
    for query in ("stream=mass", f"company={second.pk}", "tag=invoice"):
        text = page(member, f"/messages?{query}")
        assert "Wanted" in text
        assert "Other" not in text
    assert "Wanted" in page(member, "/messages?server=0")
    assert "No e-mail matches" in page(member, "/messages?server=17")


def test_looks_through_older_mail_slice_by_slice(
    member: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no index finds costs a page no more than so many messages; the next one goes on."""
    monkeypatch.setattr(listing, "SLICES", (2, 3))
    old = store_message(workspace, {"needle@example.com": "sent"}, subject="Needle")
    for _ in range(9):
        store_message(workspace)
    first = listing.list_messages(workspace, Wanted(text="needle"))
    assert (first.rows, first.looked_back_to is None) == ((), False)
    second = listing.list_messages(workspace, Wanted(text="needle"), before=first.older)
    assert [row.id for row in second.rows] == [old.pk]
    assert "Nothing found so far" in page(member, "/messages?text=needle")
    assert f'hx-get="?text=needle&amp;before={first.older}" hx-trigger="load"' in page(member, "/messages?text=needle")


def test_finds_the_few_failed_however_far_back_they_are(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SLICES", (1,))
    old = store_message(workspace, {"gone@example.com": "bounced"}, tags=["roof"])
    Attempt.objects.create(delivery=old.deliveries.get(), server_name="mx", outcome="bounced", cause="no-such-user")
    for _ in range(4):
        store_message(workspace)
    for wanted in (
        Wanted(status=Status.BOUNCED),
        Wanted(status=Status.BOUNCED, cause="no-such-user"),
        Wanted(status=Status.BOUNCED, text="gone@"),
        Wanted(text=old.message_id),
        Wanted(tag="roof"),
        Wanted(tag="roof", text="gone@"),
    ):
        assert [row.id for row in listing.list_messages(workspace, wanted).rows] == [old.pk]
    assert not listing.list_messages(workspace, Wanted(status=Status.BOUNCED, cause="other")).rows


def test_pages_without_gaps_what_an_index_finds(workspace: Workspace) -> None:
    stored = [store_message(workspace, tags=["roof"]).pk for _ in range(listing.PAGE_SIZE + 1)]
    store_message(make_workspace("others"), tags=["roof"])
    first = listing.list_messages(workspace, Wanted(tag="roof"))
    second = listing.list_messages(workspace, Wanted(tag="roof"), before=first.older)
    assert [row.id for page in (first, second) for row in page.rows] == stored[::-1]
    assert second.older is None


def test_looks_through_for_a_tag_that_very_many_have(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_INDEXED", 2)
    stored = [store_message(workspace, tags=["roof"]).pk for _ in range(4)]
    assert shown(workspace, tag="roof") == stored[::-1]


def test_counts_deliveries_by_state(member: Client, workspace: Workspace) -> None:
    store_message(workspace, {"a@example.com": "bounced", "b@example.com": "bounced", "c@example.com": "deferred"})
    counts = listing.count_by_state(workspace)
    assert (counts[Status.BOUNCED], counts[Status.DEFERRED], counts[Status.HELD]) == (2, 1, 0)
    assert 'bounced <span class="count">2</span>' in page(member, "/messages")


def test_counts_no_further_than_a_page_has_time_for(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    store_message(workspace, {f"customer{number}@example.com": "queued" for number in range(4)})
    store_message(workspace, {"a@example.com": "deferred"})
    monkeypatch.setattr(listing, "MOST_COUNTED", 3)
    assert (listing.count_by_state(workspace)[Status.QUEUED], listing.count_by_state(workspace)[Status.DEFERRED]) == (
        3,
        1,
    )
    monkeypatch.setattr(listing, "LOOKED_AT", 4)
    counts = listing.count_by_state(workspace)
    assert (counts[Status.QUEUED], counts.get(Status.DEFERRED)) == (3, None)


HTML = b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n"


def test_shows_the_message_in_a_frame_that_loads_nothing_unless_asked(member: Client, workspace: Workspace) -> None:
    message = store_message(workspace, head=HTML)
    assert f'sandbox src="/messages/{message.pk}/html"' in page(member, f"/messages/{message.pk}")
    assert f'sandbox src="/messages/{message.pk}/html?images=1"' in page(member, f"/messages/{message.pk}?images=1")
    assert f'<a href="/messages/{message.pk}/html" target="_blank"' in page(member, f"/messages/{message.pk}")
    policy = member.get(f"/messages/{message.pk}/html")["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; img-src data:;")
    assert (
        "img-src data: https: http:;" in member.get(f"/messages/{message.pk}/html?images=1")["Content-Security-Policy"]
    )


def test_tells_what_became_of_it_in_order(member: Client, workspace: Workspace) -> None:
    message = store_message(workspace, {"a@example.com": "canceled"})
    delivery = message.deliveries.get()
    Attempt.objects.create(delivery=delivery, server_name="mx.example.com", outcome="deferred", reply_text="451 later")
    message.deliveries.update(finished_at="2030-01-01T00:00Z", reason="Canceled by a person.")
    text = page(member, f"/messages/{message.pk}").partition("What became of it")[2].partition("</ol>")[0]
    assert text.index("451 later") < text.index("Canceled by a person.")


def test_says_why_in_the_persons_language(member: Client, workspace: Workspace) -> None:
    User.objects.update(language="fr")
    message = store_message(workspace, {"gone@example.com": "bounced"})
    message.deliveries.update(reason=RECIPIENT_UNKNOWN.sentence, reply_text="550 5.1.1 No such user")
    text = unescape(member.get(f"/messages/{message.pk}").content.decode())
    assert "Cette boîte n'existe pas." in text
    assert "Le filtre FROM de Company mail contient company-name.com." in text
    assert "550 5.1.1 No such user" in text
