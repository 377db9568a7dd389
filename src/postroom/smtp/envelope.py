"""Who is a message from and for on the wire: the envelope, and its MAIL and RCPT commands (RFC 5321 §4.1.1)?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from postroom.errors import AddressError
from postroom.smtp.extensions import Extensions

# One mailbox of a path, local part plain or quoted; anything looser could smuggle parameters or commands in.
_WORD = r'[^\s"<>()@\x00-\x20\x7f]+'
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"'
_MAILBOX = re.compile(rf"(?:{_WORD}|{_QUOTED})(?:@{_WORD})?")
# RFC 3461 §4: a longer one may be refused, and the recipient with it; encoding triples odd octets.
MAX_ORCPT = 500
_NOT_XCHAR = re.compile(rb"[^!-~]|[+=]")
_NOT_QCHAR = re.compile(r"[^!-~]|[\\+=]")


@dataclass(frozen=True, slots=True)
class DsnRequest:
    """Which delivery reports are wanted (RFC 3461 §4).

    `notify`: SUCCESS, FAILURE, DELAY, or NEVER alone; empty leaves it to the server. `returns`: FULL or HDRS.
    `original_recipients` stands beside the envelope's recipients; empty means they are the original ones.
    """

    notify: tuple[str, ...] = ()
    returns: str | None = None
    envelope_id: str | None = None
    original_recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """One transaction's sender and recipients, as addr-specs with A-label domains; return path "" is the null path.

    `size` is the message's length in octets. `needs_8bit` and `needs_smtputf8` speak of the message; that an address
    holds non-ASCII is seen from the address. Raises AddressError for what cannot stand in a path.
    """

    return_path: str
    recipients: tuple[str, ...]
    size: int
    needs_8bit: bool = False
    needs_smtputf8: bool = False
    dsn: DsnRequest | None = None

    def __post_init__(self) -> None:
        if not self.recipients:
            raise AddressError("a message needs a recipient", field="recipients")
        if self.return_path and not _MAILBOX.fullmatch(self.return_path):
            raise AddressError(f"{self.return_path!r} cannot be a return path", field="return_path")
        for recipient in self.recipients:
            if not _MAILBOX.fullmatch(recipient):
                raise AddressError(f"{recipient!r} cannot be a recipient", field="recipients")

    def only(self, indexes: Sequence[int]) -> "Envelope":
        """The envelope with the recipients at these places alone."""
        if len(indexes) == len(self.recipients):
            return self
        dsn = self.dsn
        if dsn and dsn.original_recipients:
            dsn = replace(dsn, original_recipients=tuple(dsn.original_recipients[index] for index in indexes))
        return replace(self, recipients=tuple(self.recipients[index] for index in indexes), dsn=dsn)


def mail_command(envelope: Envelope, offers: Extensions) -> bytes:
    """MAIL FROM with the parameters that this envelope needs and the server offers."""
    parts = [b"MAIL FROM:<%b>" % envelope.return_path.encode()]
    if offers.size:
        parts.append(b"SIZE=%d" % envelope.size)
    if envelope.needs_8bit and offers.eight_bit:
        parts.append(b"BODY=8BITMIME")
    if offers.smtputf8 and (envelope.needs_smtputf8 or not _is_ascii(envelope)):
        parts.append(b"SMTPUTF8")
    if envelope.dsn and offers.dsn:
        parts += _dsn_mail_parameters(envelope.dsn)
    return b" ".join(parts) + b"\r\n"


def rcpt_command(envelope: Envelope, index: int, offers: Extensions) -> bytes:
    """RCPT TO for the recipient at `index`."""
    recipient = envelope.recipients[index]
    if not (envelope.dsn and offers.dsn):
        return b"RCPT TO:<%b>\r\n" % recipient.encode()
    originals = envelope.dsn.original_recipients or envelope.recipients
    parts = [b"RCPT TO:<%b>" % recipient.encode()]
    if envelope.dsn.notify:
        parts.append(b"NOTIFY=" + ",".join(envelope.dsn.notify).encode("ascii"))
    original = b"ORCPT=" + _typed_address(originals[index])
    if len(original) <= MAX_ORCPT:
        parts.append(original)
    return b" ".join(parts) + b"\r\n"


def _is_ascii(envelope: Envelope) -> bool:
    return envelope.return_path.isascii() and all(map(str.isascii, envelope.recipients))


def _dsn_mail_parameters(dsn: DsnRequest) -> list[bytes]:
    parameters = []
    if dsn.returns:
        parameters.append(b"RET=" + dsn.returns.encode("ascii"))
    if dsn.envelope_id:
        parameters.append(b"ENVID=" + _xtext(dsn.envelope_id.encode()))
    return parameters


def _typed_address(address: str) -> bytes:
    if address.isascii():
        return b"rfc822;" + _xtext(address.encode())
    # utf-8-addr-xtext, RFC 6533 §3: fit for any server on the way, SMTPUTF8 or not.
    return b"utf-8;" + _NOT_QCHAR.sub(lambda char: rf"\x{{{ord(char[0]):X}}}", address).encode("ascii")


def _xtext(octets: bytes) -> bytes:
    return _NOT_XCHAR.sub(lambda octet: b"+%02X" % ord(octet[0]), octets)
