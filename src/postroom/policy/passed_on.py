"""Whose message does a mail pass on in its own text, and what does that say?

People forward a message by hand with its header fields above it, in the language of their mail program, its lines
marked as quoted or not. What is passed on as an attached message needs no guess, and is not read here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from postroom.policy.visible_text.line import Line, plain_lines
from postroom.policy.visible_text.quoted_headers import QuotedHeader, read_quoted_header

# What is longer is a log, not a letter; nor does anybody look far down for what was passed on.
_MAX_LINES = 2_000
_QUOTE_MARK = re.compile(r"\s{0,3}[>|\uff1e][ \t]?")


@dataclass(frozen=True, slots=True)
class PassedOn:
    """`from_`, `to`, `date` and `subject` are as the mail program wrote them, "" for none; `text` what stood below."""

    from_: str
    to: str
    date: str
    subject: str
    text: str


def find_passed_on(text: str) -> PassedOn | None:
    """The first message that is quoted with its header, which is the latest of a conversation; None for none."""
    lines = plain_lines(text)[:_MAX_LINES]
    for index in range(len(lines)):
        header = read_quoted_header(lines, index)
        if header is not None and "from" in header.fields:
            return _passed_on(header, lines[header.end :], depth=lines[index].depth)
    return None


def _passed_on(header: QuotedHeader, below: Sequence[Line], *, depth: int) -> PassedOn:
    of = header.fields
    text = "\n".join(_without_marks(line.text, min(depth, line.depth)) for line in below).strip("\n")
    return PassedOn(of["from"], of.get("to", ""), of.get("sent", ""), of.get("subject", ""), text)


def _without_marks(text: str, count: int) -> str:
    for _ in range(count):
        text = _QUOTE_MARK.sub("", text, count=1)
    return text.rstrip()
