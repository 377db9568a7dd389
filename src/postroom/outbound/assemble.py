"""What exactly goes over the wire: the stored bytes with the routed From and a Reply-To, and whose keys sign them."""

from functools import lru_cache

from postroom.domains.models import DkimKey
from postroom.outbound.queue import Facts
from postroom.outbound.signing import Key
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.headers import encode_mailboxes, has_field, set_field


def assemble_head(fact: Facts, head: bytes) -> bytes:
    """The stored `head` as it is to be signed."""
    if fact.from_rewritten or not has_field(head, "From"):
        head = set_field(head, _mailbox_field("From", fact.header_from))
    if fact.reply_to and not has_field(head, "Reply-To"):
        head = set_field(head, _mailbox_field("Reply-To", fact.reply_to))
    return head


def from_domain(header_from: str) -> str:
    return _mailbox(header_from).domain


def load_keys(workspace_id: int, domain: str) -> tuple[Key, ...]:
    """The workspace's active keys for `domain`; raises the error of one that is sealed by another secret."""
    rows = DkimKey.objects.filter(workspace_id=workspace_id, domain=domain, is_active=True).order_by("id")
    return tuple(Key(k.private_key, k.domain, k.selector, k.algorithm == DkimKey.Algorithm.RSA) for k in rows)


@lru_cache(maxsize=8192)
def _mailbox_field(name: str, text: str) -> bytes:
    return encode_mailboxes(name, [_mailbox(text)])


@lru_cache(maxsize=8192)
def _mailbox(text: str) -> Mailbox:
    return parse_mailbox(text)
