"""What does this message say, in the few words that lists and commands show?"""

from dataclasses import dataclass

from postroom.rfc.address_salvage import salvage_mailboxes
from postroom.rfc.mime import Entity, read_entity
from postroom.rfc.mime_content import read_content


@dataclass(frozen=True, slots=True)
class Summary:
    """`subject`: decoded, with single blanks; `from_` and `to`: addresses in lower case, each once, in order; `text`:
    what there is to read, as plain text; `attachments`: the names of the files."""

    subject: str
    from_: tuple[str, ...]
    to: tuple[str, ...]
    text: str
    attachments: tuple[str, ...]


def summarise(raw: bytes) -> Summary:
    """Read the message, whatever is wrong with it."""
    message = read_entity(raw)
    seen = read_content(message)
    return Summary(
        subject=" ".join((message.get("subject") or "").split()),
        from_=_addresses(message, "from"),
        to=_addresses(message, "to"),
        text=seen.words,
        attachments=tuple(file.name for file in seen.files),
    )


def _addresses(message: Entity, name: str) -> tuple[str, ...]:
    """Those of the first such field that has any: a second one is an error (RFC 5322 §3.6), and often a forgery."""
    for value in message.get_values(name):
        found = tuple(dict.fromkeys(mailbox.address.lower() for mailbox in salvage_mailboxes(value)))
        if found:
            return found
    return ()
