"""What happened to each recipient that a notice names?"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from postroom.policy.bounce.amazon import AmazonRecipient
from postroom.policy.bounce.diagnosis import Diagnosis, Told, diagnose, find_command, says_something
from postroom.policy.bounce.mail import Mail, addresses_in
from postroom.policy.bounce.mentions import Mention, Mentions, find_mentions
from postroom.policy.bounce.reason import Reason
from postroom.policy.bounce.shown_session import replies_in, session_command, without_echoes
from postroom.rfc.auto_submitted import is_list_mail
from postroom.rfc.dsn import RecipientStatus, read_delivery_status

_VAGUE = frozenset({None, Reason.EXPIRED, Reason.SYSTEM_ERROR, Reason.SECURITY_ERROR, Reason.SYNTAX_ERROR})
_FIELDS_IN_TEXT = re.compile(r"^[>| ]{0,2}(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_AMAZON_ACTIONS = {"bounce": "failed", "deliverydelay": "delayed", "delivery": "delivered"}
_MAX_DIAGNOSTIC = 2000
# Of this many characters the reasons are read from words; a notice about thousands of recipients repeats itself.
_MAX_READ = 40_000
_MAX_LEAD = 300


@dataclass(frozen=True, slots=True)
class _Session:
    """What a notice about one recipient shows of the SMTP session, and its whole text."""

    replies: str = ""
    command: str | None = None
    text: str = ""


_NO_SESSION = _Session()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedRecipient:
    """One recipient that a notice tells of.

    `original_address` is what had been sent to where the notice tells both, else None. `status` is the RFC 3463 code
    as it stands in the mail; `action` RFC 3464's; `diagnostic` the words of the server or the notice; `is_permanent`
    and `is_hard` (the address or its domain is dead) None where unknown.
    """

    address: str
    original_address: str | None = None
    status: str | None = None
    action: str | None = None
    reason: Reason | None = None
    diagnostic: str = ""
    is_permanent: bool | None = None
    is_hard: bool | None = None

    @property
    def is_recipient_fault(self) -> bool:
        """The failure counts against this address: it lies with the mailbox, not with message, sender or servers."""
        return self.reason is not None and self.reason.is_recipient_fault


def reported_statuses(mail: Mail, *, in_text: bool) -> list[RecipientStatus]:
    """The recipients with an address of the delivery status parts or, if `in_text`, of such fields in the text."""
    statuses = mail.statuses
    if in_text and not any(status.recipients for status in statuses) and _FIELDS_IN_TEXT.search(mail.text):
        statuses = (read_delivery_status(mail.text),)
    return [recipient for status in statuses for recipient in status.recipients if recipient.address]


def mentioned(mail: Mail) -> Mentions:
    """The failed recipients that the text names; those of X-Failed-Recipients (Exim, Gmail) where it is there."""
    mentions = find_mentions(mail.text, excluded=mail.correspondents)
    failed = list(addresses_in(mail.fields.get("x-failed-recipients", "")))
    if not failed or (mentions.are_listed and len(mentions.recipients) == len(failed)):
        return mentions
    by_address = {mention.address.lower(): mention for mention in mentions.recipients}
    named = (by_address.get(address.lower(), Mention(address, "")) for address in dict.fromkeys(failed))
    return Mentions(tuple(named), are_listed=True)


def guess_recipient(mail: Mail) -> list[Mention]:
    """The recipient of the returned message, where the notice names no address at all and only one can be meant."""
    to = list(addresses_in(mail.returned_fields.get("to", "")))
    is_clear = len(to) == 1 and not mail.returned_fields.get("cc") and not is_list_mail(mail.returned_fields)
    if not is_clear or "@" in mail.text or to[0].lower() in mail.correspondents:
        return []
    return [Mention(to[0], "")]


def ask_second_reader(mail: Mail) -> list[Mention]:
    """The recipients that flufl.bounce finds; asked only where our own reader found nobody."""
    from postroom.policy.bounce.second_reader import find_addresses  # noqa: PLC0415 - 70 ms that few readings need

    addresses = find_addresses(mail.report.head, mail.text, excluded=mail.correspondents)
    return [Mention(address, "") for address in addresses]


def from_statuses(mail: Mail, statuses: Sequence[RecipientStatus]) -> list[NoticedRecipient]:
    """The recipients as a delivery status notification reports them; the text adds words to each."""
    words = {mention.address.lower(): mention.words for mention in mentioned(mail).recipients}
    shown = _shown_session(mail) if len(statuses) == 1 else _NO_SESSION
    noticed: dict[str, NoticedRecipient] = {}
    read = 0
    for status in statuses:
        key = (status.address or "").lower()
        if key not in noticed:
            told = _told(status, words, shown) if read < _MAX_READ else ()
            read += sum(map(len, told))
            noticed[key] = _from_status(status, told, command=shown.command)
    return list(noticed.values())


def from_mentions(mail: Mail, mentions: Sequence[Mention], *, action: str) -> list[NoticedRecipient]:
    """The recipients that a notice without status fields names; `action` is failed, delayed or delivered."""
    is_single = len(mentions) == 1
    shown = _shown_session(mail) if is_single else _NO_SESSION
    shared = mail.text if is_single else _before_first(mail.text, mentions)
    before = _told_before(mail, mentions)
    noticed: list[NoticedRecipient] = []
    read = 0
    for mention in mentions:
        told = (*before, mention.words, shown.replies, shared) if read < _MAX_READ else ()
        read += sum(map(len, told))
        diagnosis, used = _diagnose_first(told, Told(action=action, command=mention.command or shown.command))
        noticed.append(
            _noticed(mention.address, diagnosis, original_address=mention.alias, action=action, diagnostic=used)
        )
    return noticed


def _before_first(text: str, mentions: Sequence[Mention]) -> str:
    """What the notice says of all its recipients, before it lists them."""
    places = [place for mention in mentions if (place := text.find(mention.address)) >= 0]
    return text[: min(places)] if places else ""


def _told_before(mail: Mail, mentions: Sequence[Mention]) -> list[str]:
    """What counts before the words beside the recipients: KDDI's mark of a filter, an account that is closed or full.

    A mobile provider that says so in its own words puts "user unknown" beside each address all the same.
    """
    mark = "X-SPASIGN: NG" if mail.fields.get("x-spasign", "").strip().upper() == "NG" else ""
    lead = _before_first(mail.text, mentions)[-_MAX_LEAD:]
    is_account = diagnose(lead, Told()).reason in (Reason.SUSPEND, Reason.MAILBOX_FULL)
    return [text for text in (mark, lead if is_account else "") if text]


def from_amazon(
    kind: str, recipients: Iterable[AmazonRecipient], *, is_permanent: bool | None
) -> list[NoticedRecipient]:
    """The recipients of a notification of Amazon SES; for `kind` see AmazonNotification."""
    noticed: list[NoticedRecipient] = []
    for recipient in recipients:
        action = recipient.action or _AMAZON_ACTIONS.get(kind)
        text = f"{recipient.diagnostic} {_spaced(recipient.category)}".strip()
        diagnosis = diagnose(text, Told(status=recipient.status, action=action, is_permanent=is_permanent))
        noticed.append(_noticed(recipient.address, diagnosis, action=action, diagnostic=recipient.diagnostic))
    return noticed


def _shown_session(mail: Mail) -> _Session:
    replies = replies_in(mail.text)
    return _Session(replies, session_command(mail.text), "\n".join(without_echoes(mail.text.split("\n"))))


def _told(status: RecipientStatus, words: Mapping[str, str], shown: _Session) -> tuple[str, ...]:
    """The texts about the recipient, the most telling first."""
    names = (status.address or "", status.original_address or "")
    beside = next((words[name.lower()] for name in names if name.lower() in words), "")
    comment = f"{status.fields.get('status', '')} {status.fields.get('diagnostic-code', '')}".partition(" ")[2]
    whole = shown.text if shown.replies or beside else ""
    return (status.diagnostic, f"{status.diagnostic} {shown.replies} {beside}", comment, whole)


def _from_status(status: RecipientStatus, told: Sequence[str], *, command: str | None) -> NoticedRecipient:
    address, original = status.address or "", status.original_address
    report = Told(
        status=status.status,
        action=status.action,
        command=find_command(" ".join(told[:2])) or command,
        category=status.fields.get("x-powermta-bouncecategory", ""),
    )
    diagnosis, used = _diagnose_first(told, report)
    return _noticed(
        address,
        diagnosis,
        original_address=original if original and original.lower() != address.lower() else None,
        action=status.action or _action_of(status.status),
        diagnostic=status.diagnostic or used,
    )


def _diagnose_first(texts: Sequence[str], report: Told) -> tuple[Diagnosis, str]:
    """By the first text that gives a telling reason, else by the first that gives any; and that text."""
    tried: list[tuple[Diagnosis, str]] = []
    for text in [text for text in texts if text.strip()] or [""]:
        tried.append((diagnose(text, report), text))
        if tried[-1][0].reason not in _VAGUE:
            break
    telling = [entry for entry in tried if entry[0].reason not in _VAGUE]
    vague = [entry for entry in tried if entry[0].reason is not None]
    diagnosis, text = (telling or vague or tried)[0]
    coded = next((other for other, _ in tried if says_something(other.status)), None)
    if coded and not says_something(diagnosis.status):
        diagnosis = replace(diagnosis, status=coded.status, is_permanent=coded.is_permanent)
    return diagnosis, text


def _noticed(
    address: str, diagnosis: Diagnosis, *, original_address: str | None = None, action: str | None, diagnostic: str
) -> NoticedRecipient:
    is_good = action in ("delivered", "relayed", "expanded")
    return NoticedRecipient(
        address=address,
        original_address=original_address,
        status=diagnosis.status,
        action=action,
        reason=Reason.DELIVERED if is_good else diagnosis.reason,
        diagnostic=" ".join(diagnostic.split())[:_MAX_DIAGNOSTIC],
        is_permanent=False if is_good else diagnosis.is_permanent,
        is_hard=False if is_good else diagnosis.is_hard,
    )


def _action_of(status: str | None) -> str | None:
    """Where the report leaves out the action: what the class of the code says."""
    return {"2": "delivered", "4": "failed", "5": "failed"}.get(status[0]) if status else None


def _spaced(words: str) -> str:
    """MailboxFull as Amazon writes it, in words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words)
