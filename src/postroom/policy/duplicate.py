"""Are these two incoming mails copies of one?

A mail may come by several ways: as a copy and by a redirection, from a mailbox and by the envelope, again after a crash
between storing and answering. The copies differ in what servers write on their way.
"""

from collections.abc import Iterator
from hashlib import sha256

from postroom.rfc.headers import field_value, get_field, iter_fields, split_message
from postroom.rfc.message_id import parse_message_ids

# What the author wrote and no server changes. A Message-ID alone would do, had not some programs always the same.
_AUTHORS_FIELDS = ("from", "date", "subject", "message-id")


def fingerprint(raw: bytes) -> bytes:
    """32 bytes that copies share; of a mail without Message-ID its body counts too."""
    head, body = split_message(raw)
    digest = sha256(b"\0".join(_authors_words(head)))
    if not parse_message_ids(get_field(head, "Message-ID") or ""):
        digest.update(sha256(body).digest())
    return digest.digest()


def _authors_words(head: bytes) -> Iterator[bytes]:
    """Name and value of each such field, blanks apart: folding differs."""
    for name, field in iter_fields(head):
        if name in _AUTHORS_FIELDS:
            yield name.encode()
            yield " ".join(field_value(field).split()).encode("utf-8", "surrogateescape")
