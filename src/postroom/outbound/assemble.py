"""What exactly goes over the wire: the stored bytes with the routed From, a Reply-To and DKIM signatures."""

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from postroom.domains.models import DkimKey
from postroom.rfc import dkim
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.headers import encode_mailboxes, get_field, set_field


def assemble(message: Any, signers: Sequence[dkim.Signer]) -> list[bytes]:
    """The message in chunks, ready for the dialog; `message` is a row of read_messages.sql."""
    head = bytes(message.head)
    if message.from_rewritten or get_field(head, "From") is None:
        head = set_field(head, _mailbox_field("From", message.header_from))
    if message.reply_to and get_field(head, "Reply-To") is None:
        head = set_field(head, _mailbox_field("Reply-To", message.reply_to))
    signed_at = int(time.time())
    signatures = [signer.sign(head, bytes(message.body_hash), signed_at=signed_at) for signer in signers]
    return [*signatures, head, b"\r\n", message.body]


def from_domain(header_from: str) -> str:
    return _mailbox(header_from).domain


@lru_cache(maxsize=1024)
def signers_of(workspace_id: int, _routing_version: int, domain: str) -> tuple[dkim.Signer, ...]:
    """The workspace's active keys for `domain`, ready to sign; the version lets a changed key be read anew."""
    keys = DkimKey.objects.filter(workspace_id=workspace_id, domain=domain, is_active=True).order_by("id")
    return tuple(dkim.load_signer(k.private_key.encode(), domain=k.domain, selector=k.selector) for k in keys)


@lru_cache(maxsize=8192)
def _mailbox_field(name: str, text: str) -> bytes:
    return encode_mailboxes(name, [_mailbox(text)])


@lru_cache(maxsize=8192)
def _mailbox(text: str) -> Mailbox:
    return parse_mailbox(text)
