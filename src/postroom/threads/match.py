"""To which thread does an incoming mail belong? The look-ups behind policy.thread_match."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from postroom.outbound.models import Message, Stream
from postroom.outbound.suppressions import normalise
from postroom.policy.learned_message_id import canonical
from postroom.policy.notification_layout import find_markers
from postroom.policy.thread_match import Clue, Key, Match, decide
from postroom.threads import learning, tokens
from postroom.threads.merge import survivor_id
from postroom.threads.models import Follower, Identifier, Notification, Post, Record
from postroom.workspaces.models import Membership, Workspace

# More references than that no mail program writes; hostile mail may.
MAX_REFERENCES = 50
MAX_MARKERS = 10

_KEYS = {
    Identifier.Origin.OWN: Key.OWN_ID,
    Identifier.Origin.LEARNED: Key.LEARNED_ID,
    Identifier.Origin.INCOMING: Key.INCOMING_ID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What of an incoming mail may lead to a thread.

    `sender`: the From's address. `tags`: sub-addresses of its recipients, as `domains.addresses.resolve` finds them.
    `references`: the identifiers of In-Reply-To and References. `text`: its text or html with all that is quoted.
    """

    sender: str
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""


def match(workspace: Workspace, answer: Answer) -> Match:
    """The thread that the mail belongs to, and why; its `record` is one of the workspace that was not merged away."""
    references = [canonical(reference) for reference in answer.references[-MAX_REFERENCES:]]
    clues = [*_by_reference(workspace, references), *_by_token(workspace, answer)]
    if references and not clues:
        learning.learn_identifiers()  # the answer came before its mail was looked at
        clues = list(_by_reference(workspace, references))
    clues = _follow_moves(clues, references, workspace)
    return decide(
        clues,
        takes_part_in={record for record in {clue.record for clue in clues} if takes_part(record, answer.sender)},
        answers_mailing=Message.objects.filter(
            workspace=workspace, message_id__in=references, stream=Stream.MASS
        ).exists(),
    )


def takes_part(record: int, address: str) -> bool:
    """Whether the address is that of a user of the workspace, or of who wrote in the thread or was told of it."""
    address = normalise(address)
    workspace = Record.objects.values("workspace").filter(pk=record)
    by_address = Q(contact__address=address) | Q(user__email__iexact=address)
    return (
        Follower.objects.filter(by_address, record=record).exists()
        or Notification.objects.filter(post__record=record, address=address).exists()
        or Post.objects.filter(by_address, record=record).exists()
        or _was_named(record, address)
        or Membership.objects.filter(workspace__in=workspace, user__email__iexact=address).exists()
    )


def answers_note(record: Record, references: Sequence[str]) -> bool:
    """Whether a mail of the thread answers what is for users alone: the last of `references` that is known."""
    wanted = [canonical(reference) for reference in references[-MAX_REFERENCES:]]
    known = Identifier.objects.filter(post__record=record, message_id__in=wanted).select_related("post__subtype")
    latest = max(known, key=lambda identifier: wanted.index(identifier.message_id), default=None)
    if latest is None:
        return False
    return latest.post.kind == Post.Kind.NOTE or bool(latest.post.subtype and latest.post.subtype.is_internal)


def _was_named(record: int, address: str) -> bool:
    """In the To or Cc of a mail of the thread: a colleague whom the customer put in copy."""
    posts = Post.objects.filter(Q(to__len__gt=0) | Q(cc__len__gt=0), record=record)
    named = (mailbox for to, cc in posts.values_list("to", "cc") for mailbox in (*to, *cc))
    return any(mailbox.lower() == address or mailbox.lower().endswith(f"<{address}>") for mailbox in named)


def _by_reference(workspace: Workspace, references: list[str]) -> Iterator[Clue]:
    known = Identifier.objects.filter(workspace=workspace, message_id__in=references)
    for origin, record in known.values_list("origin", "post__record"):
        yield Clue(_KEYS[Identifier.Origin(origin)], record)
    for root in Record.objects.filter(workspace=workspace, root__in=references):
        yield Clue(Key.ROOT_ID, survivor_id(root))


def _by_token(workspace: Workspace, answer: Answer) -> Iterator[Clue]:
    found = [(Key.REPLY_ADDRESS, tokens.record_of_reply(tag)) for tag in answer.tags]
    found += [(Key.MARKER, tokens.record_of_marker(token)) for token in find_markers(answer.text)[:MAX_MARKERS]]
    records = Record.objects.in_bulk([number for _, number in found if number is not None])
    for key, number in found:
        record = records.get(number) if number is not None else None
        if record is not None and record.workspace_id == workspace.pk:
            yield Clue(key, survivor_id(record))


def _follow_moves(clues: list[Clue], references: list[str], workspace: Workspace) -> list[Clue]:
    """Where the post that is answered was moved, what else names its former thread means the new one."""
    moved = Post.objects.filter(
        identifiers__message_id__in=references, identifiers__workspace=workspace, moved_from__isnull=False
    )
    moves = dict(moved.order_by("id").values_list("moved_from", "record"))
    return [replace(clue, record=moves.get(clue.record, clue.record)) for clue in clues]
