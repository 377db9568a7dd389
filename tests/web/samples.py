"""What do the pages' tests show: people, workspaces and stored mail, made as the product stores it."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.utils import timezone

from postroom.outbound import queue
from postroom.outbound.models import Delivery, Message, MessageContent
from postroom.policy.permission import Role
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Membership, User, Workspace

PASSWORD = "correct horse battery"
TRACE = {
    "server": "Company mail",
    "steps": [
        {"criterion": "complete_default_from", "matched": False, "why": "It is no complete address."},
        {
            "criterion": "filter_address",
            "matched": False,
            "why": "No server's FROM filter holds mary@company-name.com.",
        },
        {"criterion": "filter_domain", "matched": True, "why": "Company mail's FROM filter holds company-name.com."},
        {"criterion": "keep_from", "matched": True, "why": "The From stays."},
        {"criterion": "bounce_address", "matched": True, "why": "Company mail may send for bounce@company-name.com."},
    ],
    "warnings": [],
    "dmarc": {"spf": True, "dkim": True, "why": "DMARC will pass."},
}
_numbers = count(1)


def make_workspace(slug: str = "company-name") -> Workspace:
    return create_workspace(slug, company="My Company")


def make_member(workspace: Workspace | None, email: str = "mary@company-name.com", *, role: Role = Role.MEMBER) -> User:
    """A person; of no workspace when None is given."""
    person = User.objects.create_user(email, PASSWORD)
    if workspace is not None:
        Membership.objects.create(workspace=workspace, user=person, role=role)
    return person


def store_message(
    workspace: Workspace,
    deliveries: dict[str, str] | None = None,
    *,
    head: bytes = b"Subject: Hello\r\n",
    **fields: Any,
) -> Message:
    """A message with a delivery for each address, in the state given; later calls make newer messages."""
    number = next(_numbers)
    defaults = {
        "id": UUID(int=number),
        "workspace": workspace,
        "company": workspace.companies.earliest("pk"),
        "stream": "transactional",
        "source": "http",
        "author_from": '"Mary" <mary@company-name.com>',
        "subject": f"Message {number}",
        "message_id": f"<{number}@company-name.com>",
        "header_from": '"Mary" <mary@company-name.com>',
        "from_rewritten": False,
        "return_path": "bounce@company-name.com",
        "trace": TRACE,
        "routed_version": 1,
        "size_bytes": 2048,
    }
    message = Message.objects.create(**{**defaults, **fields})
    MessageContent.objects.create(message=message, head=head, body=b"Hello\r\n", body_hash=bytes(32))
    for recipient, status in (deliveries or {"customer@example.com": "sent"}).items():
        store_delivery(message, recipient, status)
    return message


def store_delivery(message: Message, recipient: str, status: str, *, due_at: datetime | None = None) -> Delivery:
    return Delivery.objects.create(
        message=message,
        workspace=message.workspace,
        lane_id=queue.lane_of(None, "transactional"),
        flow=message.workspace_id,
        recipient=recipient,
        status=status,
        due_at=due_at or timezone.now(),
        expires_at=timezone.now() + timedelta(days=5),
    )
