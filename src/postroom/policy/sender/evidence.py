"""What proves who sent this mail: SPF, DKIM and DMARC together, and in one sentence?"""

from dataclasses import dataclass
from ipaddress import ip_address

from postroom.errors import AddressError
from postroom.policy.dns.answers import Question
from postroom.policy.sender.dmarc import DmarcResult, DmarcVerdict, check_dmarc
from postroom.policy.sender.spf import Ask, SpfVerdict, check_host
from postroom.policy.sender.spf_macros import Client
from postroom.rfc.address import domain_to_ascii
from postroom.rfc.address_salvage import salvage_mailboxes
from postroom.rfc.dkim_verify import Verdict as DkimVerdict
from postroom.rfc.dkim_verify import verify
from postroom.rfc.headers import field_value, iter_fields, split_message


@dataclass(frozen=True, slots=True)
class Evidence:
    """`spf` None: the client is not known, as the mail was handed on or fetched."""

    spf: SpfVerdict | None
    dkim: tuple[DkimVerdict, ...]
    dmarc: DmarcVerdict

    @property
    def sentence(self) -> str:
        return _SENTENCES[self.dmarc.result].format(domain=self.dmarc.domain, reason=self.dmarc.reason)


_SENTENCES = {
    DmarcResult.PASS: "It comes from {domain}: {reason}.",
    DmarcResult.FAIL: "It may be forged: {domain} has a DMARC policy, and {reason}.",
    DmarcResult.NONE: "Nothing proves that it comes from {domain}: {reason}.",
    DmarcResult.TEMPERROR: "It is not known whether it comes from {domain}: {reason}.",
    DmarcResult.PERMERROR: "Nobody can tell where it comes from: {reason}.",
}


def client_of(peer: str, helo: str, return_path: str | None) -> Client | None:
    """Who handed in a mail whose way is known; None where `peer` is no address. A null return path stands for HELO."""
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)  # a listener on :: sees IPv4 so
    return Client(mapped or address, helo, return_path or f"postmaster@{helo}")


def examine(raw: bytes, client: Client | None, ask: Ask, *, now: int) -> Evidence:
    """Raises nothing, whatever the mail and DNS hold; `now` in seconds since 1970."""

    def lookup(name: str) -> str | None:
        answer = ask(Question(name.lower(), "TXT"))
        if answer.is_unclear:
            raise OSError(answer.explain(name))
        return answer.values[0] if answer.values else None

    spf = check_host(client, ask) if client else None
    # What a pipe hands over has the line ends of its machine.
    dkim = verify(raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n"), lookup, now=now)
    return Evidence(spf, dkim, check_dmarc(_author_domains(raw), ask, spf=spf, dkim=dkim))


def _author_domains(raw: bytes) -> list[str]:
    """Of every From there is: a mail with two of them is a trick as often as a mistake."""
    fields = (field_value(field) for name, field in iter_fields(split_message(raw)[0]) if name == "from")
    return [_ascii(mailbox.domain) for value in fields for mailbox in salvage_mailboxes(value)]


def _ascii(domain: str) -> str:
    try:
        return domain_to_ascii(domain)
    except AddressError:
        return domain
