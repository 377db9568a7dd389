"""What does a reply, or what a notice quotes of one, say: which status, at which command, for which reason?"""

import re
from dataclasses import dataclass

from postroom.policy.bounce.provider_codes import find_category_reason, find_coded_reason
from postroom.policy.bounce.reason import Reason
from postroom.policy.bounce.statuses import find_status_reason
from postroom.policy.bounce.wordings import find_worded_reason
from postroom.rfc.dsn import ENHANCED_STATUS

# Reasons stand at the beginning; the wordings are compared with so much and no more.
MAX_TEXT = 1000

_REPLY_CODE = re.compile(r"(?<![\d.])([245][0-5]\d)(?![\d.])(?=[\s:#,\-]|$)")
_ADDRESS = re.compile(r"[^\s<>@:;,()\[\]]{1,64}@[\w.-]{1,255}")
_CODES_BETWEEN = re.compile(r"(?<![\d.])[245]\d\d[- ]#?[245]\.\d{1,3}\.\d{1,3}[: ]")
_COMMAND = re.compile(
    r"""in\ reply\ to\ (?:the\ )?(?P<postfix>end\ of\ DATA|[A-Z]{4})
    |(?:after|error\ following|error\ (?:in|at))\ (?P<exim>(?:end\ of\ )?[A-Z]{4})\b
    |did\ not\ like\ our\ (?P<dma>[A-Z]{4})
    |\[(?P<yahoo>RCPT|MAIL|DATA)_?(?:TO|FROM)?\]
    |SMTP:(?P<x3>RCPT|MAIL|DATA)\ host
    |for\ (?P<ionos>TEXT|RCPT|MAIL|DATA)\ command
    |\ in\ (?P<sendgrid>(?:end\ of\ )?DATA|RCPT|MAIL)\b
    |(?P<qmail_rcpt>does\ not\ like\ recipient)|(?P<qmail_mail>sender\ was\ rejected)
    |(?P<qmail_data>failed\ (?:after\ I\ sent\ the\ message|on\ DATA))
    |\(state\ (?P<gmail>\d{1,2})\)""",
    re.VERBOSE,
)
_QUOTED_REPLY = re.compile(r"[245]\.\d\.\d - .{0,60}? error (\d{3})-['\"](.+?)['\"](?:\s|$)")
_INTRODUCED_REPLY = re.compile(
    r"(?:returned was|response (?:from the remote server )?was|\bsaid|responded(?: as follows)?|server returned)\W{1,4}"
    r"(?=[245]\d\d\b)"
)
# What Google's "state" numbers mean.
_GMAIL_COMMANDS = {"13": "MAIL", "14": "RCPT", "15": "DATA", "17": "END OF DATA", "18": "END OF DATA"}
_QMAIL_COMMANDS = {"qmail_rcpt": "RCPT", "qmail_mail": "MAIL", "qmail_data": "END OF DATA"}
# A host or address that is unknown in reply to these is the sender's.
_ABOUT_SENDERS = {"MAIL": Reason.REJECTED, "EHLO": Reason.BLOCKED, "HELO": Reason.BLOCKED}
_BAD_SENDER = ("1.7", "1.8")  # RFC 3463 §3.2
_COMMANDS = frozenset({"RCPT", "MAIL", "DATA", "EHLO", "HELO", "AUTH", "END OF DATA", "CONNECT"})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why one recipient's delivery failed.

    `status` is the RFC 3463 code as it stands in the mail; `is_permanent` None where neither a code nor the notice
    says; `is_hard` None where no reason is known.
    """

    reason: Reason | None
    status: str | None
    is_permanent: bool | None
    is_hard: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What stands beside the words: the report's own status and action, the SMTP command that was refused.

    `category` is PowerMTA's; `is_permanent` counts where neither a code nor the action tells.
    """

    status: str | None = None
    action: str | None = None
    command: str | None = None
    category: str = ""
    is_permanent: bool | None = None


def diagnose(text: str, told: Told) -> Diagnosis:
    """`text` is the reply, or what a notice says instead."""
    text = text[:MAX_TEXT]
    command = told.command or find_command(text)
    text = _unwrap(text)
    status = choose_status(text, told.status)
    permanent = _is_permanent(text, status, told)
    reason = _find_reason(text, status, command) or find_category_reason(told.category)
    if reason is Reason.HOST_UNKNOWN and permanent is False:
        reason = Reason.NETWORK_ERROR  # name servers fail too; such a domain may be found tomorrow
    return Diagnosis(reason, status, permanent, _is_hard(reason, permanent=permanent, action=told.action))


def says_something(status: str | None) -> bool:
    """Whether the code is more than its class: X.0.0 leaves everything open (RFC 3463 §3.1)."""
    return status is not None and not status.endswith(".0.0")


def choose_status(text: str, status: str | None) -> str | None:
    """The report's status, or the reply's where the report's says nothing (X.0.0) or is missing."""
    if says_something(status):
        return status
    found = [match[1] for match in ENHANCED_STATUS.finditer(text)]
    return next((code for code in found if says_something(code)), status or next(iter(found), None))


def find_command(text: str) -> str | None:
    """The SMTP command that was refused, by the phrases of many servers; `END OF DATA` is the message itself."""
    match = _COMMAND.search(text)
    if match is None or match.lastgroup is None:
        return None
    if match.lastgroup == "gmail":
        return _GMAIL_COMMANDS.get(match["gmail"])
    if match.lastgroup in _QMAIL_COMMANDS:
        return _QMAIL_COMMANDS[match.lastgroup]
    command = match[match.lastgroup].upper()
    if command == "TEXT" or command.startswith("END"):
        return "END OF DATA"
    return command if command in _COMMANDS else None


def find_reply_code(text: str) -> int | None:
    """The first SMTP reply code that reports a failure."""
    match = _REPLY_CODE.search(text)
    return int(match[1]) if match and match[1][0] in "45" else None


def _find_reason(text: str, status: str | None, command: str | None) -> Reason | None:
    code = status[2:] if status else ""
    if coded := find_coded_reason(text):
        return coded
    reason = find_worded_reason(_normalise(text), code)
    if reason is Reason.USER_UNKNOWN:
        return _doubt_unknown_user(code, command)
    if reason is Reason.HOST_UNKNOWN and command in _ABOUT_SENDERS:
        return _ABOUT_SENDERS[command]
    if reason is Reason.FILTERED and code == "1.1":
        return Reason.USER_UNKNOWN
    if _says_little(reason) and (by_status := find_status_reason(status)):
        return by_status
    if reason is not None:
        return reason
    return _reason_by_command(command, find_reply_code(text))


def _doubt_unknown_user(code: str, command: str | None) -> Reason:
    """A server knows its users at RCPT: one that says "unknown" after it has taken the message rather filters it.

    A status of its own decides, and X.2.z is about a mailbox that exists (RFC 3463 §3.3).
    """
    if command == "MAIL" or code in _BAD_SENDER:
        return Reason.REJECTED
    if code.startswith("1."):
        return Reason.USER_UNKNOWN
    if code.startswith("2.") and command != "RCPT":
        return find_status_reason(f"5.{code}") or Reason.FILTERED
    return Reason.FILTERED if command == "END OF DATA" else Reason.USER_UNKNOWN


def _says_little(reason: Reason | None) -> bool:
    return reason in (None, Reason.EXPIRED, Reason.SECURITY_ERROR, Reason.SYSTEM_ERROR, Reason.SYNTAX_ERROR)


def _reason_by_command(command: str | None, reply_code: int | None) -> Reason | None:
    if command == "CONNECT":
        return Reason.BLOCKED
    if command in _ABOUT_SENDERS:
        return _ABOUT_SENDERS[command]
    if reply_code in (521, 556):  # RFC 7504
        return Reason.NOT_ACCEPT
    if reply_code == 525:
        return Reason.SUSPEND
    return None


def _is_permanent(text: str, status: str | None, told: Told) -> bool | None:
    if status:
        return status[0] == "5"
    if (code := find_reply_code(text)) is not None:
        return code >= 500
    return False if told.action == "delayed" else told.is_permanent


def _is_hard(reason: Reason | None, *, permanent: bool | None, action: str | None) -> bool | None:
    if reason is None:
        return None
    if reason is Reason.NOT_ACCEPT and permanent is False:
        return False
    return reason.is_dead_address and action != "delayed"


def _unwrap(text: str) -> str:
    """The remote server's own reply where the notice quotes it among its own words.

    Cisco's gateways put a code and words of their own choice before a reply that they do not understand.
    """
    if quoted := _QUOTED_REPLY.search(text):
        return f"{quoted[1]} {quoted[2]}"
    quoted = _INTRODUCED_REPLY.search(text)
    return text[quoted.end() :] if quoted else text


def _normalise(text: str) -> str:
    text = _ADDRESS.sub("@", text)  # people are called mailboxfull@ and spam@
    return " ".join(_CODES_BETWEEN.sub(" ", text.replace("’", "'")).lower().split())
