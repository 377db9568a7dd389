"""What are the paragraphs of this text, which was wrapped to be flowed together again (RFC 3676)?"""

import re

_QUOTE = re.compile(r">*")
_SIGNATURE_SEPARATOR = "-- "  # never flowed, §4.3


def unflow(text: str, *, delsp: bool) -> str:
    """The text with each paragraph on one line; `delsp`: the blank at the end of a flowed line is no part of it (§4.2).

    Quote marks stay before each paragraph. Line ends are LF.
    """
    paragraphs: list[list[str]] = []
    depth, is_open = "", False
    for line in text.split("\n"):
        marks = _QUOTE.match(line)
        quote = marks[0] if marks else ""
        content = line[len(quote) :].removeprefix(" ")  # space-stuffing, §4.4
        is_flowed = content.endswith(" ") and content != _SIGNATURE_SEPARATOR
        piece = content[:-1] if is_flowed and delsp else content
        if is_open and quote == depth and content != _SIGNATURE_SEPARATOR:
            paragraphs[-1].append(piece)
        else:
            paragraphs.append([f"{quote} {piece}" if quote else piece])
        depth, is_open = quote, is_flowed
    return "\n".join("".join(pieces) for pieces in paragraphs)
