"""What is this incoming mail: a bounce, a delay, a reply of a machine, a complaint, or mail for people?

Decided from its bytes alone; what depends on the workspace's own mail (replies, aliases, loops) is decided by whoever
knows that mail. Standards come first, then the formats of the mail servers, then signs. Nothing here raises, whatever
the bytes, and the time is linear in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from postroom.policy.bounce.amazon import AmazonNotification, read_amazon_notification
from postroom.policy.bounce.mail import Mail, addresses_in, open_mail
from postroom.policy.bounce.mentions import NO_MENTIONS, Mention
from postroom.policy.bounce.reason import Reason
from postroom.policy.bounce.recipients import (
    NoticedRecipient,
    ask_second_reader,
    from_amazon,
    from_mentions,
    from_statuses,
    guess_recipient,
    mentioned,
    reported_statuses,
)
from postroom.policy.bounce.signs import (
    BOUNCE_WEIGHT,
    bounce_weight,
    has_away_subject,
    is_challenge,
    is_complaint,
    looks_like_auto_reply,
    looks_like_challenge,
    says_delayed,
    says_delivered,
    says_rejected,
)
from postroom.rfc.arf import read_feedback_report
from postroom.rfc.mdn import read_disposition

__all__ = ["Classification", "Kind", "NoticedRecipient", "Reason", "classify"]

MAX_NESTING = 3
_GOOD_ACTIONS = ("delivered", "relayed", "expanded")


class Kind(StrEnum):
    """What a mail is. The last five are told apart only with the workspace's own mail at hand."""

    BOUNCE = "bounce"
    DELAYED = "delayed"
    SUCCESS = "success"
    AUTOREPLY = "autoreply"
    CHALLENGE = "challenge"
    FEEDBACK = "feedback"
    MDN = "mdn"
    ORDINARY = "ordinary"
    LOOP = "loop"
    REPLY = "reply"
    ALIAS = "alias"
    CATCHALL = "catchall"
    UNKNOWN = "unknown"


_ACTIONS = {Kind.BOUNCE: "failed", Kind.DELAYED: "delayed", Kind.SUCCESS: "delivered"}
_AMAZON_KINDS = {
    "bounce": Kind.BOUNCE,
    "complaint": Kind.FEEDBACK,
    "delivery": Kind.SUCCESS,
    "deliverydelay": Kind.DELAYED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What a mail is, and why we think so (`why`, a sentence).

    `returned` is the message that the mail is about, or its head alone; `return_paths` are the addresses that may have
    been the return path of that message, the likeliest first: one of ours carries a token. `is_complaint`: a recipient
    does not want such mail.
    """

    kind: Kind
    why: str
    recipients: tuple[NoticedRecipient, ...] = ()
    original_message_id: str | None = None
    returned: bytes | None = None
    return_paths: tuple[str, ...] = ()
    is_complaint: bool = False


def classify(raw: bytes) -> Classification:
    """What the mail is."""
    return _classify(open_mail(raw), depth=0)


def _classify(mail: Mail, *, depth: int) -> Classification:
    report = mail.report
    if report.feedback or report.report_type == "feedback-report" or is_complaint(mail.fields):
        return _classify_feedback(mail)
    if report.disposition or report.report_type == "disposition-notification":
        return _classify_disposition(mail)
    if notification := read_amazon_notification(mail.text):
        return _classify_amazon(mail, notification)
    if statuses := reported_statuses(mail, in_text=_may_be_notice(mail, names_recipient=True)):
        recipients = from_statuses(mail, statuses)
        return _notice(mail, _kind_of(recipients), "A delivery status notification says so (RFC 3464).", recipients)
    return _classify_words(mail, depth=depth)


def _classify_words(mail: Mail, *, depth: int) -> Classification:
    """The kind of a mail that tells it in words alone."""
    is_report = mail.report.report_type == "delivery-status"
    mentions = mentioned(mail) if is_report or _may_be_notice(mail, names_recipient=True) else NO_MENTIONS
    is_notice = is_report or _may_be_notice(mail, names_recipient=mentions.are_listed)
    if not is_report and (
        is_challenge(mail.fields, mail.words)
        or (looks_like_challenge(mail.fields, mail.words) and not (is_notice and mentions.are_listed))
    ):
        return _about(mail, Kind.CHALLENGE, "It asks the sender to confirm before the mail is delivered.")
    if is_notice:
        return _classify_notice(mail, mentions.recipients, depth=depth)
    if looks_like_auto_reply(mail.fields, mail.words):
        return _about(mail, Kind.AUTOREPLY, "It was written by an automatic responder.")
    return Classification(kind=Kind.ORDINARY, why="Nothing marks it as written by a mail server or a responder.")


def _may_be_notice(mail: Mail, *, names_recipient: bool) -> bool:
    weight = bounce_weight(mail.fields, mail.words, names_recipient=names_recipient)
    return weight >= BOUNCE_WEIGHT and not has_away_subject(mail.fields)


def _classify_notice(mail: Mail, mentions: Sequence[Mention], *, depth: int) -> Classification:
    """A mail server's notice in its own words."""
    if not mentions and mail.report.returned and depth < MAX_NESTING:
        inner = _classify(open_mail(mail.report.returned), depth=depth + 1)
        if inner.kind in _ACTIONS and inner.recipients:
            return inner
    mentions = mentions or guess_recipient(mail) or ask_second_reader(mail)
    kind = _kind_by_words(mail)
    recipients = from_mentions(mail, mentions, action=_ACTIONS[kind])
    return _notice(mail, kind, "A mail server says so in its own words.", recipients)


def _kind_by_words(mail: Mail) -> Kind:
    if says_delivered(mail.subject, mail.words):
        return Kind.SUCCESS
    return Kind.DELAYED if says_delayed(mail.subject, mail.words) else Kind.BOUNCE


def _classify_feedback(mail: Mail) -> Classification:
    report = read_feedback_report(mail.report.feedback or mail.text.encode("utf-8", "replace"))
    told = (mail.returned_fields.get(name, "") for name in ("x-hmxmroriginalrecipient", "to"))
    complainers = report.recipients or tuple(address for text in told for address in addresses_in(text))[:1]
    recipients = [NoticedRecipient(address=address, reason=Reason.FEEDBACK) for address in complainers]
    why = "It is a feedback report (RFC 5965)."
    if not report.is_complaint:
        why = f"It is a feedback report (RFC 5965) of the kind “{report.feedback_type}”: no recipient has complained."
    return replace(_notice(mail, Kind.FEEDBACK, why, recipients), is_complaint=report.is_complaint)


def _classify_disposition(mail: Mail) -> Classification:
    """A read receipt, or the refusal of a mailbox's own rules, which comes as one (RFC 5429 §2.2)."""
    disposition = read_disposition(mail.report.disposition)
    addresses = [disposition.recipient] if disposition.recipient else []
    if disposition.disposition == "deleted" and says_rejected(mail.words):
        mentions = [Mention(address, mail.text) for address in addresses] or mentioned(mail).recipients
        recipients = from_mentions(mail, mentions, action="failed")
        notice = _notice(mail, Kind.BOUNCE, "The recipient's mailbox rejected the message (RFC 5429).", recipients)
    else:
        recipients = [NoticedRecipient(address=address) for address in addresses]
        notice = _notice(mail, Kind.MDN, "It tells what became of a message at its recipient (RFC 8098).", recipients)
    return replace(notice, original_message_id=disposition.original_message_id or notice.original_message_id)


def _classify_amazon(mail: Mail, notification: AmazonNotification) -> Classification:
    recipients = from_amazon(notification.type, notification.recipients, is_permanent=notification.is_permanent)
    if notification.type == "complaint":
        recipients = [NoticedRecipient(address=each.address, reason=Reason.FEEDBACK) for each in recipients]
    notice = _about(mail, _AMAZON_KINDS[notification.type], "It is a notification of Amazon SES.")
    return replace(
        notice,
        recipients=tuple(recipients),
        original_message_id=notification.message_id,
        is_complaint=notification.type == "complaint",
    )


def _kind_of(recipients: Sequence[NoticedRecipient]) -> Kind:
    """By the worst that happened to a recipient."""
    actions = {recipient.action for recipient in recipients}
    if actions <= {*_GOOD_ACTIONS}:
        return Kind.SUCCESS
    return Kind.DELAYED if actions <= {"delayed", *_GOOD_ACTIONS} else Kind.BOUNCE


def _notice(mail: Mail, kind: Kind, why: str, recipients: Sequence[NoticedRecipient]) -> Classification:
    """`why` with the recipients; of a bounce those whom the mail did reach are left out."""
    if kind in (Kind.BOUNCE, Kind.DELAYED):
        recipients = [recipient for recipient in recipients if recipient.action not in _GOOD_ACTIONS]
    return replace(_about(mail, kind, why), recipients=tuple(recipients), returned=mail.report.returned)


def _about(mail: Mail, kind: Kind, why: str) -> Classification:
    return Classification(
        kind=kind, why=why, original_message_id=mail.original_message_id, return_paths=mail.return_paths
    )
