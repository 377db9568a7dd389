"""What does an incoming mail say: who wrote what to whom, with which files, in answer to what?"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from postroom.errors import AddressError
from postroom.policy.passed_on import PassedOn, find_passed_on
from postroom.policy.thread_headers import is_forwarded
from postroom.policy.visible_text import visible_text, visible_text_of_html
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailbox
from postroom.rfc.address_salvage import salvage_mailboxes
from postroom.rfc.fit_text import make_fit
from postroom.rfc.message import Attachment
from postroom.rfc.message_id import parse_message_ids
from postroom.rfc.mime import Entity, read_entity
from postroom.rfc.mime_content import ATTACHED_MESSAGES, File, Seen, read_content

# As long as RFC 5321 §4.5.3.1 lets an address be, which is what the columns hold.
_MAX_ADDRESS = 320
# Where a list, a group or a forwarder that puts its own address into the From, as DMARC makes them, keeps who wrote:
# RFC 9057, Google Groups, Mailman.
_AUTHOR_FIELDS = ("author", "x-original-from", "original-from", "reply-to")
_OWN_FIELDS = ("to", "cc", "delivered-to", "x-original-to")
_CONTENT_ID = re.compile(r"[!#-;=?-Z^-~]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as a person reads it.

    `author` None: it names none that can be written to. `text` is all there is to read, `html` as it was sent, "" for
    none; `own_words` is the text without what is quoted. `references`: the identifiers of References, then those of
    In-Reply-To.
    """

    author: Mailbox | None
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    text: str
    own_words: str
    html: str
    files: tuple[Attachment, ...]
    message_id: str | None
    references: tuple[str, ...]

    @property
    def whole(self) -> str:
        """Everything in which a marker may stand."""
        return f"{self.text}\n{self.html}"

    @property
    def new_text(self) -> str:
        """What an answer adds to its thread, which has the rest; of a mail that was passed on all of it."""
        return self.text if is_forwarded(self.subject) else self.own_words


def read_letter(raw: bytes) -> Letter:
    """Read the mail, whatever is wrong with it."""
    return _read(read_entity(raw))


def _read(message: Entity) -> Letter:
    seen = read_content(message)
    words = seen.words
    within = "" if words.strip() else _words_within(message)
    return Letter(
        author=_author(message),
        to=tuple(_mailboxes(message, "to")),
        cc=tuple(_mailboxes(message, "cc")),
        subject=make_fit(" ".join((message.get("subject") or "").split())),
        text=make_fit(within or words),
        own_words=make_fit(within or _own_words(seen)),
        html=make_fit(seen.html or ""),
        files=tuple(map(_attachment, seen.files)),
        message_id=next(_identifiers(message, "message-id"), None),
        references=(*_identifiers(message, "references"), *_identifiers(message, "in-reply-to")),
    )


def _words_within(message: Entity) -> str:
    """What a message says that was passed on as a file, without a word of who did."""
    attached = _attached_message(message)
    if attached is None:
        return ""
    head = [f"{name}: {value}" for name in ("From", "Date", "Subject", "To") if (value := attached.get(name))]
    return "\n".join([*head, "", read_content(attached).words])


def _attached_message(message: Entity) -> Entity | None:
    found = (part for part in message.walk() if part.content_type in ATTACHED_MESSAGES and part.parts)
    return next((part.parts[0] for part in found), None)


def read_original(raw: bytes) -> Letter | None:
    """The message that this one passes on, attached or in its text; None where it passes on none that names its author.

    One in the text has the identifiers, the references and the files of the mail that passes it on.
    """
    attached = _attached_message(read_entity(raw))
    if attached is not None:
        found = _read(attached)
        return found if found.author else None
    letter = read_letter(raw)
    passed_on = find_passed_on(letter.text) if is_forwarded(letter.subject) else None
    return _as_letter(passed_on, letter) if passed_on else None


def _as_letter(passed_on: PassedOn, letter: Letter) -> Letter | None:
    author = next(filter(_is_sound, salvage_mailboxes(passed_on.from_)), None)
    if author is None:
        return None
    return replace(
        letter,
        author=author,
        to=tuple(filter(_is_sound, salvage_mailboxes(passed_on.to))),
        cc=(),
        subject=passed_on.subject,
        text=passed_on.text,
        own_words=visible_text(passed_on.text),
        html="",
    )


def _author(message: Entity) -> Mailbox | None:
    """The From's first, unless that is who the mail was for: then somebody else wrote it, where it says who."""
    from_ = next(_mailboxes(message, "from"), None)
    if from_ is None or from_.address not in _addresses(message, _OWN_FIELDS):
        return from_
    named = (mailbox for name in _AUTHOR_FIELDS for mailbox in _mailboxes(message, name))
    author = next((mailbox for mailbox in named if mailbox.address != from_.address), None)
    return replace(author, name=author.name or _name_before_via(from_.name)) if author else from_


def _name_before_via(name: str) -> str:
    """Of “'Mary' via Info”, as lists write it, Mary."""
    return name.partition(" via ")[0].strip("'\" ")


def _addresses(message: Entity, names: Iterable[str]) -> set[str]:
    return {mailbox.address for name in names for mailbox in _mailboxes(message, name)}


def _mailboxes(message: Entity, name: str) -> Iterator[Mailbox]:
    """Those that can be written to: a field may hold anything."""
    found = (mailbox for value in message.get_values(name) for mailbox in salvage_mailboxes(value))
    return filter(_is_sound, found)


def _is_sound(mailbox: Mailbox) -> bool:
    try:
        parse_mailbox(format_mailbox(mailbox))
    except AddressError:
        return False
    return len(mailbox.address) <= _MAX_ADDRESS


def _own_words(seen: Seen) -> str:
    if seen.html is not None and not (seen.text or "").strip():
        return visible_text_of_html(seen.html)
    return visible_text(seen.text or "")


def _identifiers(message: Entity, name: str) -> Iterator[str]:
    values: Iterable[str] = message.get_values(name)
    return (make_fit(identifier) for value in values for identifier in parse_message_ids(value))


def _attachment(file: File) -> Attachment:
    content_id = _CONTENT_ID.fullmatch((file.entity.get("content-id") or "").strip(" <>"))
    name = make_fit(file.name)
    return Attachment(name, file.content, file.content_type, content_id.group() if content_id else None)
