"""How does a post look in its thread: whose words, what stands apart, which files, and the envelope beside it?"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from postroom.inbound.models import IncomingMessage
from postroom.policy.causes import CAUSES, Reach
from postroom.policy.status import Status
from postroom.policy.visible_text import visible_text, visible_text_of_html
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.html_text import html_to_text
from postroom.threads.envelope import Envelope, Told, envelope_of, told_of
from postroom.threads.markup import clean_for_page
from postroom.threads.models import Post, PostFile
from postroom.web.vocabulary import ENVELOPES, STATES, TOLD, Term

_REACH = {cause.id: cause.reach for cause in CAUSES}
_FIXES: dict[Reach, Promise] = {
    Reach.RECIPIENT: _("Check that the address is spelt correctly, or ask for another one. Then try again."),
    Reach.MESSAGE: _("Write it differently, or send a link instead of the file."),
    Reach.IDENTITY: _("Allow the address it was sent from at your mail provider. Then try again."),
    Reach.SERVER: _("Correct the outgoing server under Settings. Then try again."),
}
_FIXES_BY_STATUS: dict[str, Promise] = {
    Status.UNKNOWN: _("Ask whether it arrived before you try again: it may come twice."),
    Status.HELD: _("Somebody holds it. Release it on the page of the e-mail."),
    Status.CANCELED: _("Somebody took it back. Restore it on the page of the e-mail."),
    "refused": _("No mail could be made. Correct what the sentence names, then try again."),
}
_FIX = _("Try again. If it fails once more, ask for another address.")
# What `threads.envelope.retry` makes something of.
_RETRIED = {Status.DEFERRED, Status.BOUNCED, Status.EXPIRED, Status.UNKNOWN, "refused"}


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One recipient of a post. `message`: the e-mail's page; `can_act`: it failed, and nobody has dealt with it."""

    id: int
    name: str
    address: str
    state: Term
    reason: str
    reply: str
    fix: str
    message: UUID | None
    can_act: bool
    can_retry: bool


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post. `words` is plain text, `markup` the post's own HTML made harmless; one of them is empty.

    `quoted` is the whole text of mail that also holds what is not its author's; `has_html`: there is more to look at
    in a frame. `why`: the mail that it came by is in this thread.
    """

    post: Post
    author: Mailbox | None
    words: str
    markup: SafeString
    quoted: str
    why: str
    has_html: bool
    files: list[PostFile]
    envelope: Term | None
    told: list[ToldRow]
    failed: int


def post_rows(posts: Iterable[Post]) -> list[PostRow]:
    """Posts with their files at hand; three queries more."""
    found = list(posts)
    told = told_of(found)
    return [_row(post, told.get(post.pk, [])) for post in found]


def with_reasons(posts: QuerySet[Post]) -> QuerySet[Post]:
    """With what is known of why a mail is in its thread, for `post_rows`."""
    reasons = IncomingMessage.objects.filter(post=OuterRef("pk")).order_by("pk").values("reason")
    return posts.annotate(why_here=Subquery(reasons[:1]))


def _row(post: Post, told: list[Told]) -> PostRow:
    is_foreign = post.kind == Post.Kind.EMAIL
    whole = post.text or (html_to_text(post.html) if is_foreign else "")
    words = _own_words(post) if is_foreign else post.text
    fate = envelope_of(told)
    return PostRow(
        post=post,
        author=parse_mailbox(post.author) if post.author else None,
        words=words,
        markup=_markup(post) if not is_foreign and post.html else SafeString(),
        quoted=whole if is_foreign and whole.split() != words.split() else "",
        why=getattr(post, "why_here", None) or "",
        has_html=is_foreign and bool(post.html),
        files=list(post.files.all()),
        envelope=ENVELOPES.get(fate),
        told=[_told_row(each) for each in told],
        failed=sum(each.envelope is Envelope.FAILED for each in told),
    )


def _own_words(post: Post) -> str:
    return visible_text(post.text) if post.text else visible_text_of_html(post.html)


def _markup(post: Post) -> SafeString:
    return mark_safe(clean_for_page(post.html))  # noqa: S308 - nh3 has made it harmless


def _told_row(told: Told) -> ToldRow:
    row = told.notification
    person = row.user or row.contact
    has_failed = told.envelope is Envelope.FAILED
    is_delivery = told.status in set(Status)
    return ToldRow(
        id=row.pk,
        name=person.name if person else "",
        address=row.address or (row.user.email if row.user else ""),
        state=STATES[Status(told.status)] if is_delivery else TOLD[told.status],
        reason=told.reason,
        reply=told.reply,
        fix=str(_fix(told)) if has_failed else "",
        message=row.message_id,
        can_act=has_failed,
        can_retry=told.envelope in (Envelope.FAILED, Envelope.IGNORED) and told.status in _RETRIED,
    )


def _fix(told: Told) -> Promise:
    reach = _REACH.get(told.cause)
    return _FIXES_BY_STATUS.get(told.status) or (_FIXES[reach] if reach else _FIX)
