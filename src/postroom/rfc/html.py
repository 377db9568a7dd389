"""Which elements and texts is this HTML made of?

A tree for reading mail, not for showing it. Made by one pass that cannot be led into quadratic time or memory, as the
algorithm of browsers can (docs/decisions/0011-own-mail-reader.md). Nothing here raises.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import islice

VOID = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
})  # fmt: skip
_RAW_TEXT = frozenset({"script", "style", "title", "textarea", "xmp", "noframes"})
INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd",
    "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var",
})  # fmt: skip
# An element that a start tag closes when it is still open: the one directly around it only.
_CLOSED_BY = {
    "li": {"li"}, "p": {"p"}, "tr": {"tr", "td", "th"}, "td": {"td", "th"}, "th": {"td", "th"}, "dt": {"dt", "dd"},
    "dd": {"dt", "dd"}, "option": {"option"}, "div": {"p"}, "blockquote": {"p"}, "table": {"p"}, "ul": {"p"},
    "ol": {"p"}, "hr": {"p"}, "pre": {"p"},
}  # fmt: skip
# What may stand in a head; anything else shows that it was never closed.
_METADATA = frozenset({"base", "bgsound", "link", "meta", "noscript", "script", "style", "template", "title"})
# How far up an end tag may reach: what is opened deeper below another element was never meant.
_REACH = 100

# Five times what the largest newsletters hold; of their words it is a hundred times.
MAX_ELEMENTS = 50_000
MAX_TEXT = 1_000_000
MAX_ATTRIBUTES = 1_000  # of one element

_TAG_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_TAG_MARK = re.compile(r"[>\"']")
_ATTRIBUTE = re.compile(r"""([^\s=/"'][^\s=/]*)(?:\s*=\s*(?:"([^"]*)"?|'([^']*)'?|([^\s"'][^\s]*)))?""")
_LONG_NUMBER = re.compile(r"&#(?:x[0-9a-f]{7,}|[0-9]{8,});?", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Element:
    """`name` and names of attributes in lower case; of attributes given twice the first; texts without entities."""

    name: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list, repr=False)

    def walk(self) -> Iterator["Element"]:
        """This element and all within it, in the order of the text."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(child for child in reversed(element.children) if isinstance(child, Element))


def parse_html(text: str) -> Element:
    """The root, an element without a name, that holds the document up to MAX_ELEMENTS or MAX_TEXT characters."""
    return _Builder(text).build()


class _Builder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.root = Element("", {})
        self.open = [self.root]
        self.open_names: Counter[str] = Counter()
        self.elements_left = MAX_ELEMENTS
        self.text_left = MAX_TEXT
        self.missing: set[str] = set()  # strings that the rest of the text does not hold

    def build(self) -> Element:
        position = 0
        while position < len(self.text) and self.elements_left and self.text_left > 0:
            less_than = self.text.find("<", position)
            end = len(self.text) if less_than < 0 else less_than
            self.add_text(position, end)
            position = self.read_markup(end) if end < len(self.text) else end
        return self.root

    def add_text(self, start: int, end: int) -> None:
        if start < end:
            text = self.text[start : min(end, start + self.text_left)]
            self.text_left -= len(text)
            text = _LONG_NUMBER.sub("\N{REPLACEMENT CHARACTER}", text)
            if self.open[-1].name == "head" and not text.isspace():
                self.pop()
            self.open[-1].children.append(unescape(text) if "&" in text else text)

    def read_markup(self, start: int) -> int:
        """The position after the tag, comment or lone "<" at `start`."""
        if self.text.startswith("<!--", start):
            return self.find_end("-->", start + 4) or self.find_end(">", start) or len(self.text)
        if self.text.startswith(("<!", "<?"), start):
            return self.find_end(">", start) or len(self.text)
        is_end_tag = self.text.startswith("</", start)
        name = _TAG_NAME.match(self.text, start + 1 + is_end_tag)
        if name is None:
            self.open[-1].children.append("<")
            return start + 1
        end = self.find_tag_end(name.end())
        if is_end_tag:
            self.close(name[0].lower())
            return end
        return self.start_element(name[0].lower(), self.text[name.end() : end].rstrip(">"), end)

    def find_end(self, mark: str, start: int) -> int:
        """The position after the next `mark`, 0 when there is none: that is searched for only once."""
        found = -1 if mark in self.missing else self.text.find(mark, start)
        if found < 0:
            self.missing.add(mark)
            return 0
        return found + len(mark)

    def find_tag_end(self, start: int) -> int:
        """The position after the ">" that stands in no quoted value."""
        while mark := _TAG_MARK.search(self.text, start):
            if mark[0] == ">":
                return mark.end()
            is_value = self.text[start : mark.start()].rstrip().endswith("=")
            start = (self.find_end(mark[0], mark.end()) if is_value else 0) or mark.end()
        return len(self.text)

    def start_element(self, name: str, attributes: str, end: int) -> int:
        around = self.open[-1].name
        if around in _CLOSED_BY.get(name, ()) or (around == "head" and name not in _METADATA):
            self.pop()
        self.elements_left -= 1
        element = Element(name, _read_attributes(attributes))
        self.open[-1].children.append(element)
        if name in _RAW_TEXT:
            return self.skip_raw_text(element, end)
        if name not in VOID:
            self.open.append(element)
            self.open_names[name] += 1
        return end

    def skip_raw_text(self, element: Element, start: int) -> int:
        """The position of the end tag, after the text that holds no markup; it may be missing."""
        closing = "</" + element.name
        found = None
        if closing not in self.missing:
            found = re.compile(closing, re.IGNORECASE).search(self.text, start)
        if found is None:
            self.missing.add(closing)
            return start
        element.children.append(self.text[start : found.start()])
        return self.find_end(">", found.end()) or len(self.text)

    def close(self, name: str) -> None:
        if name == "br":
            self.open[-1].children.append(Element("br", {}))
        if not self.open_names[name]:
            return
        for distance, element in enumerate(reversed(self.open[-_REACH:])):
            if element.name == name:
                for _ in range(distance + 1):
                    self.pop()
                return
            if _stops(name, element.name):
                return

    def pop(self) -> None:
        self.open_names[self.open.pop().name] -= 1


def _stops(closing: str, enclosing: str) -> bool:
    """Whether a stray end tag does not reach beyond this open element."""
    if closing in INLINE:
        return enclosing not in INLINE
    return enclosing in ("td", "th", "table") and closing not in ("td", "th", "tr", "tbody", "table", "body", "html")


def _read_attributes(text: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for match in islice(_ATTRIBUTE.finditer(text), MAX_ATTRIBUTES):
        value = next((group for group in match.groups()[1:] if group is not None), "")
        value = _LONG_NUMBER.sub("", value)
        attributes.setdefault(match[1].lower(), unescape(value) if "&" in value else value)
    return attributes
