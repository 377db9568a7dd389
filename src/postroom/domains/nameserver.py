"""Which DNS server is to be asked, when it is not the system's?"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Nameserver:
    """A DNS server by address and port."""

    address: str
    port: int = DNS_PORT

    def __str__(self) -> str:
        """In the form that `parse_nameserver` reads."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def parse_nameserver(text: str) -> Nameserver:
    """`127.0.0.1:5353`, `[::1]:53`, `192.0.2.1` or localhost:5353; ValueError says how to write it."""
    try:
        parts = urlsplit(f"//{text}")
        host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
        return Nameserver(str(ip_address(host)), parts.port or DNS_PORT)
    except ValueError as error:
        raise ValueError("write a DNS server as 127.0.0.1:53 or [::1]:53") from error
