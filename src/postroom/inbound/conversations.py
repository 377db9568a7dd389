"""Which conversation does an incoming mail continue, and may it?"""

from postroom.domains.addresses import Kind as AddressKind
from postroom.inbound.answering import SOURCE as ANSWER
from postroom.inbound.incoming import Incoming, Settled
from postroom.inbound.models import IncomingMessage, State
from postroom.inbound.posting import begin_thread, continue_thread, find_user
from postroom.outbound.models import Message, Stream
from postroom.policy.classification import Kind
from postroom.policy.learned_message_id import canonical
from postroom.policy.loop_budget import Verdict as Loop
from postroom.policy.thread_match import Match, Verdict
from postroom.rfc.address import parse_mailbox
from postroom.rfc.auto_submitted import is_auto_submitted
from postroom.threads import loops
from postroom.threads.contacts import contact_of
from postroom.threads.follow import follow
from postroom.threads.mail import SOURCE as THREAD
from postroom.threads.match import Answer, match
from postroom.threads.models import Contact, Identifier, Post, Record, RecordType
from postroom.threads.registry import register_type
from postroom.workspaces.models import Workspace

# Of the records that hold what somebody answers to mailings, one for each contact.
CONTACT_TYPE = "postroom.contact"


def settle_own(mail: Incoming) -> Settled | None:
    """Mail of a thread that comes back to us, redirected by who got it, has been there before."""
    message_id, workspace = mail.letter.message_id, mail.owner
    if message_id is None:
        return None
    own = Identifier.objects.filter(workspace=workspace, message_id=canonical(message_id))
    is_copy = is_auto_submitted(mail.fields) and Message.objects.filter(
        workspace=workspace, message_id=message_id, source__in=(THREAD, ANSWER)
    )
    if is_copy or own.filter(origin=Identifier.Origin.OWN).exists():
        return Settled(State.HANDLED, "It is mail of our own that came back; its thread has it already.", Kind.LOOP)
    return None


def settle_answer(mail: Incoming) -> Settled | None:
    """An answer continues its thread; that of a stranger waits on the desk until a person lets it in."""
    if mail.letter.author is None:
        return None
    found = match(mail.owner, _keys_of(mail))
    if found.record is None:
        is_taken = found.verdict is Verdict.MAILING and mail.destination.kind is not AddressKind.ALIAS
        return _answer_mailing(mail, contact_of(mail.owner, mail.letter.author)) if is_taken else None
    record = _record(found.record)
    if found.verdict is Verdict.APPROVAL:
        alias = mail.destination.alias
        leads_there = alias is not None and alias.forced_record == record.pk  # and its policy says who may write
        return None if leads_there else _ask_for_approval(mail, record, found)
    return into_thread(mail, record, why=found.told, kind=Kind.REPLY)


def into_thread(mail: Incoming, record: Record, *, why: str, kind: Kind) -> Settled:
    """Let the mail continue the thread, once however many addresses of the thread it came to.

    In a loop it does so too; then the thread is paused, and nobody is mailed.
    """
    if _has_already(record, mail.row):
        return Settled(State.DUPLICATE, f"The thread of “{record.name}” has it already: it came to several addresses.")
    verdict = loops.check(record.workspace, mail.author, text=mail.letter.new_text, record=record)
    continue_thread(record, mail.row, mail.letter, is_automatic=mail.is_automatic)
    if verdict is not Loop.GO_ON:
        return Settled(State.HANDLED, f"{record.pause_reason} The thread of “{record.name}” is paused.", Kind.LOOP)
    return Settled(State.HANDLED, why, kind)


def _keys_of(mail: Incoming) -> Answer:
    is_reply_address = mail.destination.kind is AddressKind.REPLY
    return Answer(
        sender=mail.author,
        tags=(mail.destination.tag,) if is_reply_address else (),
        references=mail.letter.references,
        text=mail.letter.whole,
    )


def _ask_for_approval(mail: Incoming, record: Record, found: Match) -> Settled:
    mail.row.record = record
    reason = f"It names the thread of “{record.name}”, which its author has no part in. {found.told}"
    return Settled(State.UNROUTED, f"{reason} Attach it to let them in.", Kind.REPLY)


def _answer_mailing(mail: Incoming, contact: Contact) -> Settled:
    """What somebody answers to mailings has a thread of its own, which is theirs."""
    record = mail.owner.records.filter(type__key=CONTACT_TYPE, external_id=str(contact.pk)).first()
    if record is not None:
        return into_thread(mail, _record(record.pk), why="It answers a mailing.", kind=Kind.REPLY)
    changes = {"external_id": str(contact.pk), "name": str(contact)[:500], "company": mail.company}
    posted = begin_thread(
        _contact_type(mail.owner), mail.row, mail.letter, changes=changes, is_automatic=mail.is_automatic
    )
    _let_author_follow(mail, posted)
    return Settled(State.HANDLED, "It answers a mailing; its author has a thread of their own now.", Kind.REPLY)


def _let_author_follow(mail: Incoming, posted: Post) -> None:
    """Whoever of the workspace wrote the mailing hears what is answered to it, from the next answer on."""
    mailing = Message.objects.filter(
        workspace=mail.workspace, message_id__in=mail.letter.references, stream=Stream.MASS
    ).first()
    author = parse_mailbox(mailing.author_from) if mailing and mailing.author_from else None
    user = author and find_user(posted.record.workspace, author.address)
    if user:
        follow(posted.record, user)


def _contact_type(workspace: Workspace) -> RecordType:
    known = workspace.record_types.select_related("workspace").filter(key=CONTACT_TYPE).first()
    return known or register_type(workspace, CONTACT_TYPE, label="Contact")


def _has_already(record: Record, row: IncomingMessage) -> bool:
    copies = IncomingMessage.objects.filter(fingerprint=row.fingerprint, record=record, state=State.HANDLED)
    return copies.exclude(pk=row.pk).exists()


def _record(number: int) -> Record:
    return Record.objects.select_related("type__workspace", "company__workspace", "workspace").get(pk=number)
