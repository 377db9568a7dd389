"""Where is an SMTP server, and how does one get in: address, encryption, identity, patience?"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum

from postroom.errors import AddressError
from postroom.rfc.address import domain_to_ascii


class Security(StrEnum):
    """How the connection is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"  # required: without it no mail leaves
    OPPORTUNISTIC = "opportunistic"  # STARTTLS when it works, unverified, otherwise clear text (never a password)
    TLS = "tls"  # from the first octet, usually port 465


@dataclass(frozen=True, slots=True)
class Password:
    """A login with PLAIN, LOGIN or CRAM-MD5, whichever the server offers."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An OAuth2 login with XOAUTH2."""

    username: str
    token: str = field(repr=False)


Credentials = Password | AccessToken


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate chain and its unencrypted private key, both PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds the server may stay silent in each phase; RFC 5321 §4.5.3.2 where it speaks of the phase.

    `resolve`, `connect` and `tls` bound a whole step (connect: one address); `block` is the time without progress while
    a message is being written; `quit` bounds every farewell.
    """

    resolve: float = 30
    connect: float = 30
    tls: float = 60
    greeting: float = 300
    ehlo: float = 300
    login: float = 120
    rset: float = 300
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180
    message: float = 600
    quit: float = 5

    def at_most(self, seconds: float) -> "Timeouts":
        """As these, none longer than `seconds`."""
        return Timeouts(**{phase: min(timeout, seconds) for phase, timeout in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One way into one server.

    `host` is a name (IDN allowed), an IPv4 or an IPv6 address. `ehlo_name` is a name in A-labels, "" our own address.
    `ca_file` (PEM path) or `ca_data` (PEM text) replace the system's certificate authorities. `avoid` names EHLO
    keywords to treat as not offered (for servers that offer what they cannot do). `is_public_only`, for hosts that
    strangers name: connect to addresses of the Internet at large alone, wherever the name leads.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    ehlo_name: str = ""
    verify: bool = True
    ca_file: str | None = None
    ca_data: str | None = None
    client_certificate: ClientCertificate | None = None
    credentials: Credentials | None = None
    timeouts: Timeouts = Timeouts()
    avoid: frozenset[str] = frozenset()
    is_public_only: bool = False

    def __post_init__(self) -> None:
        if not all("!" <= char <= "~" for char in self.ehlo_name):
            raise AddressError(f"{self.ehlo_name!r} is no host name to introduce oneself by", field="ehlo_name")

    @property
    def verifies(self) -> bool:
        """Whether the server must prove its name; opportunistic encryption cannot ask for that (RFC 7435)."""
        return self.verify and self.security is not Security.OPPORTUNISTIC

    @property
    def ascii_host(self) -> str:
        """The host as DNS and certificates know it; AddressError when it has Unicode that is no host name."""
        bare = self.host.removeprefix("[").removesuffix("]")
        # ASCII is left to the resolver: container names with underscores are no host names, but resolve.
        return bare if bare.isascii() else domain_to_ascii(bare)
