"""What does a person see of this message: text, HTML, and which files come with it?

Multiparts are read as RFC 2046 §5.1 means them: of alternatives one is shown, of the others everything that is text
and no file. A message within the message is a file.
"""

import re
from dataclasses import dataclass, field

from postroom.rfc.flowed import unflow
from postroom.rfc.html_text import html_to_text
from postroom.rfc.mime import Entity
from postroom.rfc.tnef import read_tnef
from postroom.rfc.transfer_encoding import decode_uu

_TEXTS = ("text/plain", "text/html")
ATTACHED_MESSAGES = ("message/rfc822", "message/global")
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
# What is longer is a log, in which no line was folded for reading.
_MAX_FLOWED = 2_000_000
_UU_FILE = re.compile(
    r"^begin [0-7]{3,4} +(\S[^\n]*)\n((?:[ -`]{1,64}[ \t]{0,2}\n)+)(?:`?\n)?end\b[^\n]*\n?", re.MULTILINE
)
_EXTENSIONS = {
    "message/rfc822": "eml", "text/plain": "txt", "text/html": "html", "text/calendar": "ics", "image/jpeg": "jpg",
    "message/delivery-status": "txt", "text/rfc822-headers": "txt", "application/octet-stream": "bin",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A part that is not shown as text.

    `name`: as sent, or one made of its type when it has none; `within`: the octets of a file that stands uuencoded in
    the text of the part, or in its winmail.dat.
    """

    name: str
    entity: Entity
    within: bytes | None = None

    @property
    def content_type(self) -> str:
        return "application/octet-stream" if self.within is not None else self.entity.content_type

    @property
    def content(self) -> bytes:
        """The octets, without transfer encoding."""
        return self.entity.decoded if self.within is None else self.within


@dataclass(frozen=True, slots=True)
class Seen:
    """`text` and `html` are None when there is no such part; `html` is as sent."""

    text: str | None
    html: str | None
    files: tuple[File, ...]

    @property
    def words(self) -> str:
        """What there is to read, as plain text; "" for nothing."""
        if self.text is not None and self.text.strip():
            return self.text
        return html_to_text(self.html) if self.html is not None else self.text or ""


def read_content(message: Entity) -> Seen:
    """What a mail program shows of the message, taken from all its parts; messages within it are files unread."""
    sorting = _Sorting()
    waiting = [message]
    while waiting:
        entity = waiting.pop()
        if entity.parts and entity.content_type not in ATTACHED_MESSAGES:
            waiting.extend(reversed(entity.parts))
        else:
            sorting.add(entity, is_alone=entity is message)
    return sorting.seen()


@dataclass(slots=True)
class _Sorting:
    texts: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)

    def add(self, entity: Entity, *, is_alone: bool) -> None:
        if not _is_shown(entity, is_alone=is_alone):
            self.files.extend(_files_of(entity))
        elif entity.content_type == "text/html":
            self.html.append(entity.text)
        else:
            self.add_text(entity)

    def add_text(self, entity: Entity) -> None:
        """The text without the files that are uuencoded in it."""
        text = _read_plain(entity)
        for match in _UU_FILE.finditer(text):
            self.files.append(File(match[1].strip(), entity, decode_uu(match[2].encode("ascii", "replace"))))
        self.texts.append(_UU_FILE.sub("", text))

    def seen(self) -> Seen:
        if not self.texts and not self.html:
            self.show_named_texts()
        texts = [text for text in self.texts if text.strip()] or self.texts
        html = [text for text in self.html if text.strip()] or self.html
        return Seen("\n".join(texts) if texts else None, "\n".join(html) if html else None, tuple(self.files))

    def show_named_texts(self) -> None:
        """Texts that have a name are files beside another text, and the text itself when there is none."""
        files, self.files = self.files, []
        for file in files:
            if _is_shown(file.entity, is_alone=True):
                self.add(file.entity, is_alone=True)
            else:
                self.files.append(file)


def _is_shown(entity: Entity, *, is_alone: bool) -> bool:
    if entity.disposition == "attachment":
        return False
    if entity.content_type.startswith("multipart/"):  # of which no part could be found
        return True
    return entity.content_type in _TEXTS and (is_alone or not entity.filename)


def _files_of(entity: Entity) -> list[File]:
    """The part as a file, or the files that Outlook wrapped in it."""
    wrapped = read_tnef(entity.decoded) if entity.content_type in _TNEF else []
    if wrapped:
        return [File(name or "attachment.bin", entity, octets) for name, octets in wrapped]
    return [File(entity.filename or _make_name(entity), entity)]


def _read_plain(entity: Entity) -> str:
    if entity.parameters.get("format", "").lower() != "flowed" or len(entity.text) > _MAX_FLOWED:
        return entity.text
    return unflow(entity.text, delsp=entity.parameters.get("delsp", "").lower() == "yes")


def _make_name(entity: Entity) -> str:
    main, _, sub = entity.content_type.partition("/")
    extension = _EXTENSIONS.get(entity.content_type) or re.sub(r"^x-|[^\w-].*", "", sub) or "bin"
    return f"{'message' if main == 'message' else 'attachment'}.{extension}"
