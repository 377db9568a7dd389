"""What does a workspace own in these tests: one thing of each kind, all of which carry its mark?"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, Model

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.aliases import save_alias
from postroom.domains.models import Alias, AliasDomain
from postroom.inbound.models import IncomingContent, IncomingServer, Rule
from postroom.mailings.models import Template
from postroom.outbound import queue
from postroom.policy.permission import Role
from postroom.rfc.message import Attachment
from postroom.servers.models import ConnectionTest, OutgoingServer
from postroom.threads.follow import follow
from postroom.web.models import SignedIn
from postroom.webhooks.subscriptions import add_webhook
from postroom.workspaces.access import seats_of
from postroom.workspaces.alerts import raise_alert
from postroom.workspaces.keys import create_key
from postroom.workspaces.models import Alert, Company, SystemParameter, User, Workspace
from postroom.workspaces.people import invite
from tests.inbound.mail import letter, take
from tests.web.conversations import add_failed, make_contact, make_record, receive_mail
from tests.web.samples import make_member, store_message

TRIAL = {"asked_at": "2026-11-23T08:00:00Z", "is_over": False, "findings": []}
PROOFS = {"sentence": "Nobody can tell.", "spf": None, "dkim": []}
PROOFS |= {"dmarc": {"result": "none", "domain": "", "reason": "", "policy": ""}}


def furnish(workspace: Workspace, mark: str) -> dict[str, str]:
    """One thing of each kind in this workspace; its kind: how addresses call it. All names contain the mark."""
    owner = make_member(workspace, f"olga@{mark}.example.com", role=Role.OWNER)
    settings = _settings(workspace, owner, mark)
    return {"workspace": str(workspace.pk), **settings, **_mail(workspace, mark)}


def everything_of(workspace: Workspace) -> dict[str, dict[Any, Any]]:
    """Every row that belongs to the workspace, directly or through what it is part of: table: key: values."""
    found = {"workspace": {workspace.pk: Workspace.objects.filter(pk=workspace.pk).values().get()}}
    for model in _our_models():
        if path := _path_to_workspace(model, set()):
            rows = model._default_manager.filter(**{path: workspace})
            found[model._meta.label] = {row[model._meta.pk.attname]: row for row in rows.values()}
    return found


def _settings(workspace: Workspace, owner: User, mark: str) -> dict[str, str]:
    """How it is set up."""
    domain = save_alias_domain(AliasDomain(workspace=workspace, name=f"{mark}.example.com"))
    server = OutgoingServer.objects.create(
        workspace=workspace, name=f"Server of {mark}", host=f"mx.{mark}.example.com", from_filter=f"{mark}.example.com"
    )
    mailbox = IncomingServer.objects.create(
        workspace=workspace, name=f"Mailbox of {mark}", host=f"imap.{mark}.example.com", username=mark, trial=TRIAL
    )
    ConnectionTest.objects.create(server=server, recipient=f"me@{mark}.example.com")
    member = make_member(workspace, f"member@{mark}.example.com")
    create_key(workspace, name=f"Key of {mark}")
    raise_alert(workspace, "dns", mark, what_happened=f"DNS of {mark} broke.")
    invitation, _ = invite(seats_of(owner)[0], f"invited@{mark}.example.com", role=Role.MEMBER)
    made: dict[str, Model] = {
        "domain": domain,
        "server": server,
        "unfinished_server": OutgoingServer.objects.create(
            workspace=workspace, name=f"Unfinished server of {mark}", host="mx.example.com", is_being_set_up=True
        ),
        "incoming_server": mailbox,
        "membership": member.memberships.get(),
        "key": workspace.api_keys.latest("pk"),
        "invitation": invitation,
        "alias": save_alias(Alias(workspace=workspace, local_part=f"sales-{mark}", alias_domain=domain)),
        "company": Company.objects.create(workspace=workspace, name=f"Company of {mark}"),
        "template": Template.objects.create(workspace=workspace, name=f"Template of {mark}", server=server),
        "parameter": SystemParameter.objects.create(workspace=workspace, key=f"x.{mark}", value=mark),
        "alert": Alert.objects.get(workspace=workspace, subject=mark),
        "webhook": add_webhook(workspace, f"https://{mark}.example.com/news", by="tests"),
        "rule": Rule.objects.create(workspace=workspace, author=f"spam@{mark}.example.com", action=Rule.Action.DROP),
        "session": SignedIn.objects.create(user=owner, session_key=mark, browser=mark),
    }
    return {kind: str(thing.pk) for kind, thing in made.items()}


def _mail(workspace: Workspace, mark: str) -> dict[str, str]:
    """What it sent and received."""
    message = store_message(
        workspace,
        {f"customer@{mark}.example.com": "bounced"},
        head=f"Subject: Sent by {mark}\r\nContent-Type: text/html\r\n".encode(),
        subject=f"Sent by {mark}",
        tags=[mark],
    )
    record = make_record(workspace, f"Roof of {mark}")
    told = add_failed(
        receive_mail(record, f"Call {mark}", html=f"<p>Call {mark}", files=(Attachment(f"{mark}.pdf", b"x"),)),
        f"joe@{mark}.example.com",
    )
    follower = follow(record, make_contact(workspace, f"Mary <mary@{mark}.example.com>"))
    mailing = store_message(workspace, {f"customer@{mark}.example.com": "sent"}, stream="mass")
    mailing.deliveries.update(flow=queue.flow_of(workspace.pk, "mass", mark))
    incoming = take(letter("Content-Type: text/html", subject=f"Lost by {mark}"), f"nobody@{mark}.example.com")
    IncomingContent.objects.filter(messages=incoming).update(authentication=PROOFS)
    made: dict[str, Model] = {
        "message": message,
        "record": record,
        "post": told.post,
        "file": told.post.files.get(),
        "follower": follower,
        "notification": told,
        "incoming": incoming,
    }
    return {kind: str(thing.pk) for kind, thing in made.items()}


def _our_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("postroom.")]


def _path_to_workspace(model: type[Model], seen: set[type[Model]]) -> str:
    """How a query gets from a row to its workspace, "" where it belongs to none."""
    for name, target in _parents(model):
        if target is Workspace:
            return name
    for name, target in _parents(model):
        if target not in seen and (path := _path_to_workspace(target, seen | {model})):
            return f"{name}__{path}"
    return ""


def _parents(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    for field in model._meta.fields:
        if isinstance(field, ForeignKey):
            yield field.name, field.related_model
