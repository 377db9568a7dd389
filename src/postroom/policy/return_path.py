"""To which delivery does the return path of this delivery report belong?

The envelope sender `bounce+<token>@company-name.com` carries the delivery's number and a MAC over it, so a forged
report finds nothing. Whether to tag at all (the workspace may not want it, the provider may forbid sub-addresses) is
the caller's decision.
"""

from collections.abc import Sequence
from dataclasses import replace

from postroom.policy import signed_number
from postroom.rfc.address import MAX_LOCAL_OCTETS, parse_mailbox

_PURPOSE = b"return-path"


def make_token(delivery_id: int, *, key: bytes) -> str:
    """The token of a delivery, 21 to 36 characters of 0-9 and a-f; the same for the same number and key."""
    return signed_number.make_token(delivery_id, purpose=_PURPOSE, key=key)


def read_token(token: str, *, keys: Sequence[bytes]) -> int | None:
    """The delivery's number, or None if none of the keys (the present one and its forerunners) made the token."""
    return signed_number.read_token(token, purpose=_PURPOSE, keys=keys)


def tag_return_path(address: str, token: str) -> str:
    """The address with the token as sub-address (RFC 5233); untagged if the local part would exceed 64 octets.

    Without a token a bounce is still matched by other means, whereas an overlong address is refused by servers.
    """
    mailbox = parse_mailbox(address)
    tagged = replace(mailbox, local=f"{mailbox.local}+{token}").address
    return tagged if len(tagged.rpartition("@")[0].encode()) <= MAX_LOCAL_OCTETS else mailbox.address


def untag_return_path(address: str) -> tuple[str, str | None]:
    """The address without its sub-address, and that sub-address, which may be no token of ours; None without one."""
    mailbox = parse_mailbox(address)
    local, plus, token = mailbox.local.rpartition("+")
    return (replace(mailbox, local=local).address, token) if plus and local else (mailbox.address, None)
