"""Which reason does an enhanced status code alone give?

RFC 3463 and the IANA registry (RFC 5248), with the codes that Microsoft added. Asked only after the words, for servers
choose codes with less care.
"""

from postroom.policy.bounce.reason import Reason

# By the code without its class; 4yz and 5yz say the same where the table has no entry with a class.
_BY_STATUS = {
    "1.0": Reason.USER_UNKNOWN, "1.1": Reason.USER_UNKNOWN, "1.2": Reason.HOST_UNKNOWN, "1.3": Reason.USER_UNKNOWN,
    "1.4": Reason.FILTERED, "1.6": Reason.HAS_MOVED, "1.7": Reason.REJECTED, "1.8": Reason.REJECTED,
    "1.9": Reason.SYSTEM_ERROR, "1.10": Reason.NOT_ACCEPT,
    "2.0": Reason.FILTERED, "2.1": Reason.SUSPEND, "2.2": Reason.MAILBOX_FULL, "2.3": Reason.MESSAGE_TOO_BIG,
    "2.4": Reason.FILTERED,
    "3.0": Reason.SYSTEM_ERROR, "3.1": Reason.SYSTEM_FULL, "3.2": Reason.NOT_ACCEPT, "3.3": Reason.SYSTEM_ERROR,
    "3.4": Reason.MESSAGE_TOO_BIG, "3.5": Reason.SYSTEM_ERROR, "3.6": Reason.SYSTEM_ERROR,
    "4.0": Reason.NETWORK_ERROR, "4.1": Reason.EXPIRED, "4.2": Reason.NETWORK_ERROR, "4.3": Reason.SYSTEM_ERROR,
    "4.4": Reason.HOST_UNKNOWN, "4.5": Reason.SYSTEM_FULL, "4.6": Reason.NETWORK_ERROR, "4.7": Reason.EXPIRED,
    "4.8": Reason.NETWORK_ERROR, "4.14": Reason.NETWORK_ERROR, "4.310": Reason.HOST_UNKNOWN,
    "4.312": Reason.NETWORK_ERROR, "4.316": Reason.EXPIRED, "4.317": Reason.FAILED_STARTTLS, "4.300": Reason.EXPIRED,
    "5.0": Reason.SYNTAX_ERROR, "5.1": Reason.SYNTAX_ERROR, "5.2": Reason.SYNTAX_ERROR,
    "5.3": Reason.TOO_MANY_CONNECTIONS, "5.4": Reason.SYSTEM_ERROR, "5.5": Reason.SYSTEM_ERROR,
    "5.6": Reason.SYNTAX_ERROR,
    "7.0": Reason.SECURITY_ERROR, "7.1": Reason.SECURITY_ERROR, "7.2": Reason.REJECTED, "7.7": Reason.SECURITY_ERROR,
    "7.13": Reason.SUSPEND, "7.17": Reason.HAS_MOVED, "7.18": Reason.HAS_MOVED, "7.16": Reason.MESSAGE_TOO_BIG,
    "7.10": Reason.FAILED_STARTTLS, "7.25": Reason.REQUIRE_PTR, "7.27": Reason.REJECTED,
    "7.12": Reason.REJECTED, "7.57": Reason.SECURITY_ERROR, "7.508": Reason.RATE_LIMITED,
    "7.509": Reason.AUTH_FAILURE, "7.511": Reason.REJECTED, "7.512": Reason.POLICY_VIOLATION,
}  # fmt: skip
_BY_PREFIX = (
    ("1.35", Reason.USER_UNKNOWN),  # Exchange Online: an address that the remote server did not know
    ("7.20", Reason.AUTH_FAILURE),
    ("7.2", Reason.AUTH_FAILURE),
    ("7.50", Reason.SPAM_DETECTED),
    ("7.60", Reason.BLOCKED), ("7.61", Reason.BLOCKED), ("7.62", Reason.BLOCKED), ("7.63", Reason.BLOCKED),
    ("7.64", Reason.BLOCKED),
    ("7.65", Reason.BAD_REPUTATION),
    ("7.7", Reason.RATE_LIMITED),
    ("7.13", Reason.REJECTED),
    ("7.", Reason.SECURITY_ERROR),
    ("6.", Reason.CONTENT_ERROR),
    ("3.", Reason.SYSTEM_ERROR), ("4.", Reason.NETWORK_ERROR), ("5.", Reason.SYNTAX_ERROR),
)  # fmt: skip


def find_status_reason(status: str | None) -> Reason | None:
    """The reason by the code; None where it says nothing, as 5.0.0 does."""
    if not status or not status[2:] or status[0] not in "45":
        return None
    code = status[2:]
    if code in _BY_STATUS:
        return _BY_STATUS[code]
    return next((reason for prefix, reason in _BY_PREFIX if code.startswith(prefix)), None)
