"""Why did a message come back, in one word and in one sentence, and does it count against the address?"""

from enum import StrEnum


class Reason(StrEnum):
    """The cause of a failure. The words are those that bounce readers have long agreed on (Sisimai's)."""

    USER_UNKNOWN = "userunknown"
    HOST_UNKNOWN = "hostunknown"
    HAS_MOVED = "hasmoved"
    NOT_ACCEPT = "notaccept"
    MAILBOX_FULL = "mailboxfull"
    SUSPEND = "suspend"
    FILTERED = "filtered"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    BAD_REPUTATION = "badreputation"
    REQUIRE_PTR = "requireptr"
    AUTH_FAILURE = "authfailure"
    SPAM_DETECTED = "spamdetected"
    VIRUS_DETECTED = "virusdetected"
    POLICY_VIOLATION = "policyviolation"
    NOT_COMPLIANT_RFC = "notcompliantrfc"
    CONTENT_ERROR = "contenterror"
    MESSAGE_TOO_BIG = "mesgtoobig"
    NO_RELAYING = "norelaying"
    SECURITY_ERROR = "securityerror"
    FAILED_STARTTLS = "failedstarttls"
    RATE_LIMITED = "speeding"
    TOO_MANY_CONNECTIONS = "toomanyconn"
    NETWORK_ERROR = "networkerror"
    EXPIRED = "expired"
    SYSTEM_ERROR = "systemerror"
    SYSTEM_FULL = "systemfull"
    MAILER_ERROR = "mailererror"
    SYNTAX_ERROR = "syntaxerror"
    FEEDBACK = "feedback"
    DELIVERED = "delivered"

    @property
    def sentence(self) -> str:
        """The cause as a person reads it beside the failed recipient."""
        return _SENTENCES[self]

    @property
    def is_dead_address(self) -> bool:
        """The address, or its whole domain, does not exist or takes no mail at all."""
        return self in _DEAD

    @property
    def is_recipient_fault(self) -> bool:
        """It lies with this recipient's mailbox, and would befall any sender's mail: only this counts against it."""
        return self in _DEAD or self in (Reason.MAILBOX_FULL, Reason.SUSPEND)


_DEAD = frozenset({Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.HAS_MOVED, Reason.NOT_ACCEPT})

_SENTENCES = {
    Reason.USER_UNKNOWN: "There is no such mailbox.",
    Reason.HOST_UNKNOWN: "The domain of the address does not exist.",
    Reason.HAS_MOVED: "The mailbox has moved and left no forwarding address.",
    Reason.NOT_ACCEPT: "The domain of the address takes no mail.",
    Reason.MAILBOX_FULL: "The mailbox is full.",
    Reason.SUSPEND: "The mailbox is closed or disabled.",
    Reason.FILTERED: "The recipient, or a filter set up for the recipient, does not want this mail.",
    Reason.REJECTED: "The server does not take mail from this sender's address.",
    Reason.BLOCKED: "The server blocks the IP address or the name of the sending server.",
    Reason.BAD_REPUTATION: "The sending server or domain has a bad reputation there.",
    Reason.REQUIRE_PTR: "The sending server's IP address has no proper name in reverse DNS.",
    Reason.AUTH_FAILURE: "SPF, DKIM or DMARC of the sending domain did not pass.",
    Reason.SPAM_DETECTED: "The message was taken for spam.",
    Reason.VIRUS_DETECTED: "The message was taken for a virus.",
    Reason.POLICY_VIOLATION: "The message breaks a rule of the recipient's organisation.",
    Reason.NOT_COMPLIANT_RFC: "The header of the message breaks the standards.",
    Reason.CONTENT_ERROR: "The content of the message cannot be processed.",
    Reason.MESSAGE_TOO_BIG: "The message is too large.",
    Reason.NO_RELAYING: "The server does not take mail for this domain from us.",
    Reason.SECURITY_ERROR: "The server wants a login or another permission.",
    Reason.FAILED_STARTTLS: "No encrypted connection could be made.",
    Reason.RATE_LIMITED: "Too much mail came in too short a time.",
    Reason.TOO_MANY_CONNECTIONS: "There were too many connections or recipients at a time.",
    Reason.NETWORK_ERROR: "The server could not be found or reached.",
    Reason.EXPIRED: "The message waited too long: every attempt failed.",
    Reason.SYSTEM_ERROR: "The recipient's server has a fault of its own.",
    Reason.SYSTEM_FULL: "The recipient's server has no space left.",
    Reason.MAILER_ERROR: "A program that the recipient's server hands mail to failed.",
    Reason.SYNTAX_ERROR: "The servers did not understand each other.",
    Reason.FEEDBACK: "The recipient reported the message as unwanted.",
    Reason.DELIVERED: "The message was delivered.",
}
