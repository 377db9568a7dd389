"""Does routing follow the workspace's settings, the moment they change and no sooner?"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postroom.domains.alias_domains import assign, create_company
from postroom.domains.keys import create_dkim_key
from postroom.errors import UnknownServerError
from postroom.outbound import route
from postroom.outbound.models import Stream
from postroom.outbound.trace import readable_trace
from postroom.policy.routing import Decision
from postroom.rfc.address import parse_mailbox
from postroom.servers.archive import archive
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.models import Company, Workspace
from postroom.workspaces.parameters import DEFAULT_FROM_FILTER, set_parameter
from tests.outbound.office import Office


def decide(office: Office, from_: str | None = "mary@company-name.com", **options: object) -> Decision:
    author = parse_mailbox(from_) if from_ else None
    return route.decide(author, company=office.company, **options)  # type: ignore[arg-type]


def test_a_new_workspace_speaks_under_its_sub_domain(office: Office) -> None:
    decision = decide(office, None)
    assert (decision.server, decision.from_.address) == (None, "notifications@company-name.example")
    assert (decision.return_path, decision.reply_to) == ("bounce@company-name.example", "catchall@company-name.example")
    assert decide(office).from_rewritten


def test_the_default_filter_counts_until_there_is_a_server(office: Office) -> None:
    set_parameter(office.workspace, DEFAULT_FROM_FILTER, "company-name.com")
    assert not decide(office).from_rewritten
    server = office.add_server(from_filter="other.example")
    assert decide(office).from_rewritten
    archive(server)
    assert not decide(office).from_rewritten


def test_asking_again_needs_no_query_until_the_settings_change(office: Office) -> None:
    office.add_domain()
    server = office.add_server(from_filter="company-name.com")
    company = office.company
    with CaptureQueriesContext(connection) as first:
        route.columns(company.workspace, route.decide(None, company=company))
    with CaptureQueriesContext(connection) as again:
        route.columns(company.workspace, route.decide(None, company=company))
    assert (len(first) > 0, len(again)) == (True, 0)
    OutgoingServer.objects.filter(pk=server.pk).update(name="Renamed")
    assert decide(office).server is not None
    assert decide(office).server.name == "Renamed"  # type: ignore[union-attr]  # see above


def test_each_company_speaks_under_its_own_domain(office: Office) -> None:
    office.add_domain("company-name.com")
    second_domain = office.add_domain("second-company.com")
    second = create_company(office.workspace, "Second Company")
    assign(second, second_domain)
    second = Company.objects.select_related("workspace").get(pk=second.pk)
    assert decide(office, None).from_.domain == "company-name.com"
    assert route.decide(None, company=second).from_.domain == "second-company.com"
    assert route.domain_of(second) == "second-company.com"


def test_a_policy_of_the_workspace_counts_at_once(office: Office) -> None:
    office.add_domain()
    office.add_server(name="No filter")
    office.add_server(name="Notifications", from_filter="company-name.com")
    stranger = "stranger@customer.example.com"
    assert decide(office, stranger).server.name == "No filter"  # type: ignore[union-attr]  # there are servers
    Workspace.objects.update(routing_policy="prefer-notification-server")
    assert decide(office, stranger).server.name == "Notifications"  # type: ignore[union-attr]  # likewise


def test_mass_mail_takes_the_dedicated_server_and_other_mail_does_not(office: Office) -> None:
    office.add_server(name="Company mail", priority=1)
    mailings = office.add_server(name="Mailings", priority=2)
    assert decide(office, stream=Stream.MASS).server.name == "Company mail"  # type: ignore[union-attr]  # there are servers
    DedicatedServer.objects.create(workspace=office.workspace, server=mailings)
    assert decide(office, stream=Stream.MASS).server.name == "Mailings"  # type: ignore[union-attr]  # likewise
    assert decide(office).server.name == "Company mail"  # type: ignore[union-attr]  # likewise


def test_a_forced_server_goes_before_the_dedicated_one(office: Office) -> None:
    mailings, forced = office.add_server(name="Mailings"), office.add_server(name="Forced")
    DedicatedServer.objects.create(workspace=office.workspace, server=mailings)
    decision = decide(office, stream=Stream.MASS, forced_server=forced.pk)
    assert route.server_id(decision) == forced.pk


def test_a_forced_server_that_is_archived_or_anothers_is_refused(office: Office) -> None:
    forced = office.add_server(name="Forced")
    archive(forced)
    with pytest.raises(UnknownServerError, match="Forced is archived"):
        decide(office, forced_server=forced.pk)
    stranger = Office.__new__(Office)
    stranger.workspace = Workspace.objects.create(slug="other", name="Other")
    theirs = stranger.add_server(name="Theirs")
    with pytest.raises(UnknownServerError):
        decide(office, forced_server=theirs.pk)


def test_a_server_whose_password_cannot_be_decrypted_does_not_stop_routing(office: Office) -> None:
    office.add_server(username="mary", password="secret")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE servers_outgoingserver SET password = 'v1:sealed under another key'")
    assert decide(office).server is not None


def test_the_trace_tells_whether_dmarc_will_pass(office: Office) -> None:
    office.add_domain()
    office.add_server(from_filter="company-name.com")
    assert route.trace(office.company.workspace, decide(office))["dmarc"]["dkim"] is False
    create_dkim_key(office.workspace, domain="company-name.com", selector="s")
    dmarc = route.trace(office.company.workspace, decide(office))["dmarc"]
    assert (dmarc["spf"], dmarc["dkim"]) == (True, True)


def test_the_trace_trusts_a_provider_that_alone_signs(office: Office) -> None:
    office.add_domain()
    office.add_server(from_filter="company-name.com", signed_by="provider")
    assert route.trace(office.company.workspace, decide(office))["dmarc"]["dkim"] is True


def test_the_trace_reads_as_text(office: Office) -> None:
    office.add_domain()
    office.add_server(from_filter="other.example")
    lines = readable_trace(route.columns(office.company.workspace, decide(office))).splitlines()
    assert lines[0] == "Server:       Company mail"
    assert lines[1] == 'From:         "mary" <notifications@company-name.com> (replaced)'
    assert any(line.startswith("  → first_server: ") for line in lines)
    assert any(line.startswith("  ! ") for line in lines)
