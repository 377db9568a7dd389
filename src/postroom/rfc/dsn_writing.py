"""How is a report written that tells an author which recipients a message did not reach (RFC 3464, RFC 6522)?"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap

from postroom.rfc.headers import encode_date, normalise_line_ends
from postroom.rfc.message import Content, Rendered, render_content

_MAX_DIAGNOSTIC = 1_500
_FOLD_AT = 76
_NOT_PRINTABLE = re.compile(r"[^ -~]+")
_NOT_ADDRESS_CHAR = re.compile(r"[^!-~]|[\\+=]")


@dataclass(frozen=True, slots=True)
class UndeliveredTo:
    """One recipient whom the message will not reach.

    `status` is an enhanced status code (RFC 3463); `diagnostic` the server's reply with its code, "" if it gave none.
    """

    address: str
    status: str
    diagnostic: str = ""
    last_attempt_at: datetime | None = None


def render_dsn(
    explanation: str, recipients: Sequence[UndeliveredTo], *, reporting_mta: str, returned_head: bytes, boundary: str
) -> Rendered:
    """The MIME fields and body of a report that delivery failed.

    It holds the explanation for people, the fields for programs, and the header of the message, never its content
    (`returned_head`, RFC 6522 §4).
    `reporting_mta` is a host's name. `boundary` must not occur in the header that is returned.
    """
    status = b"".join([_per_message(reporting_mta), *(b"\r\n" + _per_recipient(each) for each in recipients)])
    head = normalise_line_ends(returned_head)
    parts = [
        _text_part(explanation),
        Rendered(b"Content-Type: message/delivery-status\r\n", status),
        Rendered(b"Content-Type: text/rfc822-headers\r\n" + _encoding_of(head), head),
    ]
    delimiter = f"--{boundary}\r\n".encode()
    pieces = [piece for part in parts for piece in (delimiter, part.head, b"\r\n", part.body, b"\r\n")]
    body = b"".join([*pieces, f"--{boundary}--\r\n".encode()])
    content_type = f'Content-Type: multipart/report; report-type="delivery-status";\r\n boundary="{boundary}"\r\n'
    return Rendered(b"MIME-Version: 1.0\r\n" + content_type.encode() + _encoding_of(body), body)


def _text_part(text: str) -> Rendered:
    part = render_content(Content(text, None), boundary="-")
    return Rendered(part.head.removeprefix(b"MIME-Version: 1.0\r\n"), part.body)


def _encoding_of(octets: bytes) -> bytes:
    return b"" if octets.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"


def _per_message(reporting_mta: str) -> bytes:
    return f"Reporting-MTA: dns; {reporting_mta}\r\n".encode("ascii")


def _per_recipient(recipient: UndeliveredTo) -> bytes:
    fields = [
        f"Final-Recipient: {_typed(recipient.address)}\r\n",
        "Action: failed\r\n",
        f"Status: {recipient.status}\r\n",
        *_diagnostic(recipient.diagnostic),
    ]
    octets = "".join(fields).encode("ascii")
    if recipient.last_attempt_at is not None:
        octets += encode_date("Last-Attempt-Date", recipient.last_attempt_at)
    return octets


def _typed(address: str) -> str:
    """RFC 3464 §2.3.2; an address in UTF-8 in the form that is ASCII (RFC 6533 §3)."""
    if address.isascii():
        return f"rfc822; {address}"
    return "utf-8; " + _NOT_ADDRESS_CHAR.sub(lambda char: rf"\x{{{ord(char[0]):X}}}", address)


def _diagnostic(text: str) -> Iterable[str]:
    """What is no ASCII becomes a question mark: the field has no way to carry it, and people read the explanation."""
    plain = " ".join(_NOT_PRINTABLE.sub(lambda run: " " if run[0].isspace() else "?", text).split())
    if plain:
        lines = wrap(f"Diagnostic-Code: smtp; {plain[:_MAX_DIAGNOSTIC]}", _FOLD_AT, subsequent_indent=" ")
        yield "".join(f"{line}\r\n" for line in lines)
