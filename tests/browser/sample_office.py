"""What does an office have in Postroom after some weeks? `main` fills the sample workspace, and prints ids as JSON.

It needs Django set up for that installation, so it is run in a process of its own.
"""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from postroom.capture.models import CapturedMessage
from postroom.capture.store import insert
from postroom.domains.aliases import save_alias
from postroom.domains.models import Alias
from postroom.inbound.desk import always
from postroom.inbound.models import IncomingContent, IncomingServer, Rule
from postroom.mailings.models import Template
from postroom.outbound.models import Attempt, Delivery, Message, Quarter
from postroom.outbound.suppressions import Entry, suppress
from postroom.policy.notification import Way
from postroom.policy.permission import Role
from postroom.rfc.message import Attachment
from postroom.servers.models import OAuthAccount, OAuthApp, OutgoingServer
from postroom.threads.follow import follow
from postroom.threads.models import Notification
from postroom.threads.tokens import unfollow_token
from postroom.workspaces import access, people, second_factor
from postroom.workspaces.alerts import raise_alert
from postroom.workspaces.keys import create_key
from postroom.workspaces.models import SecondFactor, User, Workspace
from postroom.workspaces.parameters import set_parameter
from tests.inbound.mail import letter, take
from tests.web.conversations import add_failed, make_contact, make_record, receive_mail, write_note
from tests.web.samples import make_member, store_message

TIMES = {"sent": 412, "deferred": 9, "bounced": 6}
MAIL = (
    ("sent", '"Mary Smith" <mary@company-name.com>', "Your invoice INV/2026/00042", "joe@customer.example.com"),
    ("deferred", '"Bob" <bob@company-name.com>', "Quotation S00031", "ann@slow.example"),
    ("held", '"Second Company" <info@second-company.com>', "Offer that waits for a signature", "eve@example.org"),
    ("bounced", '"Mary Smith" <mary@company-name.com>', "Reminder of your appointment", "jow@customer.example.com"),
    ("unknown", '"Bob" <bob@company-name.com>', "Delivery note WH/OUT/00017", "shop@customer.example.org"),
    ("expired", '"Mary Smith" <mary@company-name.com>', "Order confirmation S00029", "old@gone.example"),
    ("canceled", '"Mary Smith" <mary@company-name.com>', "Sent by mistake", "team@customer.example.com"),
    ("sent", '"Bob" <bob@company-name.com>', "فاتورة رقم 1042", "a-long-name@a-quite-long-subdomain.example.com"),
)  # fmt: skip
REASONS = {
    "deferred": ("The recipient's server asks to try again later.", "451 4.7.1 Greylisted, try again in 5 minutes"),
    "bounced": ("There is no such mailbox. Check the address for a typing error.", "550 5.1.1 no such user"),
    "unknown": ("The connection broke after the message was handed over.", ""),
    "expired": ("The recipient's server could not be reached for 5 days.", ""),
}
ROLES = {"Mary Smith": "manager", "Bob Miller": "member", "Zoe Lemaître": "administrator", "Book Keeper": "reader"}


def fill() -> dict[str, Any]:
    workspace = Workspace.objects.get()
    workspace.resends_unknown = False
    workspace.save(update_fields=["resends_unknown"])
    facts: dict[str, Any] = {}
    for part in (
        _people,
        _messages,
        _numbers,
        _alerts,
        _records,
        _incoming,
        _technical,
        _mailboxes_at_google,
        _captured,
    ):
        facts |= part(workspace)
    return facts


def _people(workspace: Workspace) -> dict[str, Any]:
    for name, role in ROLES.items():
        person = make_member(workspace, f"{name.split()[0].lower()}@company-name.com", role=Role(role))
        User.objects.filter(pk=person.pk).update(name=name)
    owner = User.objects.get(email="admin@company-name.com")
    User.objects.filter(pk=owner.pk).update(is_developer=True)
    second_factor.begin(person)
    SecondFactor.objects.filter(user=person).update(confirmed_at=timezone.now())
    _invitation, token = people.invite(access.seats_of(owner)[0], "new@company-name.com", role=Role.MEMBER)
    return {"membership": person.memberships.get().pk, "invitation": token, "guarded": person.email}


def _messages(workspace: Workspace) -> dict[str, Any]:
    now, server = timezone.now(), workspace.outgoing_servers.get(name="Company mail")
    facts: dict[str, Any] = {}
    for number in range(60):
        status, author, subject, recipient = MAIL[number % len(MAIL)] if number < 24 else MAIL[0]
        head = f"From: {author}\r\nTo: {recipient}\r\nSubject: {subject}\r\n".encode()
        fields = {"author_from": author, "header_from": author, "subject": subject, "server": server, "head": head}
        message = store_message(workspace, {recipient: status}, **fields)
        at = now - timedelta(minutes=7 * number)
        Message.objects.filter(pk=message.pk).update(created_at=at)
        reason, reply = REASONS.get(status, ("", "250 2.0.0 Ok: queued as 4F2A31C0"))
        changed = {"submitted_at": at, "due_at": now + timedelta(hours=3), "reason": reason, "reply_text": reply}
        Delivery.objects.filter(message=message).update(**changed, followed_at=now, finished_at=at)
        dialog = "C: MAIL FROM:<bounce@company-name.com>\nS: 250 2.1.0 Ok"
        Attempt.objects.create(
            delivery=message.deliveries.get(), server_name="Company mail (mail.company-name.com:587)", outcome=status,
            reply_text=reply, dialog=dialog, cause="recipient-unknown" if status == "bounced" else "",
        )  # fmt: skip
        facts = {"message": str(message.pk)} if status == "bounced" else facts
    gone = "There is no such mailbox at the recipient."
    suppress(
        workspace,
        [Entry(address="jow@customer.example.com", reason=gone), Entry(address="old@gone.example", reason=gone)],
    )
    return facts


def _numbers(workspace: Workspace) -> dict[str, Any]:
    midnight = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    Quarter.objects.bulk_create(
        Quarter(
            workspace=workspace, at=midnight - timedelta(days=day, hours=-9), server_name="Company mail",
            stream="transactional", outcome=outcome, attempts=count * (7 + day * 5 % 11) // (30 if day % 7 > 4 else 9),
        )
        for day in range(30)
        for outcome, count in TIMES.items()
    )  # fmt: skip
    return {}


def _alerts(workspace: Workspace) -> dict[str, Any]:
    server = workspace.outgoing_servers.get(name="Mailings")
    raise_alert(
        workspace, "server_fault", str(server.pk),
        what_happened="“Mailings” refuses the login; its mail waits.",
        what_to_do="Type the server's password again and test the connection.",
    )  # fmt: skip
    raise_alert(
        workspace, "dns", "second-company.com",
        what_happened="The SPF record of second-company.com does not name your server.",
        what_to_do="Publish the record that the page of the domain shows.",
    )  # fmt: skip
    return {}


def _records(workspace: Workspace) -> dict[str, Any]:
    owner = User.objects.get(email="admin@company-name.com")
    make_record(workspace, "حديقة السيدة ماري")
    make_record(workspace, "Gutters and a name that is as long as names of records get when nobody stops them, " * 2)
    record = make_record(workspace, external_id="42", url="https://crm.company-name.com/leads/42")
    for address in ("Joe <joe@customer.example.com>", "Ann <ann@a-quite-long-subdomain.customer.example.com>"):
        make_contact(workspace, address)
    follower = follow(record, make_contact(workspace))
    follow(record, owner)
    file = Attachment("offer with a rather long name.pdf", b"%PDF-1.7")
    told = add_failed(receive_mail(record, html="<p>Please <b>call</b> me.", files=(file,)))
    write_note(record, owner)
    Notification.objects.create(post=told.post, user=owner, way=Way.INBOX.value)
    return {"record": record.pk, "follower": follower.pk, "unfollow": unfollow_token(follower)}


def _incoming(workspace: Workspace) -> dict[str, Any]:
    servers = [
        IncomingServer.objects.create(
            workspace=workspace, name=name, host="imap.example.com", username="mary", fetched_at=timezone.now(),
            due_at=timezone.now() + timedelta(days=1), last_error=error, failures=3 if error else 0,
        )
        for name, error in (("Info mailbox", ""), ("Old mailbox", "The server refuses the login of mary."))
    ]  # fmt: skip
    always(workspace, author="newsletter@elsewhere.example.com", action=Rule.Action.DROP)
    subjects = ("Question about my roof", "Re: Quotation S00031", "Complaint about a delivery that came too late")
    rows = [take(letter(subject=subject), f"sales{number}@company-name.com") for number, subject in enumerate(subjects)]
    nobodys = take(letter(subject="Who are you?"), "info@elsewhere.example.net")
    IncomingContent.objects.update(authenticate_at=None)
    return {"incoming_server": servers[0].pk, "incoming": rows[0].pk, "nobodys": nobodys.pk}


def _technical(workspace: Workspace) -> dict[str, Any]:
    domain, server = workspace.alias_domains.get(name="company-name.com"), workspace.outgoing_servers.first()
    for local_part in ("sales", "jobs", "accounts-receivable"):
        alias = save_alias(Alias(workspace=workspace, local_part=local_part, alias_domain=domain))
    for name in ("Invoice", "Order confirmation"):
        template = Template.objects.create(workspace=workspace, name=name, server=server)
    create_key(workspace, name="Web shop")
    set_parameter(workspace, "mail.default.from_filter", "company-name.com, second-company.com")
    return {
        "server": server.pk, "company": workspace.companies.latest("pk").pk, "domain": domain.pk, "alias": alias.pk,
        "template": template.pk, "key": workspace.api_keys.latest("pk").pk,
        "parameter": workspace.parameters.latest("pk").pk,
    }  # fmt: skip


def _mailboxes_at_google(workspace: Workspace) -> dict[str, Any]:
    app = OAuthApp.objects.create(workspace=workspace, provider=OAuthApp.Provider.GOOGLE, client_id="1042.apps.example")
    account = OAuthAccount.objects.create(
        workspace=workspace, app=app, address="info@company-name.com", state=OAuthAccount.State.CONNECTED,
        connected_at=timezone.now(), renew_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    facts = {"workspace": workspace, "name": "Gmail", "oauth_account": account}
    server = OutgoingServer.objects.create(**facts, authentication="gmail", priority=30, from_filter=account.address)
    mailbox = IncomingServer.objects.create(
        **facts, authentication="gmail", due_at=timezone.now() + timedelta(days=1), fetched_at=timezone.now()
    )
    owner = User.objects.get(email="admin@company-name.com")
    OutgoingServer.objects.create(
        workspace=workspace, owner=owner, name=owner.email, host="smtp.example.com", from_filter=owner.email
    )
    return {"gmail": server.pk, "gmail_mailbox": mailbox.pk}


def _captured(_workspace: Workspace) -> dict[str, Any]:
    for number in range(5):
        mail = CapturedMessage(mail_from="bounce@company-name.com", recipients=[f"customer{number}@example.com"])
        mail.raw = f"Subject: Hello {number}\r\nContent-Type: text/html\r\n\r\n<p>Hello\r\n".encode()
        insert([mail])
    return {"capture": CapturedMessage.objects.latest("pk").pk}


def main() -> None:
    print(json.dumps(fill()))
