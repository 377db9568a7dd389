"""Which words of a reply are its author's own, and new?

Left out are the quoted message with what introduces it, and what stands after a signature's mark. Where a quotation
stands between the author's words, it stays: they are about it. When in doubt words stay, for to lose the author's is
worse than to keep another's.
"""

from collections.abc import Sequence

from postroom.policy.visible_text.attributions import find_attribution, tells_where_from
from postroom.policy.visible_text.client_markup import mark_of
from postroom.policy.visible_text.line import CUT, Line, marked_lines, plain_lines
from postroom.policy.visible_text.passages import Passage, divide
from postroom.policy.visible_text.quoted_headers import begins_quoted_message, start_of_announcement
from postroom.policy.visible_text.signatures import without_ending
from postroom.rfc.html import parse_html
from postroom.rfc.html_text import render_lines
from postroom.rfc.mime import read_entity
from postroom.rfc.mime_content import read_content

__all__ = ["visible_text", "visible_text_of_html", "visible_text_of_message"]

# What is longer is a log, not a letter; it is given as it is.
MAX_LINES = 20_000
MAX_CHARACTERS = 1_000_000
# For what the author left out of a quotation.
_ELISIONS = ("[...]", "(...)", "...", "[\u2026]", "\u2026", "[snip]", "<snip>", "<...>")
# As many lines and characters as a closing with a name has.
_MAX_CLOSING_LINES, _MAX_CLOSING = 5, 160


def visible_text(text: str) -> str:
    """The author's own words in plain text; all of it, when nothing else is to be found."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if _is_log(text) else _trim(plain_lines(text))


def visible_text_of_html(html: str) -> str:
    """The same for a document, as plain text."""
    lines = marked_lines(render_lines(parse_html(html), mark_of))
    return _join(lines) if len(lines) > MAX_LINES else _trim(lines)


def visible_text_of_message(raw: bytes) -> str:
    """The same for a message; its plain text counts, its HTML where there is none."""
    seen = read_content(read_entity(raw))
    if seen.html is not None and not (seen.text or "").strip():
        return visible_text_of_html(seen.html)
    return visible_text(seen.text or "")


def _is_log(text: str) -> bool:
    return len(text) > MAX_CHARACTERS or text.count("\n") > MAX_LINES


def _trim(lines: Sequence[Line]) -> str:
    kept = _choose(divide(_before_quoted_message(lines)))
    return _join(kept) or _join(lines)


def _before_quoted_message(lines: Sequence[Line]) -> Sequence[Line]:
    """What stands above the first message that is quoted without marks on its lines; all, when nothing does."""
    for index, line in enumerate(lines):
        if line.mark == CUT or (line.depth == 0 and _introduces_unmarked(lines, index)):
            above = lines[: _start_of(lines, index)]
            return above if any(not line.is_blank for line in above) else lines
    return lines


def _introduces_unmarked(lines: Sequence[Line], index: int) -> bool:
    if begins_quoted_message(lines, index):
        return True
    first = find_attribution(lines, index)
    if first is None or _is_followed_by_quotation(lines, index):
        return False
    return tells_where_from(" ".join(line.words for line in lines[first : index + 1]))


def _is_followed_by_quotation(lines: Sequence[Line], index: int) -> bool:
    below = (lines[i] for i in range(index + 1, len(lines)))
    following = (line for line in below if line.depth or not (line.is_blank or line.words in _ELISIONS))
    return next(following, lines[index]).depth > 0


def _start_of(lines: Sequence[Line], index: int) -> int:
    first = find_attribution(lines, index)
    return start_of_announcement(lines, index) if first is None else first


def _choose(passages: list[Passage]) -> list[Line]:
    """The passages that matter, without those at the end that are quoted and without the last one's signature."""
    last: Sequence[Line] = ()
    while passages and not last:
        passage = passages.pop()
        last = () if passage.is_quoted else without_ending(passage.lines)
    if len(passages) == 2 and passages[1].is_introduced and _is_closing(last):
        return [*without_ending(passages[0].lines), *last]
    return [line for passage in passages for line in passage.lines] + list(last)


def _is_closing(lines: Sequence[Line]) -> bool:
    """Whether these lines, below a quotation that stands below the reply, only end the mail."""
    texts = [line.words for line in lines if not line.is_blank]
    return len(texts) <= _MAX_CLOSING_LINES and sum(map(len, texts)) <= _MAX_CLOSING


def _join(lines: Sequence[Line]) -> str:
    return "\n".join(line.text.rstrip() for line in lines).strip("\n")
