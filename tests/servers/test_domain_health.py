"""Are the alias domains checked when they should be, with what is known of their servers, and one alert for a fault?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.aliases import save_alias
from postroom.domains.keys import create_dkim_key, record_of
from postroom.domains.models import Alias, AliasDomain, DkimKey, DomainCheck
from postroom.domains.nameserver import Nameserver
from postroom.domains.resolver import Resolver
from postroom.policy.dns.facts import SignedBy
from postroom.policy.dns.standing import Outcome
from postroom.policy.dns.writing import zone_line
from postroom.servers.domain_facts import facts_of
from postroom.servers.domain_health import KEPT_CHECKS, check_domain, check_due, newest_check
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.alerts import open_alerts
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace
from tests.peers.nsd import run_nsd

NAME = "company-name.com"
GOOD = """\
@ TXT "v=spf1 include:_spf.provider ~all"
_spf.provider TXT "v=spf1 ip4:198.51.100.0/24 -all"
mail A 198.51.100.1
@ MX 10 mail
_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc-reports@company-name.com"
"""


@pytest.fixture
def domain(db: None) -> AliasDomain:
    workspace = create_workspace("company-name", company="My Company")
    domain = save_alias_domain(AliasDomain(workspace=workspace, name=NAME))
    OutgoingServer.objects.create(workspace=workspace, name="Own", host=f"mail.{NAME}", from_filter=NAME)
    create_dkim_key(workspace, domain=NAME, selector="s")
    return reread(domain)


def reread(domain: AliasDomain) -> AliasDomain:
    return AliasDomain.objects.select_related("workspace").get(pk=domain.pk)


@pytest.fixture
def empty_zone() -> Iterator[Resolver]:
    with run_nsd({NAME: ""}) as port:
        yield Resolver(Nameserver("127.0.0.1", port))


def filled_zone() -> str:
    return GOOD + zone_line(record_of(DkimKey.objects.get()))


# --- what is known beforehand --------------------------------------------------------------------------------------


def test_the_servers_that_may_send_for_the_domain_count(domain: AliasDomain) -> None:
    for name, from_filter in (("Other", "other.example"), ("One address", f"news@{NAME}"), ("Anybody", "")):
        OutgoingServer.objects.create(workspace=domain.workspace, name=name, host="h.example", from_filter=from_filter)
    OutgoingServer.objects.filter(name="Anybody").update(
        host="smtp-relay.brevo.com", signed_by="provider", dkim_selectors=" brevo1, ,brevo2 "
    )
    senders = {sender.name: sender for sender in facts_of(reread(domain)).senders}
    assert set(senders) == {"Own", "One address", "Anybody"}
    brevo = senders["Anybody"]
    assert brevo.preset is not None
    assert (brevo.preset.id, brevo.signed_by, brevo.selectors) == ("brevo", SignedBy.PROVIDER, ("brevo1", "brevo2"))


def test_without_any_server_the_default_server_counts(domain: AliasDomain) -> None:
    OutgoingServer.objects.update(archived_at=timezone.now())
    assert [sender.name for sender in facts_of(domain).senders] == ["default server"]


def test_the_platforms_server_is_judged_by_its_own_return_path_and_spf(domain: AliasDomain, settings: Settings) -> None:
    OutgoingServer.objects.update(archived_at=timezone.now())
    env = replace(settings.POSTROOM, default_server="smtp://127.0.0.1:2500", default_server_spf="include:_spf.example")
    settings.POSTROOM = env
    (own,) = facts_of(domain).senders
    assert (own.spf, own.keeps_return_path) == ("include:_spf.example", True)
    settings.POSTROOM = replace(env, hosted=True)
    assert not facts_of(domain).senders[0].keeps_return_path
    OutgoingServer.objects.create(
        workspace=domain.workspace, name="CLI", authentication="default_server", from_filter=NAME, priority=1
    )
    named = {sender.name: sender for sender in facts_of(reread(domain)).senders}["CLI"]
    assert (named.spf, named.keeps_return_path) == ("include:_spf.example", False)


def test_who_takes_the_mail_of_others_and_mailings_sends_in_the_domains_name_too(domain: AliasDomain) -> None:
    """Both replace the From by the notification address (D3, E1)."""
    workspace = domain.workspace
    made = {
        name: OutgoingServer.objects.create(
            workspace=workspace, name=name, host="h.example", from_filter="other.example", priority=priority
        )
        for name, priority in (("First", 1), ("Mass", 20), ("Neither", 30))
    }
    DedicatedServer.objects.create(workspace=workspace, server=made["Mass"])
    assert {sender.name for sender in facts_of(reread(domain)).senders} == {"Own", "First", "Mass"}
    Workspace.objects.update(routing_policy="prefer-notification-server")
    assert {sender.name for sender in facts_of(reread(domain)).senders} == {"Own", "Mass"}


def test_every_address_that_must_receive_is_listed(domain: AliasDomain) -> None:
    save_alias(Alias(workspace=domain.workspace, local_part="Info", alias_domain=domain))
    addresses = [address for address, _ in facts_of(domain).inboxes]
    local_parts = ("bounce", "catchall", "notifications", "info", "dmarc-reports")
    assert addresses == [f"{local_part}@{NAME}" for local_part in local_parts]


def test_a_complete_default_from_elsewhere_is_what_must_align(domain: AliasDomain) -> None:
    AliasDomain.objects.update(default_from="office@other.example")
    facts = facts_of(reread(domain))
    assert (facts.domain, facts.from_domain, facts.keys) == (NAME, "other.example", ())


# --- checking ------------------------------------------------------------------------------------------------------


@pytest.mark.requires("nsd")
def test_a_fault_raises_one_alert_which_goes_once_it_is_mended(domain: AliasDomain, empty_zone: Resolver) -> None:
    check_domain(domain, empty_zone)
    check_domain(domain, empty_zone)
    (alert,) = open_alerts()
    assert (alert.kind, alert.subject, alert.workspace, alert.count) == ("dns", NAME, domain.workspace, 2)
    assert "no SPF record" in alert.what_happened
    assert "v=spf1" in alert.what_to_do
    with run_nsd({NAME: filled_zone().replace("include:_spf.provider", f"a:mail.{NAME}")}) as port:
        advice = check_domain(domain, Resolver(Nameserver("127.0.0.1", port)))
    assert [finding.words for finding in advice.faults] == []
    assert not open_alerts().exists()


@pytest.mark.requires("nsd")
def test_nobody_is_alerted_while_all_mail_of_a_domain_ends_in_the_capture_server(
    domain: AliasDomain, empty_zone: Resolver, settings: Settings
) -> None:
    check_domain(domain, empty_zone)
    assert open_alerts().exists()
    capture = {"host": settings.POSTROOM.capture_host, "port": settings.POSTROOM.capture_port}
    OutgoingServer.objects.update(**capture)
    (standing,) = check_domain(reread(domain), empty_zone).standings
    assert (standing.is_captured, standing.dmarc) == (True, Outcome.FAIL)
    assert not open_alerts().exists()
    OutgoingServer.objects.create(workspace=domain.workspace, name="Outside", host="h.example", from_filter=NAME)
    check_domain(reread(domain), empty_zone)
    assert open_alerts().exists()


def test_a_default_server_that_is_the_capture_server_lets_nothing_out(domain: AliasDomain, settings: Settings) -> None:
    OutgoingServer.objects.update(archived_at=timezone.now())
    own = replace(settings.POSTROOM, default_server=f"smtp://localhost:{settings.POSTROOM.capture_port}")
    settings.POSTROOM = own
    assert facts_of(domain).is_captured
    settings.POSTROOM = replace(own, default_server="smtp://relay.example:25")
    assert not facts_of(domain).is_captured


@pytest.mark.requires("nsd")
def test_a_name_server_that_fails_neither_raises_nor_clears(domain: AliasDomain, empty_zone: Resolver) -> None:
    with run_nsd({NAME: "broken"}) as port:
        broken = Resolver(Nameserver("127.0.0.1", port))
        check_domain(domain, broken)
        assert not open_alerts().exists()
        check_domain(domain, empty_zone)
        check_domain(domain, broken)
    assert open_alerts().count() == 1
    newest = newest_check(domain)
    assert newest is not None
    assert newest.verdict == "unclear"


@pytest.mark.requires("nsd")
def test_a_domain_is_due_daily_and_after_a_change(domain: AliasDomain, empty_zone: Resolver) -> None:
    assert check_due(empty_zone) == 1
    assert check_due(empty_zone) == 0
    OutgoingServer.objects.update(from_filter="")
    assert check_due(empty_zone) == 1
    assert check_due(empty_zone) == 0
    DomainCheck.objects.update(checked_at=timezone.now() - timedelta(hours=25))
    assert check_due(empty_zone) == 1


@pytest.mark.requires("nsd")
def test_a_key_that_cannot_be_read_stops_only_its_own_domain(domain: AliasDomain, empty_zone: Resolver) -> None:
    other = create_workspace("other", company="Other")
    save_alias_domain(AliasDomain(workspace=other, name="second-company.com"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE domains_dkimkey SET private_key = 'v1:sealed under another key'")
    assert check_due(empty_zone) == 2
    assert list(DomainCheck.objects.values_list("alias_domain__name", flat=True)) == ["second-company.com"]


@pytest.mark.requires("nsd")
def test_a_months_checks_are_kept(domain: AliasDomain, empty_zone: Resolver) -> None:
    for days in range(KEPT_CHECKS + 5):
        DomainCheck.objects.create(
            alias_domain=domain,
            verdict="ok",
            report={},
            routing_version=1,
            checked_at=timezone.now() - timedelta(days=days + 1),
        )
    check_domain(domain, empty_zone)
    assert domain.checks.count() == KEPT_CHECKS
    newest = newest_check(domain)
    assert newest is not None
    assert newest.report["domain"] == NAME
    assert {finding["purpose"] for finding in newest.report["findings"]} >= {"spf", "dkim", "dmarc", "mx"}


def test_a_workspace_without_domains_has_nothing_to_check(db: None) -> None:
    Workspace.objects.create(slug="new", name="New")
    assert check_due(Resolver(Nameserver("127.0.0.1", 1))) == 0
