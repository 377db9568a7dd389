"""What does a captured message say to a person: header fields, text, HTML and attachments?

Read as a mail program would, whatever is wrong with it: nothing here raises.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from postroom.rfc.charset import find_codec
from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.headers import field_value, iter_fields, split_message

# Nobody reads more on a page; a hostile message can nest multiparts by the thousand.
MAX_PARTS = 200


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A part that is not shown as the text: its decoded name ("" for none), type, Content-ID without brackets."""

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
    """A message nested deeper than the parser can follow has its header fields shown and nothing else."""
    try:
        return _take_apart(raw)
    except RecursionError:
        return Reading(tuple(_fields(raw)), None, None, ())


def _take_apart(raw: bytes) -> Reading:
    texts: dict[str, str] = {}
    attachments = []
    for part in _leaves(raw):
        kind = part.get_content_type()
        is_attached = part.get_content_disposition() == "attachment"
        if kind in ("text/plain", "text/html") and not is_attached and kind not in texts:
            texts[kind] = _text(part)
        else:
            attachments.append(_attached_file(part))
    return Reading(tuple(_fields(raw)), texts.get("text/plain"), texts.get("text/html"), tuple(attachments))


def _fields(raw: bytes) -> Iterator[tuple[str, str]]:
    head, _ = split_message(raw)
    for _, field in iter_fields(head):
        name = field.partition(b":")[0].strip().decode("latin-1")
        yield name, _printable(decode_encoded_words(field_value(field)))


def _leaves(raw: bytes) -> list[Message]:
    """The parts that hold content, in order; a message inside the message is one of them, as a file."""
    leaves: list[Message] = []
    # The old policy (compat32): the new one parses header fields eagerly and raises on malformed ones.
    waiting: list[Message] = [message_from_bytes(raw)]
    while waiting and len(leaves) < MAX_PARTS:
        part = waiting.pop(0)
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting = _children(part) + waiting
        else:
            leaves.append(part)
    return leaves


def _text(part: Message) -> str:
    # Only character sets of mail: some of Python's codecs take quadratic time, and anybody may send here.
    return _octets(part).decode(find_codec(part.get_content_charset() or "") or "utf-8", "replace")


def _attached_file(part: Message) -> AttachedFile:
    filename = _printable(decode_encoded_words(part.get_filename() or ""))
    content_id = str(part.get("Content-ID", "")).strip().strip("<>")
    return AttachedFile(filename, part.get_content_type(), _printable(content_id), _octets(part))


def _octets(part: Message) -> bytes:
    if part.is_multipart():  # message/rfc822
        return b"".join(child.as_bytes() for child in _children(part))
    octets = part.get_payload(decode=True)
    return octets if isinstance(octets, bytes) else b""


def _children(part: Message) -> list[Message]:
    return [child for child in part.get_payload() if isinstance(child, Message)]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
