"""How is the name of an IMAP folder written on the wire (modified UTF-7, RFC 3501 §5.1.3)?"""

import re
from base64 import b64encode

_SHIFTED = re.compile(r"[^\x20-\x7e]+|&")


def encode_mailbox_name(name: str) -> bytes:
    """The name as a quoted string, to be put into a command as it is."""
    encoded = _SHIFTED.sub(_shift, name)
    return b'"' + re.sub(r'(["\\])', r"\\\1", encoded).encode("ascii") + b'"'


def _shift(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    return "&" + b64encode(match[0].encode("utf-16-be", "surrogatepass")).decode().rstrip("=").replace("/", ",") + "-"
