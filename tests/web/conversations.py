"""What do the pages of conversations show in these tests: records, posts, and what became of their mail?"""

from typing import Any

from postroom.outbound.models import Attempt
from postroom.policy.notification import Way
from postroom.rfc.address import parse_mailbox
from postroom.threads.contacts import contact_of
from postroom.threads.models import Contact, Notification, Post, Record
from postroom.threads.post import NewPost, post
from postroom.threads.registry import NewSubtype, create_record, register_type
from postroom.workspaces.models import User, Workspace
from tests.web.samples import store_message

MARY = '"Mary" <mary@customer.example.com>'


def make_record(workspace: Workspace, name: str = "Roof of Mary's house", **changes: Any) -> Record:
    stage = NewSubtype(key="stage", label="Stage changed", is_default=False)
    lead = register_type(workspace, "crm.lead", label="Lead", subtypes=[stage])
    return create_record(lead, changes={"name": name, **changes})


def make_contact(workspace: Workspace, text: str = MARY) -> Contact:
    return contact_of(workspace, parse_mailbox(text))


def receive_mail(record: Record, text: str = "Please call me.", **fields: Any) -> Post:
    """Mary's mail, as it comes into the thread."""
    author = make_contact(record.workspace)
    return post(record, NewPost(author=author, kind=Post.Kind.EMAIL, text=text, subject="Roof", **fields))


def write_note(record: Record, author: User, text: str = "She pays late.") -> Post:
    return post(record, NewPost(author=author, kind=Post.Kind.NOTE, text=text))


def add_failed(row: Post, address: str = "joe@customer.example.com", status: str = "bounced") -> Notification:
    """Somebody whom the post did not reach, with what the server said."""
    message = store_message(row.record.workspace, {address: status})
    delivery = message.deliveries.get()
    delivery.reason, delivery.reply_text = "There is no such mailbox at the recipient.", "550 5.1.1 no such user"
    delivery.save(update_fields=["reason", "reply_text"])
    Attempt.objects.create(delivery=delivery, server_name="mx", outcome=status, cause="recipient-unknown")
    contact = make_contact(row.record.workspace, address)
    return Notification.objects.create(post=row, contact=contact, way=Way.EMAIL.value, address=address, message=message)
