"""How is a post told by mail: in whose name, to where answers go, with which headers and footer?"""

from collections.abc import Iterator, Sequence

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from postroom.domains.addresses import Kind as AddressKind
from postroom.domains.addresses import resolve
from postroom.domains.models import Alias
from postroom.domains.senders import alias_domain_of
from postroom.errors import PostroomError
from postroom.outbound.models import Message
from postroom.outbound.submit import Submission, submit
from postroom.policy.composition import Draft
from postroom.policy.notification import Notice, Reader
from postroom.policy.notification_layout import Footer, lay_out
from postroom.policy.thread_headers import MAX_REFERENCES, reference_fields
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.auto_submitted import automatic_marks
from postroom.rfc.message import Attachment
from postroom.threads import audience, tokens
from postroom.threads.markup import clean_for_mail
from postroom.threads.models import Follower, Notification, Post, Record, RecordType
from postroom.workspaces.models import Workspace
from postroom.workspaces.parameters import REPLY_ADDRESS, parameter

log = structlog.get_logger()
SOURCE = "thread"


def send(post: Post, notices: Sequence[Notice]) -> None:
    """Queue the mail that tells `notices` of the post; one message for those addressed, one for each follower.

    What cannot be made is noted at the notification and raises nothing.
    """
    named = {mailbox.address.lower() for mailbox in audience.mailboxes([*post.to, *post.cc])}
    addressed = [notice.reader for notice in notices if notice.reader.address in named]
    if addressed:
        _send_one(post, addressed, _to_addressed(post, addressed))
    for notice in notices:
        if notice.reader.address not in named:
            _send_one(post, [notice.reader], _to_follower(post, notice.reader))


def reply_to(record: Record) -> str:
    """Where answers to the record's mail are asked to go.

    The alias of a type that owns one; else the signed reply address, or the catchall address where the parameter
    mail.reply.address says `catchall`, for mail servers that know no sub-addresses.
    """
    alias = alias_of(record.type)
    if alias is not None:
        return alias.address
    domain = alias_domain_of(record.company)
    if answers_to_catchall(record.workspace):
        return f"{domain.catchall}@{domain.name}"
    return tokens.reply_address(record, domain.name)


def alias_of(record_type: RecordType) -> Alias | None:
    """The alias that answers to the mail of a type's records go to, where it owns one."""
    if not record_type.owns_alias:
        return None
    aliases = record_type.workspace.aliases.filter(record_type=record_type.key, removed_at=None)
    return aliases.select_related("alias_domain").order_by("alias_domain__priority", "id").first()


def answers_to_catchall(workspace: Workspace) -> bool:
    return parameter(workspace, REPLY_ADDRESS) == "catchall"


def record_url(record: Record) -> str:
    """Where users read the thread."""
    return f"{settings.POSTROOM.public_url}/records/{record.pk}?workspace={record.workspace.slug}"


def unfollow_url(follower: Follower) -> str:
    return f"{settings.POSTROOM.public_url}/unfollow/{tokens.unfollow_token(follower)}"


def _send_one(post: Post, readers: Sequence[Reader], submission: Submission) -> None:
    message, refusal = None, ""
    try:
        with transaction.atomic():
            (queued,) = submit([submission])
            message = Message(pk=queued.id)
    except PostroomError as error:
        refusal = error.message
        log.warning("post.not_mailed", post=post.pk, error=error.code)
    Notification.objects.bulk_create(
        Notification(
            post=post,
            way="email",
            address=reader.address,
            message=message,
            refusal=refusal,
            **audience.column(reader),
        )
        for reader in readers
    )


def _to_addressed(post: Post, readers: Sequence[Reader]) -> Submission:
    """A person's own words to whom they name: as they would write it themselves."""
    recipients = tuple(parse_mailbox(reader.address) for reader in readers)
    headers = automatic_marks() if post.is_automatic else ()
    to, cc = audience.mailboxes(post.to), audience.mailboxes(post.cc)
    return _submission(post, recipients, to=to, cc=cc, headers=headers, footer=_footer(post))


def _to_follower(post: Post, reader: Reader) -> Submission:
    """A copy for one follower; its Cc says who else has the post by mail."""
    rows = Follower.objects.filter(record=post.record_id, **audience.column(reader))
    follower = rows.select_related("user").first()
    recipient = audience.mailbox_of(reader.key)  # type: ignore[arg-type] # a User or Contact: audience made it
    others = tuple(
        mailbox
        for mailbox in audience.mailboxes([*post.to, *post.cc])
        if mailbox.address.lower() != reader.address and not _is_ours(mailbox)
    )
    footer = _footer(post, follower=follower, for_user=reader.is_user)
    headers = (*automatic_marks(), *_list_fields(post.record, footer.unfollow_url))
    return _submission(post, (recipient,), to=(recipient,), cc=others, headers=headers, footer=footer)


def _list_fields(record: Record, unfollow: str) -> Iterator[tuple[str, str]]:
    """A thread is a list of those who follow it (RFC 2919 §3, RFC 2369 §3.2): by these programs know it for one."""
    domain = alias_domain_of(record.company).name
    yield "List-Id", f"<{record.pk}.records.{domain}>"
    if unfollow:
        yield "List-Unsubscribe", f"<{unfollow}>"


def _submission(
    post: Post,
    recipients: tuple[Mailbox, ...],
    *,
    to: tuple[Mailbox, ...],
    cc: tuple[Mailbox, ...],
    headers: Sequence[tuple[str, str]],
    footer: Footer,
) -> Submission:
    record = post.record
    text, html = lay_out(post.text, clean_for_mail(post.html), footer)
    draft = Draft(
        from_=parse_mailbox(post.author) if post.author else None,
        to=to,
        cc=cc,
        reply_to=(parse_mailbox(reply_to(record)),),
        subject=post.subject,
        text=text,
        html=html,
        attachments=tuple(_files(post)),
        headers=(*reference_fields(record.root, _earlier(post)), *headers),
        # One identifier for all its mail: whoever answers, and whichever copy, names the same post. What came in by
        # mail keeps the one it came with.
        message_id=post.message_id,
    )
    return Submission(content=draft, company=record.company, source=SOURCE, recipients=recipients)


def _footer(post: Post, *, follower: Follower | None = None, for_user: bool = False) -> Footer:
    """In the language of the user who gets it; nobody knows a contact's."""
    label = {"label": post.record.type.label}
    language = follower.user.language if follower and follower.user else ""
    with translation.override(language or settings.LANGUAGE_CODE):
        return Footer(
            marker=tokens.marker(post.record),
            told_why=_("You follow this %(label)s.") % label if follower else "",
            view_url=record_url(post.record) if for_user else "",
            view_label=_("View %(label)s") % label,
            unfollow_url=unfollow_url(follower) if follower else "",
            unfollow_label=_("Unfollow"),
        )


def _earlier(post: Post) -> list[str]:
    """Identifiers of the thread before the post, oldest first; internal notes are nobody's business outside."""
    earlier = post.record.posts.filter(pk__lt=post.pk).exclude(kind=Post.Kind.NOTE).order_by("-id")
    return list(earlier.values_list("message_id", flat=True)[:MAX_REFERENCES])[::-1]


def _files(post: Post) -> Iterator[Attachment]:
    for file in post.files.order_by("id"):
        yield Attachment(file.name, bytes(file.content), file.content_type, file.content_id or None)


def _is_ours(mailbox: Mailbox) -> bool:
    return resolve(mailbox.address).kind is not AddressKind.UNKNOWN
