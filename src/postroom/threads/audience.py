"""Whom does a post concern? What policy.notification decides by, read from the database."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from postroom.domains.addresses import Kind as AddressKind
from postroom.domains.addresses import resolve
from postroom.outbound.suppressions import normalise
from postroom.policy.notification import Audience, Notice, Reader, Way, choose
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.threads.contacts import contact_of
from postroom.threads.models import Contact, Follower, Post, Preference
from postroom.workspaces.models import User

DEFAULT_WAY = Way.EMAIL


def choose_for(post: Post, *, reached: Sequence[Mailbox] = ()) -> list[Notice]:
    """Who is told of the post: those it is addressed to, then followers of its subtype."""
    return _choose(post, [*_addressed(post), *_followers(post)], reached)


def choose_followers(post: Post) -> list[Notice]:
    """Which followers would be told of a post that may not be stored yet."""
    return _choose(post, _followers(post), ())


def mailboxes(texts: Iterable[str]) -> tuple[Mailbox, ...]:
    """What a post keeps of To and Cc, as mailboxes."""
    return tuple(map(parse_mailbox, texts))


def mailbox_of(who: User | Contact) -> Mailbox:
    plain = parse_mailbox(who.address if isinstance(who, Contact) else who.email)
    return Mailbox(who.name, plain.local, plain.domain)


def column(reader: Reader) -> dict[str, Any]:
    """The column of Notification or Follower that says who a reader is."""
    return {"user" if reader.is_user else "contact": reader.key}


def _choose(post: Post, readers: Sequence[Reader], reached: Sequence[Mailbox]) -> list[Notice]:
    told = Audience(
        followers=readers,
        author=_author_addresses(post),
        reached={normalise(mailbox.address) for mailbox in (*reached, *_reached_by_mail(post))},
        own=_own({reader.address for reader in readers}),
        is_internal=post.kind == Post.Kind.NOTE or bool(post.subtype and post.subtype.is_internal),
        is_automatic=post.is_automatic,
    )
    return choose(told)


def _addressed(post: Post) -> list[Reader]:
    """Whom the author names; mail that came in has reached them already."""
    if post.kind == Post.Kind.EMAIL:
        return []
    found = []
    for mailbox in mailboxes([*post.to, *post.cc]):
        user = _members(post).filter(email__iexact=mailbox.address).first()
        if user is None:
            contact = contact_of(post.record.workspace, mailbox)
            found.append(Reader(contact, contact.address, Way.EMAIL, is_user=False))
        else:
            # By mail, whatever they prefer: an honest To names only whom the mail goes to.
            found.append(Reader(user, normalise(user.email), Way.EMAIL, is_user=True))
    return found


def _followers(post: Post) -> list[Reader]:
    rows = Follower.objects.filter(record=post.record_id, subtypes=post.subtype_id).select_related("user", "contact")
    rows = rows.filter(Q(user=None) | Q(user__in=_members(post))).order_by("id")
    users = [row.user for row in rows if row.user]
    ways = dict(Preference.objects.filter(user__in=users).values_list("user", "way"))
    readers = [Reader(u, normalise(u.email), Way(ways.get(u.pk, DEFAULT_WAY)), is_user=True) for u in users]
    contacts = (row.contact for row in rows if row.contact)
    return readers + [Reader(contact, contact.address, Way.EMAIL, is_user=False) for contact in contacts]


def _members(post: Post) -> QuerySet[User]:
    return User.objects.filter(memberships__workspace=post.record.workspace_id, is_active=True)


def _author_addresses(post: Post) -> set[str]:
    return {normalise(parse_mailbox(post.author).address)} if post.author else set()


def _reached_by_mail(post: Post) -> tuple[Mailbox, ...]:
    return mailboxes([*post.to, *post.cc]) if post.kind == Post.Kind.EMAIL else ()


def _own(addresses: Iterable[str]) -> set[str]:
    """Which of them lead back here: an alias that follows would get its own mail for ever."""
    return {address for address in addresses if resolve(address).kind is not AddressKind.UNKNOWN}
