"""Is the author told, once, when mail does not arrive, and does mail that waits for a broken server end some day?"""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.db.models import F
from django.db.models.functions import Now

from postroom.outbound import failures
from postroom.outbound.models import Delivery, Message, MessageContent, Standing
from postroom.policy.composition import Draft
from postroom.policy.permission import Role
from postroom.policy.status import Status
from postroom.rfc.address import parse_mailbox
from postroom.workspaces.models import Membership, User, Workspace
from tests.outbound.office import Courier, Office, delivery, lane_of, statuses

JOE, ANN = "joe@customer.example.com", "ann@customer.example.com"


def fail(status: Status = Status.BOUNCED, *recipients: str, reply: str = "550 5.1.1 No such user") -> None:
    """As the worker records it."""
    Delivery.objects.filter(recipient__in=recipients or [JOE]).update(
        status=status,
        reply_code=int(reply[:3]),
        reply_text=reply,
        reason="There is no such mailbox.",
        finished_at=Now(),
    )


def reports() -> list[tuple[Message, EmailMessage]]:
    """Each report with its content as a mail program reads it."""
    found = []
    for message in Message.objects.filter(source="report").order_by("id"):
        content = MessageContent.objects.get(pk=message.pk)
        parsed = message_from_bytes(bytes(content.head) + b"\r\n" + bytes(content.body), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        found.append((message, parsed))
    return found


def test_the_author_gets_one_report_for_all_that_failed_of_a_message(office: Office) -> None:
    original = office.send(JOE, ANN, "bob@customer.example.com")
    fail(Status.BOUNCED, JOE, ANN)
    assert (failures.follow(), failures.follow()) == (2, 0)
    ((message, report),) = reports()
    assert statuses(message.pk) == {"mary@company-name.com": "queued"}
    assert (report["To"], report["Subject"]) == ("Mary <mary@company-name.com>", "Not delivered: Quotation")
    assert report["Auto-Submitted"] == "auto-replied"
    assert report["In-Reply-To"] == Message.objects.get(pk=original).message_id
    text = report.get_body(("plain",))
    assert text is not None
    assert JOE in text.get_content()
    assert ANN in text.get_content()
    assert "bob" not in text.get_content()


def add_person(workspace: Workspace, email: str, role: Role, *, language: str) -> None:
    user = User.objects.create(email=email, language=language)
    Membership.objects.create(workspace=workspace, user=user, role=role)


def first_line() -> str:
    text = reports()[-1][1].get_body(("plain",))
    assert text is not None
    return str(text.get_content()).splitlines()[0]


def test_the_report_speaks_the_authors_language_or_that_of_the_workspaces_owner(office: Office) -> None:
    add_person(office.workspace, "olga@company-name.com", Role.OWNER, language="fr")
    office.send(JOE)
    fail()
    failures.follow()
    assert reports()[-1][1]["Subject"] == "Non remis : Quotation"
    assert first_line() == "Votre message « Quotation » n'est pas arrivé à tous ses destinataires."
    add_person(office.workspace, "Mary@company-name.com", Role.MEMBER, language="en")
    office.send(ANN)
    fail(Status.BOUNCED, ANN)
    failures.follow()
    assert first_line() == "Your message “Quotation” did not reach everybody it was sent to."


def test_the_report_leaves_with_the_null_path_whatever_the_routing_says(busy_office: Office, courier: Courier) -> None:
    Workspace.objects.update(signs_return_path=True)
    with courier.mailbox(joe="550 5.1.1 No such user") as mailbox:
        busy_office.add_domain()
        server = busy_office.add_server(mailbox.port)
        busy_office.send(JOE, from_="mary@company-name.com")
        courier.drain(lane_of(server))
        failures.follow()
        busy_office.add_domain("other.example")  # queued under settings of before: routed again
        courier.drain(lane_of(server))
    ((return_path, recipients, content),) = mailbox.received
    assert (return_path, recipients) == ("<>", ("mary@company-name.com",))
    assert b"550 5.1.1 No such user" in content
    assert b"From: notifications@company-name.com" in content


def test_a_report_that_fails_is_not_reported(office: Office) -> None:
    office.send(JOE)
    fail()
    failures.follow()
    fail(Status.BOUNCED, "mary@company-name.com")
    assert failures.follow() == 1
    assert len(reports()) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"stream": "mass"},
        {"from_": ""},
        {"source": "bench"},
        {"is_automatic": True},
        {"content": Draft(
            from_=parse_mailbox("mary@company-name.com"), to=(parse_mailbox(JOE),), text="x",
            headers=(("Auto-Submitted", "auto-generated"),),
        )},
    ],
)  # fmt: skip
def test_nobody_is_told_of_mass_mail_and_automatic_mail(office: Office, fields: dict[str, object]) -> None:
    office.send(JOE, **fields)
    fail()
    assert failures.follow() == 1
    assert reports() == []


def test_a_workspace_may_want_no_reports(office: Office) -> None:
    Workspace.objects.update(bounces_to_author=False)
    office.send(JOE)
    fail()
    failures.follow()
    assert reports() == []


def test_the_author_is_told_of_a_suppressed_address(office: Office) -> None:
    from postroom.outbound.suppressions import Entry, suppress  # noqa: PLC0415

    suppress(office.workspace, [Entry(address=JOE, reason="Asked by telephone.")])
    office.send(JOE)
    failures.follow()
    ((_, report),) = reports()
    text = report.get_body(("plain",))
    assert text is not None
    assert "The address is suppressed: Asked by telephone." in text.get_content()


def test_an_old_failure_is_followed_in_silence(office: Office) -> None:
    office.send(JOE)
    fail()
    Delivery.objects.update(finished_at=F("finished_at") - timedelta(days=3))
    assert failures.follow() == 1
    assert reports() == []


def test_a_recipients_fault_is_counted_against_the_address(busy_office: Office, courier: Courier) -> None:
    replies = {"joe": "550 5.1.1 No such user", "ann": "550 5.7.1 Spam"}
    with courier.mailbox(**replies) as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send(JOE, ANN)
        courier.drain(lane_of(server))
    failures.follow()
    assert list(Standing.objects.values_list("address", "score", "hard_score")) == [(JOE, 2, 2)]


def test_mail_for_a_broken_server_expires_when_its_time_is_over(busy_office: Office, courier: Courier) -> None:
    server = busy_office.add_server(port=1)
    busy_office.send(JOE)
    busy_office.send(ANN)
    courier.drain(lane_of(server))
    Delivery.objects.filter(recipient=JOE).update(expires_at=Now())
    assert failures.expire() == 1
    assert statuses() == {JOE: "expired", ANN: "deferred"}
    assert delivery(JOE).reason.startswith("The server cannot be reached.")
    failures.follow()
    ((_, report),) = reports()
    text = report.get_body(("plain",))
    assert text is not None
    assert "It could not be delivered within" in text.get_content()


def test_mail_that_only_waits_for_its_turn_does_not_expire(office: Office) -> None:
    office.add_server()
    office.send(JOE)
    Delivery.objects.update(expires_at=Now())
    assert failures.expire() == 0
