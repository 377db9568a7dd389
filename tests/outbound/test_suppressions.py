"""Does a suppressed address get no mail, however the mail came to wait, and is it released whole?"""

from datetime import UTC, datetime, timedelta

import pytest

from postroom.errors import AddressError
from postroom.outbound import suppressions
from postroom.outbound.models import Delivery, Standing, Suppression
from postroom.outbound.steer import Action, Choice, steer
from postroom.outbound.submit import submit
from postroom.outbound.suppression_csv import SuppressionTableError, read_table, write_table
from postroom.outbound.suppressions import Entry, find, note_fault, release, suppress
from postroom.policy.suppression import Fault, Scope
from postroom.workspaces.create import create_workspace
from tests.outbound.office import Courier, Office, delivery, lane_of, statuses

JOE = "joe@customer.example.com"
NOW = datetime(2031, 5, 1, 9, tzinfo=UTC)


def suppress_joe(office: Office, **fields: object) -> None:
    entry = {"address": JOE, "reason": "Asked by telephone.", **fields}
    suppress(office.workspace, [Entry(**entry)])  # type: ignore[arg-type] # the fields of Entry


def bounce(office: Office, *, days: int, fault: Fault = Fault.HARD) -> None:
    at = NOW + timedelta(days=days)
    note_fault(office.workspace, JOE, fault, at=at, reason="There is no such mailbox.")


def test_transactional_mail_to_it_is_refused_at_once_and_mass_mail_left_out(office: Office) -> None:
    suppress_joe(office)
    (queued,) = submit([office.submission(JOE, "ann@customer.example.com")])
    assert statuses(queued.id) == {JOE: "bounced", "ann@customer.example.com": "queued"}
    assert delivery().reason == "The address is suppressed: Asked by telephone."
    assert delivery().finished_at is not None
    (queued,) = submit([office.submission(JOE, stream="mass")])
    assert statuses(queued.id) == {JOE: "canceled"}
    assert queued.leaves_at is None


def test_one_for_mass_mail_lets_transactional_mail_pass(office: Office) -> None:
    suppress_joe(office, scope=Scope.MASS)
    assert statuses(office.send(JOE)) == {JOE: "queued"}
    assert statuses(office.send(JOE, stream="mass")) == {JOE: "canceled"}


@pytest.mark.parametrize("written", ["JOE@CUSTOMER.example.com", '"Joe" <Joe@customer.example.com>'])
def test_the_address_counts_however_it_is_written(office: Office, written: str) -> None:
    suppress(office.workspace, [Entry(address=written, reason="x")])
    assert statuses(office.send("jOe@customer.EXAMPLE.com")) == {"jOe@customer.example.com": "bounced"}


def test_an_expired_entry_and_another_workspaces_do_not_count(office: Office) -> None:
    suppress_joe(office, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    suppress(create_workspace("outsider", company="Outsider"), [Entry(address=JOE, reason="x")])
    assert statuses(office.send(JOE)) == {JOE: "queued"}


def test_what_waits_when_its_address_is_suppressed_is_withdrawn_when_its_turn_comes(
    busy_office: Office, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppressions, "CHECKED_SECONDS", 0)  # it has waited
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        both = busy_office.send(JOE, "ann@customer.example.com")
        mass = busy_office.send(JOE, stream="mass")
        suppress_joe(busy_office)
        for stream in ("transactional", "mass"):
            courier.drain(lane_of(server, stream))
    assert statuses(both) == {JOE: "bounced", "ann@customer.example.com": "sent"}
    assert statuses(mass) == {JOE: "canceled"}
    assert [recipients for _, recipients, _ in mailbox.received] == [("ann@customer.example.com",)]
    assert set(Delivery.objects.filter(recipient=JOE).values_list("attempts", "claimed_by")) == {(0, None)}


def test_a_person_can_send_what_was_refused_once_the_address_is_released(office: Office) -> None:
    suppress_joe(office)
    message = office.send(JOE)
    assert release(find(office.workspace, addresses=[JOE]), office.workspace) == 1
    steer(office.workspace, Action.RETRY, Choice(messages=[message]))
    assert statuses(message) == {JOE: "queued"}


def test_repeated_faults_stop_mass_mail_first_and_then_all(office: Office) -> None:
    bounce(office, days=0)
    assert not Suppression.objects.exists()
    bounce(office, days=5)
    first = Suppression.objects.get()
    assert (first.scope, first.source, first.expires_at) == ("mass", "faults", NOW + timedelta(days=5 + 90))
    bounce(office, days=10)
    assert Suppression.objects.get().scope == "all"


def test_a_released_address_starts_anew(office: Office) -> None:
    for days in (0, 5):
        bounce(office, days=days)
    assert release(find(office.workspace, source="faults"), office.workspace) == 1
    assert not Standing.objects.exists()
    bounce(office, days=6)
    assert not Suppression.objects.exists()


def test_what_comes_by_itself_never_weakens_a_persons_word(office: Office) -> None:
    suppress_joe(office)
    complaint = Entry(address=JOE, reason="Called it spam.", scope=Scope.MASS)
    suppress(office.workspace, [complaint], source=Suppression.Source.COMPLAINT)
    for days in (0, 5):
        bounce(office, days=days)
    entry = Suppression.objects.get()
    assert (entry.scope, entry.source, entry.expires_at) == ("all", "person", None)


def test_a_persons_word_replaces_what_came_by_itself(office: Office) -> None:
    for days in (0, 5):
        bounce(office, days=days)
    suppress_joe(office, scope=Scope.ALL)
    entry = Suppression.objects.get()
    assert (entry.scope, entry.source, entry.reason) == ("all", "person", "Asked by telephone.")


def test_one_wrong_address_suppresses_none(office: Office) -> None:
    with pytest.raises(AddressError):
        suppress(office.workspace, [Entry(address=JOE, reason="x"), Entry(address="nobody", reason="x")])
    assert not Suppression.objects.exists()


def test_a_domain_is_found_whole_and_no_other(office: Office) -> None:
    addresses = [JOE, "ann@customer.example.com", "ann@mycustomer.example.com"]
    suppress(office.workspace, [Entry(address=address, reason="x") for address in addresses])
    found = find(office.workspace, addresses=["@customer.example.com"])
    assert {row.address for row in found} == {JOE, "ann@customer.example.com"}


# --- tables --------------------------------------------------------------------------------------------------------


def test_a_table_that_was_written_reads_back(office: Office) -> None:
    suppress(office.workspace, [
        Entry(address=JOE, reason='He said: "no, thanks"', scope=Scope.MASS, expires_at=NOW),
        Entry(address="ann@customer.example.com", reason="x"),
    ])  # fmt: skip
    text = "".join(write_table(Suppression.objects.order_by("-address")))
    assert read_table(text) == [
        Entry(address=JOE, reason='He said: "no, thanks"', scope=Scope.MASS, expires_at=NOW),
        Entry(address="ann@customer.example.com", reason="x"),
    ]


def test_other_systems_tables_are_read() -> None:
    text = "\ufeffcreated,Email,status\r\n2026-01-01,Joe@customer.example.com,5.1.1\r\n"
    assert read_table(text) == [Entry(address=JOE, reason="It was on a list that was read in.")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "column named address"),
        ("name\nJoe\n", "column named address"),
        ("address\njoe@customer.example.com\nnobody\n", "Line 3"),
        ("address,scope\njoe@customer.example.com,everything\n", "Line 2"),
        ("address,expires_at\njoe@customer.example.com,soon\n", "Line 2"),
        ("email,reason\n,gone\n", "Line 2"),
    ],
)
def test_a_wrong_line_is_named(text: str, why: str) -> None:
    with pytest.raises(SuppressionTableError, match=why):
        read_table(text)
