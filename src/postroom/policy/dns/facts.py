"""What is known of a domain and of the servers that send in its name, before DNS is asked?"""

from dataclasses import dataclass
from enum import StrEnum

from postroom.policy.provider import Preset


class SignedBy(StrEnum):
    """Who signs the mail of a server with DKIM."""

    POSTROOM = "postroom"
    PROVIDER = "provider"
    BOTH = "both"  # whoever has a key does

    @property
    def is_ours(self) -> bool:
        return self is not SignedBy.PROVIDER


class KeyState(StrEnum):
    """A DKIM key's life, in this order."""

    WAITING = "waiting"  # made; its record is not in DNS yet
    SEEN = "seen"  # its record is there; other name servers and caches get time to see it
    ACTIVE = "active"  # signs
    RETIRING = "retiring"  # signs no more; its record must stay for mail on its way
    RETIRED = "retired"  # its record may go


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A DKIM key of ours: `record` is the TXT to publish. `pointer` is the CNAME to publish in its place, or ""."""

    selector: str
    record: str
    state: KeyState = KeyState.ACTIVE
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """A server that sends in the domain's name. `selectors` are those of the provider's keys that people entered.

    `preset` is None for a server of no known provider; `host` "" where there is none to name. `spf` is what an SPF
    record must hold for it by its operator's word, "" where that follows from preset or host. `keeps_return_path` is
    False where errors come back to the operator's own domain, whatever our bounce address. `is_captured` is True where
    its mail ends in the built-in capture server, so that no receiver judges it.
    """

    name: str
    host: str = ""
    preset: Preset | None = None
    signed_by: SignedBy = SignedBy.BOTH
    selectors: tuple[str, ...] = ()
    spf: str = ""
    keeps_return_path: bool = True
    is_captured: bool = False


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """Domains in A-labels. `from_domain` is that of the From where a complete default-from is elsewhere.

    `mx_hosts`: mail shall come to these; () where the domain has a mail server of its own. `own_mx` names the
    host at which Postroom itself could receive, "" for none. `inboxes` are the addresses that must receive, with what
    for.
    """

    domain: str
    from_domain: str
    senders: tuple[Sender, ...] = ()
    keys: tuple[OwnKey, ...] = ()
    mx_hosts: tuple[str, ...] = ()
    own_mx: str = ""
    inboxes: tuple[tuple[str, str], ...] = ()
    report_address: str = ""

    @property
    def is_captured(self) -> bool:
        """Whether no mail in the domain's name reaches a receiver, so that a missing record harms nobody."""
        return bool(self.senders) and all(sender.is_captured for sender in self.senders)
