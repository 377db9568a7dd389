"""Why did a server refuse? The causes an operator can act on, and the signs by which a reply is known to mean one.

Statuses are RFC 3463 and the IANA registry that followed it (RFC 5248); words are those of the large providers and of
Postfix, Exim and Exchange, which often disagree with their own codes.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from postroom.rfc.reply import Reply
from postroom.rfc.session import Phase


class Reach(StrEnum):
    """What else the same failure would befall."""

    RECIPIENT = "recipient"  # all mail to this recipient
    MESSAGE = "message"  # this message to anyone
    IDENTITY = "identity"  # all mail with this From or return path through this server
    SERVER = "server"  # all mail through this server


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of refusal. `waits`: the fault is ours or mendable, so mail waits even where the server says 5yz."""

    id: str
    reach: Reach
    sentence: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """A reply means `cause` when every given property fits.

    `status` is matched from the start of the enhanced status without its class ("1.1"), `words` anywhere in the text.
    """

    cause: Cause
    codes: tuple[int, ...] = ()
    status: str | None = None
    words: str | None = None
    phases: tuple[Phase, ...] = ()

    def fits(self, reply: Reply, phase: Phase) -> bool:
        status = (reply.enhanced or "")[2:]
        return (
            (not self.codes or reply.code in self.codes)
            and (not self.phases or phase in self.phases)
            and (self.status is None or re.fullmatch(self.status, status) is not None)
            and (self.words is None or re.search(self.words, reply.text, re.IGNORECASE) is not None)
        )


def _server(cause_id: str, sentence: str) -> Cause:
    return Cause(cause_id, Reach.SERVER, sentence, waits=True)


def _identity(cause_id: str, sentence: str) -> Cause:
    return Cause(cause_id, Reach.IDENTITY, sentence, waits=True)


LOGIN_REFUSED = _server(
    "login-refused",
    "The server refused the login. Check user name and password; Google and Microsoft want OAuth or an app password.",
)
ENCRYPTION_REQUIRED = _server(
    "encryption-required", "The server wants an encrypted connection. Set the encryption to STARTTLS or SSL/TLS."
)
SENDING_LIMIT = _server(
    "sending-limit", "The server finds the pace too fast. Postroom goes slower for a while; lower this server's rate."
)
CONNECTION_LIMIT = _server(
    "connection-limit",
    "The server takes fewer connections at once. Postroom uses fewer for a while; lower this server's number of them.",
)
DAILY_LIMIT = _server(
    "daily-limit",
    "The server's limit for the day is reached. Mail waits until it opens; enter the limit here to see a forecast.",
)
RELAY_DENIED = _server(
    "relay-denied",
    "The server does not relay for us. It may need a login, or our IP address among those it trusts.",
)
ADDRESS_BLOCKED = _server(
    "address-blocked",
    "The server blocks our IP address. Look it up in the named block list, or send through a provider.",
)
PROTOCOL = _server(
    "protocol", "The server did not understand or misunderstood a command. Its words may tell; the mail is tried again."
)
SERVER_UNAVAILABLE = _server("server-unavailable", "The server has a problem of its own. Mail waits until it is over.")
# Refusals that teach to go slower; with a connection made, the server works all the same.
SLOWING = frozenset({SENDING_LIMIT.id, CONNECTION_LIMIT.id})
SENDER_REFUSED = _identity(
    "sender-refused",
    "The server does not let us send as this address. Allow or verify it at the provider, or set this server's FROM "
    "filter to the addresses it accepts.",
)
UNAUTHENTICATED = _identity(
    "unauthenticated-mail",
    "SPF, DKIM or DMARC of the sending domain did not pass. Compare the domain's DNS records with those shown for it.",
)
TOO_MANY_RECIPIENTS = Cause(
    "too-many-recipients", Reach.RECIPIENT, "The server takes fewer recipients at a time. The rest follows.", waits=True
)
GREYLISTED = Cause("greylisted", Reach.RECIPIENT, "The server delays mail from senders it does not know (greylisting).")
RECIPIENT_UNKNOWN = Cause(
    "recipient-unknown", Reach.RECIPIENT, "There is no such mailbox. Check the address for a typing error."
)
DOMAIN_UNKNOWN = Cause(
    "recipient-domain-unknown", Reach.RECIPIENT, "The recipient's domain takes no mail. Check the part after the @."
)
MAILBOX_FULL = Cause("mailbox-full", Reach.RECIPIENT, "The recipient's mailbox is full.")
MAILBOX_DISABLED = Cause("mailbox-disabled", Reach.RECIPIENT, "The recipient's mailbox is closed or disabled.")
ROUTING_LOOP = Cause("routing-loop", Reach.RECIPIENT, "The recipient's mail is forwarded in a circle.")
RECIPIENT_REFUSED = Cause("recipient-refused", Reach.RECIPIENT, "The recipient's server does not take mail from us.")
RECIPIENT_DEFERRED = Cause(
    "recipient-deferred", Reach.RECIPIENT, "The recipient cannot be reached for the moment.", waits=True
)
TOO_LARGE = Cause("too-large", Reach.MESSAGE, "The message is too large. Send a link instead of the attachment.")
MESSAGE_REFUSED = Cause("message-refused", Reach.MESSAGE, "The server does not accept the message's content.")
MESSAGE_DEFERRED = Cause("message-deferred", Reach.MESSAGE, "The server did not take the message this time.")
NEEDS_SMTPUTF8 = Cause(
    "needs-smtputf8", Reach.MESSAGE, "An address has non-ASCII letters before the @, which the server cannot handle."
)
NEEDS_8BITMIME = Cause(
    "needs-8bitmime", Reach.MESSAGE, "The message has 8-bit content, which the server cannot handle."
)

CAUSES = tuple(value for value in list(globals().values()) if isinstance(value, Cause))
_CONTENT = (Phase.DATA, Phase.MESSAGE)
# With 4yz the same statuses say less: "4.1.1 unverified address", "4.1.2 name server timed out".
_FINAL = (501, 550, 551, 552, 553, 554)

# The first sign that fits decides: what is clear from words before what codes leave open.
SIGNS: tuple[Sign, ...] = (
    Sign(ENCRYPTION_REQUIRED, codes=(530, 538, 554, 550), words=r"\bstarttls\b|(requires?|must).{0,20}(tls|encrypt)"),
    Sign(LOGIN_REFUSED, codes=(530, 534, 535, 538)),
    Sign(LOGIN_REFUSED, status=r"7\.(8|9|11|12|13|14)"),
    Sign(LOGIN_REFUSED, words=r"authentication (is )?required|not (been )?authenticated"),
    Sign(LOGIN_REFUSED, phases=(Phase.LOGIN,)),
    Sign(GREYLISTED, words=r"gr[ae]y-?list"),
    Sign(TOO_MANY_RECIPIENTS, status=r"5\.3"),
    Sign(TOO_MANY_RECIPIENTS, codes=(452, 552), words=r"too many recipients", phases=(Phase.RCPT,)),
    Sign(RECIPIENT_DEFERRED, status=r"2\.1", codes=(421, 450, 451, 452)),
    Sign(MAILBOX_FULL, status=r"2\.2"),
    Sign(DAILY_LIMIT, status=r"4\.5", codes=(550, 552, 554)),
    Sign(
        DAILY_LIMIT,
        words=r"(daily|24[- ]hours?|per day|today).{0,40}(limit|quota|exceed|maximum)"
        r"|(limit|quota|exceed|maximum).{0,40}(daily|24[- ]hours?|per day|today)",
    ),
    Sign(
        CONNECTION_LIMIT,
        words=r"(too many|concurrent|simultaneous|number of) .{0,20}(connections?|sessions?|threads?)|thread limit",
    ),
    Sign(CONNECTION_LIMIT, codes=(432,), status=r"3\.2"),
    Sign(
        SENDING_LIMIT,
        words=r"(sending|message|daily|hourly|rate|connections?) (rate |user )?(sending )?(limit|quota)|throttl"
        r"|too many (messages|e-?mails|connections|concurrent|sessions)|thread limit|(sending|message|connection) rate"
        r"|rate.?limit|sends? too (fast|many)",
    ),
    Sign(SENDING_LIMIT, status=r"4\.5|7\.(28|705|708)"),
    Sign(SENDING_LIMIT, codes=(421,), status=r"7\.\d+"),
    Sign(
        SENDER_REFUSED,
        words=r"sendas|not owned by|sender identity|permissions? to send as"
        r"|(address|identity|domain|sender)\b.{0,40}not (yet )?verified"
        r"|sender (address )?(is )?(rejected|not (allowed|authori[sz]ed|permitted))"
        r"|not (allowed|authori[sz]ed|permitted) to send (mail |e-?mail )?(as|from|on behalf)",
    ),
    Sign(SENDER_REFUSED, status=r"1\.[78]|7\.60|2\.252"),
    Sign(UNAUTHENTICATED, status=r"7\.2[0-7]"),
    Sign(UNAUTHENTICATED, words=r"\b(dmarc|dkim|spf)\b.{0,60}(fail|reject|polic|not pass|unauth)|unauthenticated"),
    Sign(RELAY_DENIED, words=r"\brelay(ing)?\b.{0,30}(den|not|prohibit|reject)|(not|unable|cannot).{0,20}\brelay"),
    Sign(
        ADDRESS_BLOCKED, words=r"client host|spamhaus|\b(dns|r)bls?\b|\b(your|sending|client|source) ip\b|reverse dns"
    ),
    Sign(MAILBOX_FULL, words=r"over ?quota|quota exceeded|exceeded.{0,20}quota|(mailbox|inbox) (is )?full"),
    Sign(TOO_LARGE, status=r"3\.4|2\.3"),
    Sign(TOO_LARGE, codes=(552,), phases=(Phase.MAIL, *_CONTENT)),
    Sign(RECIPIENT_UNKNOWN, codes=_FINAL, status=r"1\.(0|1|3|4|6)", phases=(Phase.RCPT, *_CONTENT)),
    Sign(DOMAIN_UNKNOWN, codes=_FINAL, status=r"1\.(2|10)|4\.4"),
    Sign(DOMAIN_UNKNOWN, codes=(556,)),
    Sign(MAILBOX_DISABLED, status=r"2\.1"),
    Sign(ROUTING_LOOP, status=r"4\.(6|14)"),
    Sign(NEEDS_SMTPUTF8, status=r"6\.7"),
    Sign(MESSAGE_REFUSED, status=r"6\.\d+"),
    Sign(SERVER_UNAVAILABLE, codes=(421, 521)),
    Sign(SERVER_UNAVAILABLE, status=r"3\.[1235]"),
    Sign(SERVER_UNAVAILABLE, status=r"3\.0", codes=(450, 451, 452)),
    Sign(RECIPIENT_UNKNOWN, codes=(501, 550, 551, 553), status="", phases=(Phase.RCPT,)),
    # RFC 5321 §4.5.3.1.10: old servers say 552 for too many recipients; take it for temporary.
    Sign(RECIPIENT_DEFERRED, codes=(552,), phases=(Phase.RCPT,)),
    Sign(PROTOCOL, codes=(500, 502, 503, 504, 555)),
    Sign(PROTOCOL, status=r"5\.\d+"),
    Sign(PROTOCOL, codes=(501,), phases=(*_CONTENT,)),
)

# What the code alone says: (cause of a 5yz, cause of anything else).
_BY_PHASE = {
    Phase.MAIL: (SENDER_REFUSED, SERVER_UNAVAILABLE),
    Phase.RCPT: (RECIPIENT_REFUSED, RECIPIENT_DEFERRED),
    Phase.DATA: (MESSAGE_REFUSED, MESSAGE_DEFERRED),
    Phase.MESSAGE: (MESSAGE_REFUSED, MESSAGE_DEFERRED),
}


def find_cause(reply: Reply, phase: Phase) -> Cause:
    """The most telling cause of a reply that is no acceptance."""
    for sign in SIGNS:
        if sign.fits(reply, phase):
            return sign.cause
    permanent, otherwise = _BY_PHASE.get(phase, (SERVER_UNAVAILABLE, SERVER_UNAVAILABLE))
    return permanent if reply.is_permanent else otherwise
