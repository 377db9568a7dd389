"""What does a captured message say to a person: header fields, text, HTML and attachments?

Read as a mail program would, whatever is wrong with it: nothing here raises.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.headers import field_value, iter_fields
from postroom.rfc.mime import read_entity
from postroom.rfc.mime_content import File, read_content


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A part that is not shown as the text: its name, type, Content-ID without brackets."""

    filename: str
    content_type: str
    content_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A message taken apart; text and html are None when there is no such part. HTML is as sent: sandbox it."""

    fields: tuple[tuple[str, str], ...]  # name as written and decoded value, in order
    text: str | None
    html: str | None
    attachments: tuple[AttachedFile, ...]


def read(raw: bytes) -> Reading:
    """Also what is no message at all is read, as one of text alone."""
    message = read_entity(raw)
    seen = read_content(message)
    return Reading(tuple(_fields(message.head)), seen.text, seen.html, tuple(_attached(file) for file in seen.files))


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    for _, field in iter_fields(head):
        name = field.partition(b":")[0].strip().decode("latin-1")
        yield name, _printable(decode_encoded_words(field_value(field)))


def _attached(file: File) -> AttachedFile:
    content_id = (file.entity.get("content-id") or "").strip().strip("<>")
    return AttachedFile(_printable(file.name), file.content_type, _printable(content_id), file.content)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
