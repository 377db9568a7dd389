"""What would a person read of this HTML, line by line?

White space is collapsed and blocks start lines as browsers have it (CSS 2.1 §9.2, HTML §15); what is not displayed is
left out. Linear in the input.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from postroom.rfc.html import INLINE, Element, parse_html

_UNSEEN = frozenset(("head", "script", "style", "title", "template", "noframes", "object", "audio", "video", "select"))
_BLANK_AROUND = frozenset(("p", "blockquote", "ul", "ol", "dl", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr"))
_CELLS = frozenset(("td", "th"))
_SPACE = re.compile(r"[ \t\r\n\f]+")
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextLine:
    """`marks`: what the elements around it were marked with, each with how many of them."""

    text: str
    marks: Counter[str]


def html_to_text(html: str) -> str:
    """The text of a document, its paragraphs divided by single empty lines."""
    lines = "\n".join(line.text for line in render_lines(parse_html(html), lambda _: ""))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def render_lines(root: Element, mark: Callable[[Element], str]) -> list[TextLine]:
    """The lines of the document. An element that gets a mark is a block, and stands as an empty line if it is empty."""
    renderer = _Renderer(mark)
    renderer.render(root)
    return renderer.lines


class _Renderer:
    def __init__(self, mark: Callable[[Element], str]) -> None:
        self.mark = mark
        self.lines: list[TextLine] = []
        self.pieces: list[str] = []
        self.marks: Counter[str] = Counter()
        self.preformatted = 0

    def render(self, root: Element) -> None:
        # An element stands twice on the stack, to be entered and, with its mark, to be left.
        waiting: list[tuple[Element | str, str | None]] = [(root, None)]
        while waiting:
            node, entered_with = waiting.pop()
            if isinstance(node, str):
                self.add_text(node)
            elif entered_with is not None:
                self.leave(node, entered_with)
            elif not _is_hidden(node):
                waiting.append((node, self.enter(node)))
                waiting.extend((child, None) for child in reversed(node.children))
        self.end_line()

    def enter(self, element: Element) -> str:
        mark = self.mark(element)
        self.break_around(element, mark)
        if mark:
            self.marks = self.marks + Counter((mark,))
            if not element.children:
                self.lines.append(TextLine("", self.marks))
        self.preformatted += element.name == "pre"
        if element.name == "br":
            self.end_line(keep_empty=True)
        return mark

    def leave(self, element: Element, mark: str) -> None:
        self.break_around(element, mark)
        self.preformatted -= element.name == "pre"
        if mark:
            self.marks = self.marks - Counter((mark,))

    def break_around(self, element: Element, mark: str) -> None:
        if element.name in _CELLS:
            self.add_text(" ")
        elif (element.name not in INLINE and element.name not in ("", "img", "br", "wbr")) or mark:
            self.end_line()
        if element.name in _BLANK_AROUND and self.lines and self.lines[-1].text:
            self.lines.append(TextLine("", self.marks))

    def add_text(self, text: str) -> None:
        if self.preformatted:
            for line in text.split("\n")[:-1]:
                self.pieces.append(line)
                self.end_line(keep_empty=True)
            self.pieces.append(text.rpartition("\n")[2])
        elif text := _SPACE.sub(" ", text):
            is_at_blank = not self.pieces or self.pieces[-1].endswith(" ")
            self.pieces.append(text[1:] if is_at_blank and text.startswith(" ") else text)
            if not self.pieces[-1]:
                self.pieces.pop()

    def end_line(self, *, keep_empty: bool = False) -> None:
        text = "".join(self.pieces).rstrip().replace("\N{NO-BREAK SPACE}", " ")
        self.pieces.clear()
        if text or keep_empty:
            self.lines.append(TextLine(text, self.marks))


def _is_hidden(element: Element) -> bool:
    if element.name in _UNSEEN or "hidden" in element.attributes:
        return True
    style = element.attributes.get("style", "")
    return bool(style) and _NOT_DISPLAYED.search(style) is not None
