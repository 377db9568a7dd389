"""What does this tag=value list say? The notation of DKIM-Signature fields and key records (RFC 6376 §3.2)."""

import base64
import re

from postroom.errors import SignatureSyntaxError

_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NOT_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_WHITE_SPACE = re.compile(r"[ \t\r\n]+")


def parse_tags(text: str) -> dict[str, str]:
    """A tag=value list (RFC 6376 §3.2), white space around values removed; SignatureSyntaxError when malformed."""
    tags: dict[str, str] = {}
    for part in text.replace("\r\n", "").strip(" \t").removesuffix(";").split(";"):
        name, equals, value = (piece.strip(" \t") for piece in part.partition("="))
        if not equals or not _TAG_NAME.fullmatch(name) or _NOT_IN_VALUE.search(value):
            shown = _NOT_IN_VALUE.sub("\N{REPLACEMENT CHARACTER}", part.strip(" \t")[:40])
            raise SignatureSyntaxError(f"“{shown}” is not a tag=value pair")
        if name in tags:
            raise SignatureSyntaxError(f"the tag {name}= is given twice")
        tags[name] = value
    return tags


def split_list(value: str) -> list[str]:
    """A colon-separated tag value, such as h=, in lower case."""
    return [item.strip(" \t").lower() for item in value.split(":")]


def decode_base64(value: str) -> bytes:
    """A base64 tag value, folded or not; SignatureSyntaxError when it is none."""
    try:
        return base64.b64decode(_WHITE_SPACE.sub("", value), validate=True)
    except ValueError as error:
        raise SignatureSyntaxError(f"“{value[:20]}” is not base64") from error
