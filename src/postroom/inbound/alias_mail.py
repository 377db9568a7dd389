"""What does mail to an alias create, and who may write to it?"""

from postroom.domains.addresses import Kind as AddressKind
from postroom.domains.aliases import note_status
from postroom.domains.models import Alias
from postroom.inbound.answering import answer
from postroom.inbound.conversations import into_thread
from postroom.inbound.incoming import Incoming, Settled
from postroom.inbound.models import State
from postroom.inbound.posting import begin_thread, find_user
from postroom.policy.automatic_answer import say_refused
from postroom.policy.classification import Kind
from postroom.policy.loop_budget import Verdict
from postroom.threads import loops
from postroom.threads.contacts import find_contact
from postroom.threads.merge import find_survivor
from postroom.threads.models import Follower, Record, RecordType

Place = Record | RecordType


def settle_alias(mail: Incoming) -> Settled | None:
    """Mail that answers nothing goes to the alias's record, or makes one of its type."""
    alias = mail.destination.alias
    if mail.destination.kind is not AddressKind.ALIAS or alias is None:
        return None
    place = _place_of(alias)
    if place is None:
        return _find_fault(alias)
    if mail.letter.author is None:
        return Settled(State.UNROUTED, "It names no author, so that nobody could be answered.", Kind.ALIAS)
    if mail.kind in (Kind.AUTOREPLY, Kind.CHALLENGE):
        return Settled(State.UNROUTED, "It is the answer of a program, and answers no mail of ours.")
    if not _may_write(mail, alias, place):
        return _refuse(mail, alias)
    return _take(mail, alias, place)


def _place_of(alias: Alias) -> Place | None:
    if alias.forced_record is not None:
        record = Record.objects.filter(workspace=alias.workspace_id, pk=alias.forced_record).first()
        return find_survivor(record) if record else None
    types = RecordType.objects.select_related("workspace")
    return types.filter(workspace=alias.workspace_id, key=alias.record_type).first()


def _find_fault(alias: Alias) -> Settled:
    if alias.forced_record is None and not alias.record_type:
        return Settled(State.UNROUTED, "This alias takes only answers, and it answers no mail of ours.", Kind.ALIAS)
    note_status(alias, Alias.Status.INVALID)
    missing = f"record {alias.forced_record}" if alias.forced_record is not None else f"record type {alias.record_type}"
    return Settled(State.UNROUTED, f"The alias {alias.address} leads to {missing}, which does not exist.", Kind.ALIAS)


def _take(mail: Incoming, alias: Alias, place: Place) -> Settled:
    if isinstance(place, Record):
        settled = into_thread(mail, place, why=f"All mail to {alias.address} goes there.", kind=Kind.ALIAS)
    elif _is_loop(mail):
        return Settled(State.UNROUTED, "It looks like one mail of a loop; no record was made for it.", Kind.LOOP)
    else:
        changes = {"values": alias.defaults, "company": mail.company}
        begin_thread(place, mail.row, mail.letter, changes=changes, is_automatic=mail.is_automatic)
        settled = Settled(State.HANDLED, f"Mail to {alias.address} makes a {place.label}.", Kind.ALIAS)
    note_status(alias, Alias.Status.VALID)
    return settled


def _is_loop(mail: Incoming) -> bool:
    """A person who says what the mail is has judged it."""
    if mail.row.forced_kind:
        return False
    return loops.check(mail.owner, mail.author, text=mail.letter.text) is not Verdict.GO_ON


def _may_write(mail: Incoming, alias: Alias, place: Place) -> bool:
    """Whether the alias's policy takes mail of this author."""
    match alias.policy:
        case Alias.Policy.EVERYONE:
            return True
        case Alias.Policy.KNOWN:
            return _is_known(mail, alias)
        case _:
            return _follows(mail, place)


def _is_known(mail: Incoming, alias: Alias) -> bool:
    workspace = alias.workspace
    return find_contact(workspace, mail.author) is not None or find_user(workspace, mail.author) is not None


def _follows(mail: Incoming, place: Place) -> bool:
    """The record, or where each mail makes one, any of the type."""
    column = {"record": place} if isinstance(place, Record) else {"record__type": place}
    followers = Follower.objects.filter(**column)
    return (
        followers.filter(contact__address=mail.author).exists()
        or followers.filter(user__email__iexact=mail.author).exists()
    )


def _refuse(mail: Incoming, alias: Alias) -> Settled:
    """Who is told can write elsewhere; what cannot be answered waits for a person."""
    why = f"Only {alias.get_policy_display()} may write to {alias.address}."
    if answer(mail, say_refused(alias.address, alias.refusal)):
        return Settled(State.HANDLED, f"{why} Its author was told.", Kind.ALIAS)
    return Settled(State.UNROUTED, why, Kind.ALIAS)
