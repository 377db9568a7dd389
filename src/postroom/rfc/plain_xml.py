"""What does this XML say, read without anything that XML can be misused for?

No document type, and so no entities of the document's own: neither files nor addresses are fetched, nothing grows while
it is read. Namespaces are dropped, because reports disagree on them.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from postroom.errors import ReportSyntaxError, ReportTooLargeError

MAX_DEPTH = 20
MAX_ELEMENTS = 500_000  # twenty-five thousand rows; each element costs some hundred bytes


@dataclass(slots=True)
class Element:
    """An element with its text, stripped, and its children in their order."""

    name: str
    children: "list[Element]" = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> "list[Element]":
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> "Element":
        """The first child of that name; an empty one where there is none."""
        return next(iter(self.all(name)), Element(name))

    def word(self, *path: str) -> str:
        """The text at the end of `path`, "" where there is none."""
        element = self
        for name in path:
            element = element.first(name)
        return element.text


def parse_xml(content: bytes) -> Element:
    """The root element. ReportSyntaxError for what is no XML or has a document type; ReportTooLargeError."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.refuse_doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.write
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise ReportSyntaxError(f"The report is not XML: {error}.") from error
    return builder.root.children[0]


class _Builder:
    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._count = 0

    def refuse_doctype(self, *_: object) -> None:
        raise ReportSyntaxError("The report has a document type, which reports have not.")

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise ReportTooLargeError
        element = Element(name.rpartition(":")[2])
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        element = self._open.pop()
        element.text = element.text.strip()

    def write(self, text: str) -> None:
        self._open[-1].text += text
