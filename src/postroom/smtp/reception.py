"""What does a listener tell about a connection and its mail, and who answers: the seam between wire and taker."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection: IP address ("" when unknown) and TLS version, such as "TLSv1.3"; None in clear."""

    address: str
    tls: str | None

    @property
    def is_loopback(self) -> bool:
        try:
            address = ip_address(self.address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:  # how a dual-stack socket shows 127.0.0.1
            address = address.ipv4_mapped
        return address.is_loopback


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail as the client handed it over."""

    mail_from: str  # of the envelope; "" for the null reverse-path
    recipients: tuple[str, ...]  # of the envelope, only those answered with 2yz
    content: bytes  # as sent, transparency dots removed (RFC 5321 §4.5.2)
    peer: Peer
    helo: str = ""  # the name by which the client introduced itself


class Conversation(ABC):
    """Answers for one connection; a listener makes one for each, and a new one after STARTTLS (RFC 3207 §4.2).

    A reply is what is said on the wire, such as "550 5.1.1 No such mailbox"; however long, the listener cuts it into
    lines. After a reply 421 the listener hangs up.
    """

    needs_auth = False

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def offers_auth(self) -> bool:
        """Whether AUTH may be used on this connection as it is now."""
        return False

    async def authenticate(self, user: str, password: str) -> str:
        """The reply to AUTH; 235 opens the way to MAIL."""
        return "535 5.7.8 Authentication credentials invalid"

    async def recipient(self, address: str) -> str:
        """The reply to RCPT."""
        return "250 2.1.5 OK"

    @abstractmethod
    async def deliver(self, mail: ReceivedMail) -> str | None:
        """The reply to the message, given once it is stored; None hangs up without one."""
