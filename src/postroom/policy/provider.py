"""What is known of a mail provider before anybody has sent through it?

The facts themselves stand in `servers/presets.toml`; here are their shapes, and what follows from them.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase


class Complaint(StrEnum):
    """What a provider's words of refusal are about."""

    QUOTA = "quota"
    IDENTITY = "identity"
    AUTHENTICATION = "authentication"


class ReturnPathUse(StrEnum):
    """What the provider does with our envelope sender, and so whose SPF record receivers test."""

    KEPT = "kept"  # ours: our SPF record must name the provider
    REPLACED = "replaced"  # the provider's own: our SPF record is never asked
    DELEGATED = "delegated"  # the provider's own, until a sub-domain of ours is pointed at it


class DkimScheme(StrEnum):
    """How the provider's key gets into our DNS."""

    CNAME = "cname"  # a pointer; the provider renews the key behind it
    TXT = "txt"  # the key itself, as the provider's console shows it
    NONE = "none"  # the provider does not sign


@dataclass(frozen=True, slots=True)
class Port:
    """A port with its encryption: starttls, tls or none."""

    number: int
    encryption: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the provider takes at most; None where it says nothing or it depends on the plan (see `words`)."""

    messages_per_day: int | None = None
    messages_per_minute: int | None = None
    connections: int | None = None
    messages_per_connection: int | None = None
    recipients_per_message: int | None = None
    message_bytes: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class ProviderDkim:
    """Where the provider's keys stand: `selectors` it always uses, none where its console makes them up.

    `target` is where a CNAME leads: {selector}, {domain} and {dashed} (the domain with hyphens for dots) stand for
    themselves, * for what only the console knows.
    """

    scheme: DkimScheme
    selectors: tuple[str, ...] = ()
    target: str = ""

    def target_of(self, selector: str, domain: str) -> str:
        return self.target.format(selector=selector, domain=domain, dashed=domain.replace(".", "-"))


@dataclass(frozen=True, slots=True)
class ProviderReturnPath:
    """`label` is the sub-domain that the provider proposes (* where it makes one up), `target` its CNAME's target."""

    use: ReturnPathUse
    label: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider. `hosts` may hold * for a region; `spf` is the mechanism to add to our record, "" for none."""

    id: str
    name: str
    hosts: tuple[str, ...]
    ports: tuple[Port, ...]
    authentication: str
    limits: Limits
    spf: str
    dkim: ProviderDkim
    return_path: ProviderReturnPath
    allow: str
    """What must be verified or allowed at the provider before it takes our mail."""
    username: str
    """What to enter as user name."""
    documentation: str
    facts_from: str
    facts_at: date
    """Of the newest page these facts were read on; providers change them without notice."""
    mx_hosts: tuple[str, ...] = ()
    """Where MX records lead whose domain's mail this provider receives; may hold *."""
    phrases: dict[Complaint, tuple[str, ...]] = field(default_factory=dict)
    """Words in lower case that occur in its refusals."""

    def complaint(self, text: str) -> Complaint | None:
        """What a refusal in the provider's words is about; None when they are not known."""
        lowered = text.lower()
        for complaint, phrases in self.phrases.items():
            if any(phrase in lowered for phrase in phrases):
                return complaint
        return None

    def receives_at(self, mx_host: str) -> bool:
        """Whether `mx_host`, in lower case, takes mail for the provider's customers."""
        return any(fnmatchcase(mx_host, pattern) for pattern in self.mx_hosts)

    def serves(self, host: str) -> bool:
        """Whether `host`, in lower case, is one of the provider's."""
        return any(fnmatchcase(host, pattern) for pattern in self.hosts)
