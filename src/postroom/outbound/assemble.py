"""What exactly goes over the wire: the stored bytes with the routed From, a Reply-To and DKIM signatures."""

import time
from collections.abc import Sequence
from functools import lru_cache

from postroom.domains.models import DkimKey
from postroom.outbound.queue import Content, Facts
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.dkim import Signer, load_signer
from postroom.rfc.headers import encode_mailboxes, has_field, set_field


def assemble(fact: Facts, content: Content, signers: Sequence[Signer]) -> list[bytes]:
    """The message in chunks, the body last."""
    head: bytes = content.head
    if fact.from_rewritten or not has_field(head, "From"):
        head = set_field(head, _mailbox_field("From", fact.header_from))
    if fact.reply_to and not has_field(head, "Reply-To"):
        head = set_field(head, _mailbox_field("Reply-To", fact.reply_to))
    signed_at = int(time.time())
    signatures = [signer.sign(head, content.body_hash, signed_at=signed_at) for signer in signers]
    return [*signatures, head, b"\r\n", content.body]


def from_domain(header_from: str) -> str:
    return _mailbox(header_from).domain


def load_signers(workspace_id: int, domain: str) -> tuple[Signer, ...]:
    """The workspace's active keys for `domain`, ready to sign."""
    keys = DkimKey.objects.filter(workspace_id=workspace_id, domain=domain, is_active=True).order_by("id")
    return tuple(load_signer(k.private_key.encode(), domain=k.domain, selector=k.selector) for k in keys)


@lru_cache(maxsize=8192)
def _mailbox_field(name: str, text: str) -> bytes:
    return encode_mailboxes(name, [_mailbox(text)])


@lru_cache(maxsize=8192)
def _mailbox(text: str) -> Mailbox:
    return parse_mailbox(text)
