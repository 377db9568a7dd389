"""How do the alias domains stand in DNS? Checked on demand, after each change and daily, with one alert a domain."""

from datetime import timedelta

import structlog
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from postroom.domains.dns_check import check
from postroom.domains.models import AliasDomain, DomainCheck
from postroom.domains.resolver import Resolver
from postroom.errors import PostroomError
from postroom.jobs import app
from postroom.policy.dns.advice import Advice
from postroom.policy.dns.findings import Verdict
from postroom.policy.dns.writing import tell
from postroom.servers.domain_facts import facts_of
from postroom.workspaces.alerts import clear_alert, raise_alert

log = structlog.get_logger()
TASK = "servers.check_domain"
ALERT_KIND = "dns"
CHECK_EVERY = timedelta(days=1)
KEPT_CHECKS = 30  # a month of daily ones
# A round must end before the next begins: each takes a second or two, half a minute where DNS is silent.
MOST_AT_ONCE = 50


def check_domain(domain: AliasDomain, resolver: Resolver) -> Advice:
    """Ask DNS now, keep what it said, and raise or clear the domain's alert."""
    version = domain.workspace.routing_version
    advice = check(facts_of(domain), resolver)
    DomainCheck.objects.create(
        alias_domain=domain, verdict=advice.verdict, report=tell(advice), routing_version=version
    )
    _forget_old(domain)
    _alert(domain, advice)
    return advice


def ask_for_check(domain: AliasDomain) -> None:
    """Have a worker check the domain soon: DNS may take half a minute to say nothing."""
    app.configure_task(TASK, queue="chores").defer(domain_id=domain.pk)


def newest_check(domain: AliasDomain) -> DomainCheck | None:
    return domain.checks.order_by("-checked_at", "-pk").first()


def check_due(resolver: Resolver) -> int:
    """Check the domains that were not for a day, or whose workspace has changed since; how many were."""
    domains = list(_due()[:MOST_AT_ONCE])
    for domain in domains:
        try:
            check_domain(domain, resolver)
        except PostroomError as error:  # a key that cannot be read concerns one workspace, not the others
            log.warning("domain.unchecked", domain=domain.name, error=error.message)
    return len(domains)


def _due() -> QuerySet[AliasDomain]:
    newest = DomainCheck.objects.filter(alias_domain=OuterRef("pk")).order_by("-checked_at")
    domains = AliasDomain.objects.select_related("workspace").annotate(
        last_at=Subquery(newest.values("checked_at")[:1]), last_version=Subquery(newest.values("routing_version")[:1])
    )
    is_old = Q(last_at=None) | Q(last_at__lt=timezone.now() - CHECK_EVERY)
    return domains.filter(is_old | ~Q(last_version=F("workspace__routing_version"))).order_by(
        F("last_at").asc(nulls_first=True), "pk"
    )


def _forget_old(domain: AliasDomain) -> None:
    kept = domain.checks.order_by("-checked_at", "-pk").values("pk")[:KEPT_CHECKS]
    domain.checks.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


def _alert(domain: AliasDomain, advice: Advice) -> None:
    """One for all of a domain's faults: they are mended in one place. What is unclear changes nothing.

    None while all its mail ends in the capture server: nobody need mend what no receiver looks at.
    """
    if advice.facts.is_captured:
        clear_alert(domain.workspace, ALERT_KIND, domain.name)
    elif advice.faults:
        raise_alert(
            domain.workspace,
            ALERT_KIND,
            domain.name,
            what_happened=f"DNS of {domain.name} needs a change: "
            + " ".join(finding.words for finding in advice.faults),
            what_to_do=" ".join(finding.change for finding in advice.faults),
        )
    elif advice.verdict is not Verdict.UNCLEAR:
        clear_alert(domain.workspace, ALERT_KIND, domain.name)
