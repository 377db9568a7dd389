"""What is there in an installation that is in use: what belongs to no workspace, and many parts of one thing."""

from postroom.domains.aliases import save_alias
from postroom.domains.models import Alias, AliasDomain
from postroom.outbound.models import Attempt, Message
from postroom.outbound.suppressions import Entry, suppress
from postroom.policy.notification import Way
from postroom.rfc.message import Attachment
from postroom.servers.models import ConnectionTest
from postroom.threads.follow import follow
from postroom.threads.models import Notification, Record
from postroom.web.models import SignedIn
from postroom.workspaces.models import Plan, User, Workspace
from postroom.workspaces.plans import plans
from tests.inbound.mail import letter, take
from tests.web.conversations import add_failed, make_contact, receive_mail
from tests.web.samples import make_member, make_workspace, store_delivery
from tests.web.test_capture import capture

MANY = 16


def furnish_installation(person: User) -> dict[str, str]:
    """One of each that is no workspace's, and what the person was told; its kind: how addresses call it."""
    plans()
    lost = take(letter("To: info@unknown.example", subject="Lost"), "info@unknown.example")
    record = Record.objects.earliest("pk")
    return {
        "capture_id": str(capture().pk),
        "plan_id": str(Plan.objects.earliest("pk").pk),
        "nobodys": str(lost.pk),
        "told": str(_tell(person, record).pk),
    }


def crowd(workspace: Workspace, things: dict[str, str]) -> None:
    """Many parts of each thing, and many things that `furnish` makes one of in a workspace."""
    owner = User.objects.get(email="olga@one.example.com")
    _crowd_message(Message.objects.get(pk=things["message"]))
    _crowd_record(Record.objects.get(pk=things["record"]), owner)
    for number in range(MANY):
        capture()
        take(letter("To: info@unknown.example", subject=f"Lost {number}"), "info@unknown.example")
        make_member(workspace, f"crowd{number}@example.com")
        make_member(make_workspace(f"other-{number}"), f"other{number}@example.com")
        SignedIn.objects.create(user=owner, session_key=f"crowd-{number}", browser="Firefox")
        ConnectionTest.objects.create(server_id=things["server"], recipient="me@one.example.com")
        domain = AliasDomain.objects.get(pk=things["domain"])
        save_alias(Alias(workspace=workspace, local_part=f"crowd{number}", alias_domain=domain))
    suppress(
        workspace,
        [Entry(address=f"nobody{number}@one.example.com", reason="They asked for it.") for number in range(MANY)],
    )


def _crowd_message(message: Message) -> None:
    for number in range(MANY):
        delivery = store_delivery(message, f"customer{number}@example.com", "bounced")
        Attempt.objects.create(delivery=delivery, server_name="mx", outcome="bounced", cause=f"cause-{number}")


def _crowd_record(record: Record, owner: User) -> None:
    for number in range(MANY):
        files = tuple(Attachment(f"{number}-{place}.pdf", b"x") for place in range(2))
        add_failed(receive_mail(record, html="<p>Hello", files=files), f"joe{number}@example.com")
        follow(record, make_contact(record.workspace, f"Ann <ann{number}@example.com>"))
        _tell(owner, record)


def _tell(person: User, record: Record) -> Notification:
    return Notification.objects.create(post=receive_mail(record), user=person, way=Way.INBOX.value)
