"""What waits on the unrouted desk, and what can a person do with it?

Nothing here loses a mail: what was dropped is restored, and whatever was decided, the mail itself stays as it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from postroom.domains.aliases import put_alias
from postroom.domains.models import Alias
from postroom.errors import PostroomError
from postroom.inbound import notices
from postroom.inbound.incoming import Incoming, reopen
from postroom.inbound.models import IncomingMessage, Rule, State
from postroom.inbound.posting import begin_thread, continue_thread
from postroom.inbound.receive import wake
from postroom.policy.classification import Kind
from postroom.rfc.address import parse_mailbox
from postroom.threads.models import Post, Record, RecordType
from postroom.workspaces.models import Workspace

log = structlog.get_logger()
# Of these a person may still decide; the others have their place.
OPEN = frozenset({State.UNROUTED, State.DROPPED})

MOST_COUNTED = 1_000
_ANEW: dict[str, Any] = {"state": State.RECEIVED, "tries": 0, "due_at": Now(), "handled_at": None}


class NotOnDeskError(PostroomError):
    """This mail does not wait on the desk: it has its place, or is about to be handled."""

    code = "not_on_desk"


class OtherWorkspaceError(PostroomError):
    """The mail belongs to another workspace than the record."""

    code = "other_workspace"


class NothingPassedOnError(PostroomError):
    """The mail passes on no message that names its author."""

    code = "nothing_passed_on"


class RuleError(PostroomError):
    """A rule names a recipient or an author, and a record or a record type where it attaches or creates."""

    code = "incomplete_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which incoming mail is meant; what is empty does not narrow. Addresses in whatever case."""

    ids: Sequence[int] = ()
    states: frozenset[State] = frozenset({State.UNROUTED})
    recipient: str = ""
    author: str = ""
    kind: Kind | None = None


def find(workspace: Workspace | None, choice: Choice) -> QuerySet[IncomingMessage]:
    """Newest first, without the mails themselves; `workspace` None: what belongs to nobody."""
    found = IncomingMessage.objects.filter(workspace=workspace).order_by("-id")
    if choice.ids:
        found = found.filter(pk__in=choice.ids)
    if choice.states:
        found = found.filter(state__in=choice.states)
    if choice.recipient:
        found = found.filter(recipient__iexact=choice.recipient)
    if choice.author:
        found = found.filter(author=choice.author.lower())
    if choice.kind is not None:
        found = found.filter(kind=choice.kind)
    return found.select_related("content", "workspace", "record").defer("content__raw")


def count_waiting(workspace: Workspace | None) -> int:
    """How much waits for a person, MOST_COUNTED at most; `workspace` None: of what belongs to nobody."""
    return IncomingMessage.objects.filter(workspace=workspace, state=State.UNROUTED.value)[:MOST_COUNTED].count()


def show(row: IncomingMessage) -> Incoming:
    """The mail with its words (`letter`) and what it was taken for (`found`)."""
    return reopen(row)


@transaction.atomic
def attach(row: IncomingMessage, record: Record) -> Post:
    """Put the mail into the thread, and so let its author in. NotOnDeskError, OtherWorkspaceError."""
    mail = _take(row, record.workspace)
    posted = continue_thread(record, mail.row, mail.letter, is_automatic=mail.is_automatic)
    _settle(mail, f"A person put it into the thread of “{record.name}”.")
    return posted


@transaction.atomic
def create(row: IncomingMessage, record_type: RecordType, *, name: str = "", of_original: bool = False) -> Post:
    """Make a record of the mail, or of the message that it passes on; without a `name` the subject is one.

    NotOnDeskError, OtherWorkspaceError, NothingPassedOnError.
    """
    mail = _take(row, record_type.workspace)
    letter = mail.original if of_original else mail.letter
    if letter is None:
        raise NothingPassedOnError(field="of_original")
    changes: dict[str, Any] = {"company": mail.company, **({"name": name} if name else {})}
    posted = begin_thread(record_type, mail.row, letter, changes=changes, is_automatic=mail.is_automatic)
    _settle(mail, f"A person made a {record_type.label} of it.")
    return posted


@transaction.atomic
def make_alias(row: IncomingMessage, *, changes: Mapping[str, Any]) -> Alias:
    """Make an alias of the address that the mail came to, and handle again what waits for it.

    `changes` are columns of Alias, such as record_type. NotOnDeskError, AddressError where the mail has no recipient,
    UnknownDomainError where its domain is none of the workspace's, and what `domains.aliases.save_alias` raises.
    """
    workspace = _still_open(row).workspace
    if workspace is None:
        raise OtherWorkspaceError(field="recipient")
    mailbox = parse_mailbox(row.recipient)
    domains = [] if mailbox.domain == workspace.subdomain else [mailbox.domain]
    alias = put_alias(workspace, mailbox.local, domains=domains, changes=changes)
    replay(find(workspace, Choice(recipient=row.recipient)))
    return alias


def drop(rows: QuerySet[IncomingMessage]) -> int:
    """Take mail off the desk; how many. `restore` lays it there again."""
    return rows.filter(state=State.UNROUTED).update(state=State.DROPPED)


def restore(rows: QuerySet[IncomingMessage]) -> int:
    """Lay dropped mail on the desk again, with the reason it had; how many."""
    return rows.filter(state=State.DROPPED).update(state=State.UNROUTED)


def replay(rows: QuerySet[IncomingMessage]) -> int:
    """Handle mail again as if it came in now, after a mistake of settings or program was mended; how many."""
    count = rows.filter(state__in=OPEN).update(**_ANEW)
    transaction.on_commit(wake)
    return count


def give(rows: QuerySet[IncomingMessage], workspace: Workspace) -> int:
    """Let mail that is nobody's belong to a workspace and be handled as its own, on its desk at last; how many."""
    count = rows.filter(workspace=None, state__in=OPEN).update(workspace=workspace, **_ANEW)
    transaction.on_commit(wake)
    return count


@transaction.atomic
def take_for_ordinary(row: IncomingMessage) -> int:
    """“Not a bounce”: undo what the mail's notices did, and handle it again as a mail that somebody wrote.

    How many deliveries it had failed and now has not.
    """
    undone = notices.take_back(row)
    # What is kept no longer cannot be read again.
    readable = IncomingMessage.objects.filter(pk=row.pk, post=None).exclude(content__raw=b"")
    readable.update(forced_kind=Kind.ORDINARY, **_ANEW)
    transaction.on_commit(wake)
    return undone


@transaction.atomic
def always(
    workspace: Workspace,
    *,
    recipient: str = "",
    author: str = "",
    action: Rule.Action,
    record: Record | None = None,
    record_type: RecordType | None = None,
) -> Rule:
    """Do this with all mail to `recipient` of `author` ("": anybody) that would wait on the desk, and with what waits.

    A rule that there is for the same mail is changed. RuleError, OtherWorkspaceError.
    """
    target = {Rule.Action.ATTACH: record, Rule.Action.CREATE: record_type}
    if not (recipient or author) or target.get(action, action) is None:
        raise RuleError(field="action")
    for each in (record, record_type):
        if each is not None and each.workspace_id != workspace.pk:
            raise OtherWorkspaceError(field="action")
    rule, _ = Rule.objects.update_or_create(
        workspace=workspace,
        recipient=recipient.lower(),
        author=author.lower(),
        defaults={
            "action": action,
            "record": record if action == Rule.Action.ATTACH else None,
            "record_type": record_type if action == Rule.Action.CREATE else None,
        },
    )
    replay(find(workspace, Choice(recipient=recipient, author=author)))
    return rule


def rules(workspace: Workspace) -> QuerySet[Rule]:
    """Oldest first; delete one to end it."""
    return workspace.inbound_rules.select_related("record", "record_type").order_by("id")


def _take(row: IncomingMessage, workspace: Workspace) -> Incoming:
    mail = reopen(_still_open(row))
    if mail.row.workspace_id not in (None, workspace.pk):
        raise OtherWorkspaceError(field="record")
    mail.row.workspace = workspace
    return mail


def _still_open(row: IncomingMessage) -> IncomingMessage:
    """The mail, locked: two people who decide at the same moment do not both do so."""
    rows = IncomingMessage.objects.select_related("content", "workspace").select_for_update(of=("self",))
    found = rows.filter(pk=row.pk, state__in=OPEN).first()
    if found is None:
        raise NotOnDeskError
    return found


def _settle(mail: Incoming, reason: str) -> None:
    row = mail.row
    row.state, row.reason, row.author, row.handled_at = State.HANDLED, reason, mail.author, Now()
    row.save(update_fields=["state", "reason", "author", "handled_at", "workspace", "record", "post"])
    log.info("incoming.settled", incoming=row.pk, state=row.state, by="person")
