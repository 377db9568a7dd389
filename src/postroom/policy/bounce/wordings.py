"""By which words does a server or a notice give its reason?

The first entry that fits decides, so an entry that says what a more general one below it would misread stands above
it. Texts are compared in lower case, with single blanks, without the codes that stand between the words.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from postroom.policy.bounce.phrases import compile_phrases
from postroom.policy.bounce.reason import Reason
from postroom.policy.bounce.wordings_of_languages import FULL_IN_LANGUAGES, MISSING_IN_LANGUAGES
from postroom.policy.bounce.wordings_of_recipients import FULL_MAILBOXES, MISSING_RECIPIENTS
from postroom.policy.bounce.wordings_of_senders import REFUSED_MESSAGES, REFUSED_SENDERS


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that mean `reason`, when the status without its class ("7.1") matches too where one is asked for."""

    reason: Reason
    words: re.Pattern[str]
    status: re.Pattern[str] | None = None

    def fits(self, text: str, status: str) -> bool:
        return (self.status is None or self.status.fullmatch(status) is not None) and bool(self.words.search(text))


@lru_cache(maxsize=512)  # a server says the same of many recipients
def find_worded_reason(text: str, status: str) -> Reason | None:
    """The reason that the text gives in words; `status` is the RFC 3463 code without its class, "" when unknown."""
    return next((wording.reason for wording in _WORDINGS if wording.fits(text, status)), None)


def _of(reason: Reason, lines: str, *, status: str | None = None) -> Wording:
    return Wording(reason, compile_phrases(lines), re.compile(status) if status else None)


_MISLEADING = (
    _of(
        Reason.REJECTED,
        r"""
        does not exist e2110
        sender (e-?mail )?address ... (does not exist|undeliverable)
        """,
    ),
    # au (KDDI): with an empty address it is the user's own filter.
    _of(Reason.FILTERED, r"550[ :]*: user unknown"),
    _of(
        Reason.FILTERED,
        r"""
        each of the following recipients was rejected by a remote
        user does not exist, but will deliver to
        """,
    ),
    _of(Reason.SUSPEND, r"recipient address rejected: access denied", status=r"7\.50[45]"),
    # Exchange Online for addresses that its directory lacks, Postfix for addresses that take no mail.
    _of(Reason.USER_UNKNOWN, r"recipient address rejected: access denied"),
    _of(
        Reason.SYSTEM_ERROR,
        r"""
        (recipient|remote|mail) server (is )?(temporarily )?(unavailable|busy|error)
        (recipient|service) (is )?temporarily unavailable
        """,
    ),
    _of(Reason.SYSTEM_ERROR, r"resolver\.adr\.(badprimary|invalidinsmtp|ambiguous)"),
    _of(Reason.SYNTAX_ERROR, "bad address syntax"),
    # Postfix asks the recipient's server before it takes mail, and was not answered yet; name servers failed; Exim's
    # words for an MX record that leads to the sending server itself.
    _of(
        Reason.NETWORK_ERROR,
        r"""
        unverified address: |address verification in progress
        host not found, try again|mx record points to local host
        """,
    ),
    # The name that the sending server gave at EHLO.
    _of(Reason.BLOCKED, "invalid domain name", status=r"5\.4"),
    _of(Reason.NOT_ACCEPT, "inbounds? disabled"),
    # iCloud, of addresses that were closed long ago.
    _of(Reason.USER_UNKNOWN, "inactive e-?mail address|mailbox is inactive", status=r"1\.1"),
)
_VAGUE = (
    _of(
        Reason.NETWORK_ERROR,
        r"""
        no route to|no valid route|unable to (route|resolve)|all routes
        (could not|cannot|can't|unable to|failed to) connect
        connection (was )?(refused|lost|closed|failed|failure)|lost connection|socket error
        host (is )?(unreachable|not found, try again)|host name lookup|name server|no mx or a
        dns (error|records?)|temporary failure in mx|had no relevant answers|malformed name server
        network (is )?(unreachable|error)|unrouteable mail domain|address family mismatch
        establish an smtp connection|not reachable within ... period
        """,
    ),
    _of(
        Reason.EXPIRED,
        r"""
        connection time-?out|timed? ?out|server did not respond|not responding
        (been|was) in the queue too long|too long in (the )?queue|multiple retries|numerous attempts
        not reachable within|failing for a long time|long failure period|giving up|retry time not reached
        (could|can) ?not be delivered (for|within|after)|not delivered within|retry timeout exceeded
        (has been|is|was) delayed|delivery attempts will continue|could not deliver for the last
        failed [0-9]+ attempts
        did not accept ... requests? to connect|envelope expired|(delivery|message|queue)[ .](time )?expired
        has been frozen|was frozen|still undelivered|not been collected|host not reachable|max(imum)? retr
        failed to deliver to domain|could not find a gateway for|gave up
        """,
    ),
    _of(
        Reason.MAILER_ERROR,
        r"""
        x-unix|command (failed|died|output)|mailer error|procmail|maildrop|pipe to \||\|\| ?exit|bin/
        unknown mailer|local delivery failed
        """,
    ),
    _of(
        Reason.SECURITY_ERROR,
        r"""
        authenticat|authentif|not authori[sz]ed|access denied|permission denied|account not subscribed|credentials
        smtp auth|executable files are not allowed|verification failure|ses:sendrawemail|not allowed
        """,
    ),
    _of(
        Reason.SYSTEM_ERROR,
        r"""
        (system|internal|local|server|configuration|temporary|software|write|processing) (\S+ )?(error|problem|fail)
        misconfigured|interrupted system call|service (currently )?(not available|unavailable|not active)
        unable to process|resources? (are )?temporarily|server busy|\bldap\b|no mdb|several matches|could not load
        bad interpreter|forwarding loop broken|timeout waiting for input|transaction failed|can't create user output
        """,
    ),
    _of(
        Reason.SYNTAX_ERROR,
        r"syntax error|bad sequence|unrecogni[sz]ed command|malformed address|expected word|nested too",
    ),
)
_WORDINGS = (
    *_MISLEADING,
    *(_of(reason, lines) for reason, lines in (*FULL_MAILBOXES, *FULL_IN_LANGUAGES)),
    *(_of(reason, lines, status=status) for reason, lines, status in REFUSED_SENDERS),
    *(_of(reason, lines) for reason, lines in REFUSED_MESSAGES),
    *(_of(reason, lines) for reason, lines in (*MISSING_RECIPIENTS, *MISSING_IN_LANGUAGES)),
    *_VAGUE,
)
