"""How did the mail of each server stand in DNS when that was asked last? To be shown where servers are chosen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from postroom.domains.models import DomainCheck
from postroom.policy.dns.findings import FAULTS
from postroom.policy.dns.standing import Outcome
from postroom.policy.routing import Decision
from postroom.servers.endpoints import DEFAULT_SERVER_NAME
from postroom.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class DnsStanding:
    """Mail of `server` in the name of `from_domain`; `faults` is how many records of the alias domain must change.

    With `is_captured` that mail ends in the capture server, and no receiver judges it.
    """

    server: str
    from_domain: str
    alias_domain_id: int
    dmarc: Outcome
    words: str
    faults: int
    checked_at: datetime
    is_captured: bool = False

    @property
    def is_faulty(self) -> bool:
        return not self.is_captured and (self.dmarc is Outcome.FAIL or self.faults > 0)


def standings_of(workspace: Workspace) -> list[DnsStanding]:
    """By the newest check of each alias domain; one query. Domains that were not checked yet say nothing."""
    checks = DomainCheck.objects.filter(alias_domain__workspace=workspace)
    newest = checks.order_by("alias_domain_id", "-checked_at", "-pk").distinct("alias_domain_id")
    return [standing for check in newest for standing in _read(check)]


def standing_of(workspace: Workspace, decision: Decision) -> DnsStanding | None:
    """Of a message that leaves so; None where nothing is known of its From's domain through that server."""
    server = decision.server.name if decision.server else DEFAULT_SERVER_NAME
    found = (s for s in standings_of(workspace) if (s.server, s.from_domain) == (server, decision.from_.domain))
    return next(found, None)


def _read(check: DomainCheck) -> Iterator[DnsStanding]:
    faults = sum(finding["verdict"] in FAULTS for finding in check.report["findings"])
    for told in check.report["servers"]:
        yield DnsStanding(
            server=told["server"],
            from_domain=told["from_domain"],
            alias_domain_id=check.alias_domain_id,
            dmarc=Outcome(told["dmarc"]),
            words=told["words"],
            faults=faults,
            checked_at=check.checked_at,
            is_captured=told.get("is_captured", False),  # not in checks kept by older versions
        )
