"""How is a reply written on the wire: enhanced status, line length, and nothing in it that could pass for another?"""

import re
from textwrap import wrap

# RFC 5321 §4.5.3.1.5: 512 octets with code and CRLF; a character may take four octets under SMTPUTF8.
MAX_TEXT = 120
# RFC 2034 §4 wants a status in every 2yz, 4yz and 5yz reply but those to EHLO and HELO. For the replies that aiosmtpd
# gives of itself, this is what it means by them.
DEFAULT_STATUS = {
    "214": "2.0.0",
    "221": "2.0.0",
    "250": "2.0.0",
    "252": "2.5.0",
    "421": "4.3.2",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "504": "5.5.4",
    "530": "5.7.0",
    "552": "5.3.4",
    "553": "5.1.3",
    "554": "5.5.0",
    "555": "5.5.4",
}
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?: |$)")
_UNPRINTABLE = re.compile(r"[^ -~\u00a0-\U0010ffff]|[\ud800-\udfff]")
_TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "\u2018": "'", "’": "'", "–": "-", "—": "-", "…": "..."})


def write_reply(reply: str, *, utf8: bool) -> bytes:
    """`reply` ("550 5.1.1 No such mailbox") as complete lines; without `utf8` in ASCII (RFC 6531 §3.7.4.1)."""
    code, text = reply[:3], _UNPRINTABLE.sub("?", reply[4:])
    if not utf8:
        text = text.translate(_TYPOGRAPHY).encode("ascii", "replace").decode("ascii")
    status = _STATUS.match(text)
    mark = status[0].rstrip() if status else DEFAULT_STATUS.get(code, "")
    said = text[status.end() :] if status else text
    lines = [said] if len(said) <= MAX_TEXT else wrap(said, MAX_TEXT, break_on_hyphens=False)
    return write_lines(code, [f"{mark} {line}".strip() for line in lines])


def write_lines(code: str, lines: list[str]) -> bytes:
    """A reply of these lines, all but the last marked as continued (RFC 5321 §4.2.1)."""
    continued = [f"{code}-{line}\r\n" for line in lines[:-1]]
    return "".join([*continued, f"{code} {lines[-1]}".rstrip() + "\r\n"]).encode()
