"""What does mail to an alias and to the catchall address lead to, and who is answered?"""

from typing import Any

import pytest

from postroom.domains.models import Alias
from postroom.inbound.desk import replay
from postroom.inbound.handle import handle_received
from postroom.inbound.models import IncomingMessage, Source
from postroom.inbound.receive import Arrival, receive
from postroom.outbound.models import Message
from postroom.threads.models import Contact, Record
from postroom.workspaces.parameters import LOOP_THRESHOLD, set_parameter
from tests.inbound.mail import handle_together, letter, take
from tests.threads.desk import MARY, Desk, text_of, waiting

INFO, CATCHALL = "info@company-name.com", "catchall@company-name.com"
MARYS = "mary@customer.example.com"


def add_alias(desk: Desk, **fields: Any) -> None:
    desk.call("/aliases", {"local_part": "info", "domains": ["company-name.com"], "record_type": "crm.lead", **fields})


def status() -> str:
    return Alias.objects.get().status


def test_makes_a_record_with_the_aliases_values_and_the_answer_continues_it(desk: Desk) -> None:
    desk.add_server()
    add_alias(desk, defaults={"team": "Sales"})
    assert status() == "not_tested"
    row = take(letter(subject="My roof"), INFO)
    record = Record.objects.get()
    assert (row.record, row.kind, record.values, record.name) == (record, "alias", {"team": "Sales"}, "My roof")
    assert status() == "valid"
    desk.write(record.pk, desk.add_user("Joe"), text="We come on Monday.")
    (mail,) = waiting()
    assert (mail["To"], mail["Subject"]) == ("Mary <mary@customer.example.com>", "Re: My roof")
    assert mail["In-Reply-To"] == "<My.roof@customer.example.com>"
    answer = letter(f"In-Reply-To: {mail['Message-ID']}", subject="Re: My roof")
    assert take(answer, INFO).record == record
    assert Record.objects.count() == 1


def test_goes_to_the_record_that_the_alias_names(desk: Desk) -> None:
    lead = desk.add_record()
    add_alias(desk, forced_record=lead)
    assert take(letter(), INFO).record_id == lead
    into = desk.add_record("Another")
    desk.call(f"/records/{lead}/merge", {"into": into})
    assert take(letter(subject="Two"), INFO).record_id == into


@pytest.mark.parametrize(
    "field",
    [
        f"Delivered-To: {INFO}",
        f"X-Forwarded-For: {INFO} {CATCHALL}",
        f"Original-Recipient: rfc822;{INFO}",
        f"Resent-To: {INFO}",
        f"Received: from a by b.example with ESMTP\r\n for <{INFO}>; Mon, 23 Nov 2026 09:00:00 +0000",
    ],
)
def test_a_copy_that_was_forwarded_to_the_catchall_is_for_whom_its_trace_names(desk: Desk, field: str) -> None:
    add_alias(desk)
    row = take(letter("To: undisclosed-recipients:;", field), CATCHALL)
    assert (row.state, row.recipient, Record.objects.count()) == ("handled", INFO, 1)


@pytest.mark.parametrize("fields", [{"record_type": "crm.gone"}, {"forced_record": 404}])
def test_an_alias_that_leads_nowhere_is_invalid_and_its_mail_kept(desk: Desk, fields: dict[str, Any]) -> None:
    add_alias(desk, **fields)
    row = take(letter(), INFO)
    assert (row.state, status()) == ("unrouted", "invalid")
    assert "which does not exist" in row.reason


def test_whom_the_policy_refuses_is_told_once_in_the_aliases_words(desk: Desk) -> None:
    desk.add_server()
    add_alias(desk, policy="known", refusal="Please call us: 01 23 45.")
    first, second = (take(letter(subject=subject), INFO, return_path=MARYS) for subject in ("One", "Two"))
    assert (first.state, second.state) == ("handled", "unrouted")
    (told,) = waiting()
    assert (told["To"], told["Subject"], told["Auto-Submitted"]) == (MARYS, "Re: One", "auto-replied")
    assert (told["In-Reply-To"], told["X-Auto-Response-Suppress"]) == ("<One@customer.example.com>", "All")
    assert text_of(told).strip() == "Please call us: 01 23 45."
    assert Message.objects.get().is_automatic  # with the null return path
    assert not Record.objects.exists()
    assert not Contact.objects.exists()


def test_known_contacts_and_members_may_write_where_strangers_may_not(desk: Desk) -> None:
    add_alias(desk, policy="known")
    desk.follow(desk.add_record(), MARY)
    desk.add_user("Ann")
    assert take(letter(), INFO).kind == "alias"
    assert take(letter(from_="ann@company-name.com", subject="Two"), INFO).state == "handled"


def test_followers_alone_may_write_where_the_policy_says_so(desk: Desk) -> None:
    lead = desk.add_record()
    add_alias(desk, policy="followers", forced_record=lead)
    assert take(letter(), INFO).record is None
    desk.follow(lead, MARY)
    assert take(letter(subject="Two"), INFO).record_id == lead


@pytest.mark.parametrize(
    "field",
    ["Auto-Submitted: auto-generated", "Precedence: bulk", "List-Id: <x.example>", "X-Auto-Response-Suppress: All"],
)
def test_no_program_is_answered(desk: Desk, field: str) -> None:
    desk.add_server()
    add_alias(desk, policy="known")
    assert take(letter(field), INFO).state == "unrouted"
    assert take(letter(field, subject="Two"), CATCHALL).state == "unrouted"
    assert waiting() == []


@pytest.mark.parametrize("return_path", ["", "catchall@company-name.com"])
def test_neither_the_null_return_path_nor_we_ourselves_are_answered(desk: Desk, return_path: str) -> None:
    desk.add_server()
    take(letter(), CATCHALL, return_path=return_path)
    assert waiting() == []


def test_direct_mail_to_catchall_is_answered_once_and_kept(desk: Desk) -> None:
    desk.add_server()
    rows = [take(letter(subject=subject), CATCHALL, return_path=MARYS) for subject in ("One", "Two")]
    assert [row.state for row in rows] == ["unrouted", "unrouted"]
    assert "Its author was told." in rows[0].reason
    (told,) = waiting()
    assert told["To"] == MARYS
    replay(IncomingMessage.objects.all())
    handle_received()
    assert len(waiting()) == 1


def test_an_automatic_answer_that_answers_nothing_of_ours_makes_no_record(desk: Desk) -> None:
    add_alias(desk)
    assert take(letter("Auto-Submitted: auto-replied", subject="Out of office"), INFO).state == "unrouted"
    assert take(letter("Auto-Submitted: auto-generated", subject="Disk full"), INFO).state == "handled"
    assert not Record.objects.get().followers.exists()


def test_past_the_budget_no_more_records_are_made(desk: Desk) -> None:
    set_parameter(desk.workspace, LOOP_THRESHOLD, "2")
    add_alias(desk)
    rows = [take(letter(subject=f"Number {number}").replace(b"How", b"Why " * number), INFO) for number in range(1, 5)]
    assert [row.state for row in rows] == ["handled", "handled", "unrouted", "unrouted"]
    assert rows[-1].kind == "loop"
    assert Record.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_mails_handled_at_the_same_moment_one_is_answered() -> None:
    Desk().add_server()
    ids = [
        receive(Arrival(raw=letter(subject=subject), source=Source.MX, recipients=(CATCHALL,), return_path=MARYS))[0]
        for subject in ("One", "Two")
    ]
    handle_together(ids)
    assert len(waiting()) == 1
    assert set(IncomingMessage.objects.values_list("state", flat=True)) == {"unrouted"}
