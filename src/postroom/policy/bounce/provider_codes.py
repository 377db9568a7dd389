"""What do the codes mean that some providers put into their replies?

From the postmaster pages of Orange and La Poste, GoDaddy, Cox and Charter, Facebook, i.ua, NetEase, Yahoo, Microsoft
Exchange 5.5 and PowerMTA.
"""

import re
from collections.abc import Mapping

from postroom.policy.bounce.reason import Reason

_FRENCH = re.compile(r"\b(?:lpn|lpnaaa|ofr|ouk|sfr|gu_eib)\w{0,6}[_-](\d{3})\b", re.IGNORECASE)
_FRENCH_CODES = {
    "101": Reason.BLOCKED, "102": Reason.BLOCKED, "103": Reason.BLOCKED, "104": Reason.TOO_MANY_CONNECTIONS,
    "305": Reason.SECURITY_ERROR, "401": Reason.AUTH_FAILURE, "402": Reason.SECURITY_ERROR, "403": Reason.REJECTED,
    "405": Reason.REJECTED, "415": Reason.REJECTED, "416": Reason.USER_UNKNOWN, "417": Reason.MAILBOX_FULL,
    "418": Reason.USER_UNKNOWN, "420": Reason.SUSPEND, "421": Reason.REJECTED, "426": Reason.SUSPEND,
    "505": Reason.SYSTEM_ERROR, "506": Reason.SPAM_DETECTED, "510": Reason.BLOCKED, "514": Reason.MESSAGE_TOO_BIG,
    "517": Reason.AUTH_FAILURE, "630": Reason.POLICY_VIOLATION, "999": Reason.BLOCKED,
}  # fmt: skip
_GODADDY = re.compile(r"\b(IB\d{3})\b")
_GODADDY_CODES = {
    "IB401": Reason.SECURITY_ERROR, "IB501": Reason.NOT_COMPLIANT_RFC, "IB502": Reason.NOT_COMPLIANT_RFC,
    "IB506": Reason.REJECTED, "IB508": Reason.AUTH_FAILURE, "IB108": Reason.REQUIRE_PTR,
    "IB212": Reason.SPAM_DETECTED, "IB705": Reason.VIRUS_DETECTED, "IB605": Reason.TOO_MANY_CONNECTIONS,
    "IB007": Reason.TOO_MANY_CONNECTIONS, "IB101": Reason.RATE_LIMITED, "IB504": Reason.RATE_LIMITED,
    "IB510": Reason.RATE_LIMITED, "IB607": Reason.RATE_LIMITED, "IB103": Reason.BAD_REPUTATION,
    "IB104": Reason.BLOCKED, "IB105": Reason.BLOCKED, "IB106": Reason.BLOCKED, "IB110": Reason.BLOCKED,
    "IB111": Reason.BLOCKED, "IB112": Reason.BLOCKED, "IB113": Reason.BLOCKED,
}  # fmt: skip
_COX = re.compile(r"AUP#([A-Z]{2,6})[0-9]*")
_COX_CODES = {
    "CXBL": Reason.BLOCKED, "CDRBL": Reason.BLOCKED, "IPBL": Reason.BLOCKED, "CXDNS": Reason.REQUIRE_PTR,
    "CXSNDR": Reason.AUTH_FAILURE, "CXSMTP": Reason.REJECTED, "CXCNCT": Reason.TOO_MANY_CONNECTIONS,
    "CXMXRT": Reason.TOO_MANY_CONNECTIONS, "CXTHRT": Reason.SECURITY_ERROR, "CXMJ": Reason.SECURITY_ERROR,
    "URLBL": Reason.SPAM_DETECTED,
}  # fmt: skip
_CHARTER = re.compile(r"AUP#[-A-Za-z]{0,6}(1\d{3})")
_CHARTER_RANGES = (
    (1000, 1000, Reason.BLOCKED), (1010, 1080, Reason.REJECTED), (1090, 1090, Reason.SYSTEM_ERROR),
    (1100, 1150, Reason.REQUIRE_PTR), (1160, 1190, Reason.POLICY_VIOLATION), (1200, 1250, Reason.BLOCKED),
    (1260, 1260, Reason.NETWORK_ERROR), (1300, 1340, Reason.TOO_MANY_CONNECTIONS), (1350, 1490, Reason.RATE_LIMITED),
    (1500, 1520, Reason.REJECTED), (1530, 1530, Reason.MESSAGE_TOO_BIG), (1540, 1550, Reason.RATE_LIMITED),
    (1560, 1560, Reason.POLICY_VIOLATION), (1580, 1580, Reason.RATE_LIMITED),
)  # fmt: skip
_FACEBOOK = re.compile(r"\b((?:RCP|INT|POL|MSG|DNS|CON)-[PT]\d)\b")
_FACEBOOK_CODES = {
    "RCP-P1": Reason.USER_UNKNOWN, "INT-P1": Reason.USER_UNKNOWN, "INT-P3": Reason.USER_UNKNOWN,
    "INT-P4": Reason.USER_UNKNOWN, "RCP-P2": Reason.FILTERED, "RCP-P3": Reason.FILTERED, "POL-P1": Reason.BLOCKED,
    "POL-P2": Reason.BLOCKED, "POL-P3": Reason.BLOCKED, "POL-P4": Reason.BLOCKED, "POL-T1": Reason.BLOCKED,
    "POL-T2": Reason.BLOCKED, "POL-T3": Reason.BLOCKED, "MSG-P1": Reason.MESSAGE_TOO_BIG,
    "INT-P2": Reason.MESSAGE_TOO_BIG, "MSG-P2": Reason.CONTENT_ERROR, "MSG-P3": Reason.CONTENT_ERROR,
    "POL-P5": Reason.VIRUS_DETECTED, "POL-P6": Reason.SPAM_DETECTED, "POL-P7": Reason.AUTH_FAILURE,
    "DNS-P1": Reason.REJECTED, "DNS-P2": Reason.REJECTED, "DNS-T1": Reason.REJECTED, "DNS-P3": Reason.REQUIRE_PTR,
    "DNS-T2": Reason.REQUIRE_PTR, "CON-T1": Reason.SYSTEM_ERROR, "CON-T2": Reason.TOO_MANY_CONNECTIONS,
    "CON-T3": Reason.TOO_MANY_CONNECTIONS, "CON-T4": Reason.TOO_MANY_CONNECTIONS, "RCP-T1": Reason.SYSTEM_ERROR,
    "RCP-T4": Reason.SUSPEND, "MSG-T1": Reason.TOO_MANY_CONNECTIONS,
}  # fmt: skip
_UKRAINIAN = re.compile(r"\.i\.ua/err/(\d{1,2})")
_UKRAINIAN_CODES = {
    "1": Reason.NO_RELAYING, "2": Reason.USER_UNKNOWN, "3": Reason.SUSPEND, "4": Reason.MAILBOX_FULL,
    "5": Reason.TOO_MANY_CONNECTIONS, "6": Reason.NO_RELAYING, "7": Reason.BLOCKED, "8": Reason.REJECTED,
    "9": Reason.BLOCKED, "10": Reason.FILTERED,
}  # fmt: skip
# NetEase (163.com, 126.com): what was found in the mail, the sending server, the sender; how much came.
_NETEASE = re.compile(r"\b(DT|HL|MI:(?:SPF|DMA)|MI|RP)(?::[A-Z]{3})?\b(?<=:[A-Z]{3})")
_NETEASE_CODES = {
    "DT": Reason.SPAM_DETECTED, "HL": Reason.BLOCKED, "MI:SPF": Reason.AUTH_FAILURE, "MI:DMA": Reason.AUTH_FAILURE,
    "MI": Reason.RATE_LIMITED, "RP": Reason.RATE_LIMITED,
}  # fmt: skip
# Yahoo tells after DATA whom it does not know.
_YAHOO = re.compile(r"dd this user doesn't have an? |mail action aborted, mailbox not found", re.IGNORECASE)
_EXCHANGE = re.compile(r"MSEXCH:.{0,200}?\(([0-9A-F]{8})\)", re.DOTALL)
_EXCHANGE_CODES = {
    "000C05A6": Reason.USER_UNKNOWN, "000C0595": Reason.FILTERED, "00120270": Reason.NETWORK_ERROR,
    "00010256": Reason.TOO_MANY_CONNECTIONS, "000D06B5": Reason.SYSTEM_ERROR, "00050311": Reason.CONTENT_ERROR,
    "000502CC": Reason.CONTENT_ERROR, "000B0981": Reason.SECURITY_ERROR,
}  # fmt: skip
_POWERMTA_CATEGORIES = {
    "bad-domain": Reason.HOST_UNKNOWN, "bad-mailbox": Reason.USER_UNKNOWN, "inactive-mailbox": Reason.SUSPEND,
    "message-expired": Reason.EXPIRED, "no-answer-from-host": Reason.NETWORK_ERROR,
    "policy-related": Reason.POLICY_VIOLATION, "quota-issues": Reason.MAILBOX_FULL,
    "routing-errors": Reason.SYSTEM_ERROR, "spam-related": Reason.SPAM_DETECTED, "virus-related": Reason.VIRUS_DETECTED,
    "content-related": Reason.SPAM_DETECTED, "spam-block": Reason.BLOCKED, "bad-connection": Reason.NETWORK_ERROR,
    "protocol-errors": Reason.SYNTAX_ERROR, "invalid-sender": Reason.REJECTED, "relaying-issues": Reason.NO_RELAYING,
}  # fmt: skip
_TABLES: tuple[tuple[re.Pattern[str], Mapping[str, Reason]], ...] = (
    (_FRENCH, _FRENCH_CODES),
    (_GODADDY, _GODADDY_CODES),
    (_FACEBOOK, _FACEBOOK_CODES),
    (_COX, _COX_CODES),
    (_UKRAINIAN, _UKRAINIAN_CODES),
    (_NETEASE, _NETEASE_CODES),
    (_EXCHANGE, _EXCHANGE_CODES),
)


def find_coded_reason(text: str) -> Reason | None:
    """The reason by a provider's own code in the reply; None when there is none that is known."""
    for pattern, codes in _TABLES:
        if (match := pattern.search(text)) and match[1] in codes:
            return codes[match[1]]
    if _YAHOO.search(text):
        return Reason.USER_UNKNOWN
    if match := _CHARTER.search(text):
        number = int(match[1])
        return next((reason for low, high, reason in _CHARTER_RANGES if low <= number <= high), None)
    return None


def find_category_reason(category: str) -> Reason | None:
    """The reason by PowerMTA's X-PowerMTA-BounceCategory."""
    return _POWERMTA_CATEGORIES.get(category.strip().lower())
