"""How a post comes into a thread: stored, then told to whom it concerns, in the application and by mail."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models.functions import Now

from postroom.domains.senders import alias_domain_of
from postroom.errors import PostroomError
from postroom.policy.fingerprint import fingerprint
from postroom.policy.learned_message_id import canonical
from postroom.policy.notification import Notice, Way
from postroom.policy.thread_headers import base_subject, reply_subject
from postroom.rfc.address import Mailbox, format_mailbox
from postroom.rfc.headers import encode_identifiers
from postroom.rfc.html_text import html_to_text
from postroom.rfc.message import Attachment
from postroom.rfc.message_id import make_message_id
from postroom.threads import audience, mail
from postroom.threads.merge import find_survivor
from postroom.threads.models import Contact, Identifier, Notification, Post, PostFile, Record, Subtype
from postroom.threads.registry import COMMENT, NOTE, find_subtypes
from postroom.workspaces.models import User

log = structlog.get_logger()
Kind = Post.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """What somebody writes about a record.

    `author` None: the system. `subject` None: that of the thread. `to` and `cc` are who it is addressed to; of what
    came in by mail (EMAIL) those have it already, as have `reached`. `subtype` None: the one of the kind.
    """

    author: User | Contact | None
    text: str = ""
    html: str = ""
    subject: str | None = None
    kind: Kind = Kind.COMMENT
    subtype: str | None = None
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reached: tuple[Mailbox, ...] = ()
    files: tuple[Attachment, ...] = ()
    message_id: str | None = None  # of what came in by mail
    is_automatic: bool = False  # written by a program: nobody outside is told


@transaction.atomic
def post(record: Record, new: NewPost) -> Post:
    """Store the post and tell of it: users in their inbox or by mail, contacts by mail.

    Mail that cannot be made refuses nothing: it is noted at the notification, and whoever reads in the application is
    told all the same. Nothing leaves for a thread that is paused. UnknownSubtypeError for a `subtype` of no such name.
    A record that was merged away has its posts where it went.
    """
    record = find_survivor(record)
    row = _store(record, new)
    notices = audience.choose_for(row, reached=new.reached)
    _tell(row, [notice for notice in notices if notice.way is Way.INBOX])
    if record.paused_at is None:
        mail.send(row, [notice for notice in notices if notice.way is Way.EMAIL])
    log.info("post.stored", post=row.pk, record=record.pk, kind=row.kind, told=len(notices))
    return row


def _store(record: Record, new: NewPost) -> Post:
    row = Post.objects.create(
        record=record,
        kind=new.kind,
        subtype=subtype_of(record, kind=new.kind, key=new.subtype),
        user=new.author if isinstance(new.author, User) else None,
        contact=new.author if isinstance(new.author, Contact) else None,
        author=_name(new.author),
        subject=subject_of(record) if new.subject is None else new.subject,
        text=_storable(new.text),
        html=_storable(new.html),
        to=list(map(format_mailbox, new.to)),
        cc=list(map(format_mailbox, new.cc)),
        message_id=_usable(new.message_id) or _make_message_id(record),
        fingerprint=fingerprint(new.text or html_to_text(new.html)),
        is_automatic=new.is_automatic,
    )
    _identify(row, new.message_id)
    Record.objects.filter(pk=record.pk).update(active_at=Now())
    _attach(row, new.files)
    return row


def _identify(row: Post, given: str | None) -> None:
    """Note the Message-ID by which answers name the post: the one that it came with, or ours."""
    Identifier.objects.create(
        post=row,
        workspace=row.record.workspace,
        message_id=canonical(given or row.message_id),
        origin=Identifier.Origin.INCOMING if given else Identifier.Origin.OWN,
    )


def _attach(row: Post, files: Sequence[Attachment]) -> None:
    PostFile.objects.bulk_create(
        PostFile(
            post=row,
            name=file.filename[:255],
            content_type=file.content_type[:200],
            content_id=file.content_id or "",
            content=file.content,
        )
        for file in files
    )


def subtype_of(record: Record, *, kind: Kind, key: str | None = None) -> Subtype:
    """The one called `key`, or that of the kind. UnknownSubtypeError."""
    (subtype,) = find_subtypes(record.type, [key or (NOTE if kind == Kind.NOTE else COMMENT)])
    return subtype


def subject_of(record: Record) -> str:
    """What the next post is about: an answer in the thread, or its first word."""
    first = record.posts.exclude(kind=Kind.NOTE).exclude(subject="").order_by("id").first()
    return reply_subject(first.subject) if first else base_subject(record.name)


def _tell(row: Post, notices: Sequence[Notice]) -> None:
    Notification.objects.bulk_create(
        Notification(post=row, way=notice.way, address=notice.reader.address, **audience.column(notice.reader))
        for notice in notices
    )


def _name(author: User | Contact | None) -> str:
    if author is None:
        return ""
    return str(author) if isinstance(author, Contact) else format_mailbox(audience.mailbox_of(author))


def _storable(text: str) -> str:
    """PostgreSQL stores no U+0000."""
    return text.replace("\x00", "")


def _usable(message_id: str | None) -> str | None:
    """What came in by mail may have an identifier that must not be written again."""
    try:
        encode_identifiers("Message-ID", [message_id or ""])
    except PostroomError:
        return None
    return message_id


def _make_message_id(record: Record) -> str:
    return make_message_id(f"{secrets.token_hex(12)}.post", domain=alias_domain_of(record.company).name)
