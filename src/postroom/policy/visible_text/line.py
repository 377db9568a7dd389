"""What is known of a line before it is decided whose words it holds?"""

import re
from dataclasses import dataclass

from postroom.policy.visible_text.phrases import YOU_WROTE
from postroom.rfc.html_text import TextLine

QUOTE, ATTRIBUTION, SIGNATURE, CUT = "quote", "attribution", "signature", "cut"
# Gmail's block around attribution and quotation. Where it holds a blockquote, that tells the quotation exactly, and
# people write between such quotations within the block.
GMAIL = "gmail"

_QUOTE_MARKS = re.compile(r"\s{0,3}((?:[>|\uff1e][ \t]{0,2})+)")
_INITIALS = re.compile(r"\s{0,3}[A-Z\u0410-\u042f\u0401]{1,3}(?=>)")
_YOU_WROTE = re.compile("(?:" + "|".join(YOU_WROTE) + r")[^\n]{0,60}:[ \t]*$", re.IGNORECASE | re.MULTILINE)
# What is left of `Mary <mary@example.com> wrote:` on a line that a program broke.
_END_OF_ADDRESS = re.compile(r"\s*>[^<>]{0,40}[:\uff1a]\s*")
# What clients wrap names and lines in: marks of direction and spaces without width.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]")


@dataclass(frozen=True, slots=True)
class Line:
    """`text`: as it was sent; `words`: without quote marks, invisible characters and blanks around; `depth`: quote
    levels; `mark`: what the client's own markup says of it, "" for nothing."""

    text: str
    words: str
    depth: int
    mark: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.words


def plain_lines(text: str) -> list[Line]:
    """The lines of plain text, their depth told by `>` marks, with initials before them where The Bat! writes so."""
    has_initials = _YOU_WROTE.search(text) is not None
    lines: list[Line] = []
    is_open = False  # an angle bracket on the line above
    for line in text.split("\n"):
        is_address = is_open and _END_OF_ADDRESS.fullmatch(line) is not None
        initials = _INITIALS.match(line) if has_initials else None
        lines.append(Line(line, _clean(line), 0) if is_address else _read(line, initials.end() if initials else 0))
        is_open = line.rfind("<") > line.rfind(">")
    return lines


def marked_lines(lines: list[TextLine]) -> list[Line]:
    """The lines of HTML, their depth told by the marked elements around them."""
    is_exact = any(line.marks[GMAIL] and line.marks[QUOTE] for line in lines)
    is_lead = True  # within Gmail's block, above its first blockquote
    read: list[Line] = []
    for line in lines:
        is_lead = not line.marks[GMAIL] or (is_lead and not line.marks[QUOTE])
        depth = line.marks[QUOTE] or (0 if is_exact else line.marks[GMAIL])
        read.append(_read_marked(line, depth, ATTRIBUTION if is_exact and is_lead and line.marks[GMAIL] else ""))
    return read


def _read(text: str, start: int = 0) -> Line:
    """The line, whose quote marks begin at `start`."""
    marks = _QUOTE_MARKS.match(text, start)
    # A lone bar is a table's; some clients quote by it, each line anew.
    if marks is None or (">" not in marks[1] and "\uff1e" not in marks[1]):
        return Line(text, _clean(text), 0)
    depth = sum(character in ">\uff1e" for character in marks[1])
    return Line(text, _clean(text[marks.end() :]), depth)


def _read_marked(line: TextLine, depth: int, default_mark: str) -> Line:
    plain = _read(line.text)
    mark = next((mark for mark in (CUT, SIGNATURE, ATTRIBUTION, QUOTE) if line.marks[mark]), default_mark)
    return Line(line.text, plain.words, plain.depth + depth, mark)


def _clean(text: str) -> str:
    return _INVISIBLE.sub("", text).replace("\N{NO-BREAK SPACE}", " ").strip()
