"""Does mail leave through a server whose login is a token, and wait while there is none?"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import F

from postroom.outbound import faults
from postroom.servers.models import OAuthAccount, OutgoingServer
from postroom.workspaces.alerts import open_alerts
from tests.outbound.office import Courier, Office, lane_of, outlet, statuses
from tests.peers import dovecot
from tests.peers.certificates import TlsFiles
from tests.peers.oauth_provider import Provider, run_oauth_provider
from tests.peers.postfix import Postfix, run_postfix, why_unavailable
from tests.servers.oauth.connecting import connect, make_app

DOMAIN = "customer.example.com"
JOE = f"joe@{DOMAIN}"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def mail_server(provider: Provider, tls_files: TlsFiles) -> Iterator[Postfix]:
    """A Postfix that takes mail from who has a token that the provider calls valid."""
    if why := dovecot.why_unavailable() or why_unavailable():
        pytest.skip(why)
    with dovecot.run_dovecot_auth(provider) as sasl:
        only_known = {"smtpd_recipient_restrictions": "permit_sasl_authenticated, reject"}
        with run_postfix(DOMAIN, tls=tls_files, settings={**sasl, **only_known}) as server:
            yield server


@pytest.fixture
def gmail(busy_office: Office, mail_server: Postfix, provider: Provider, tls_files: TlsFiles) -> OutgoingServer:
    """The office's only server, its account connected."""
    provider.tokens.clear()
    provider.requests.clear()
    make_app(provider)
    server = busy_office.add_server(
        mail_server.port,
        name="Gmail",
        authentication="gmail",
        username="mary@company-name.com",
        encryption="starttls",
        ca_certificate=tls_files.authority.read_text(),
    )
    connect(server, provider)
    return server


def age_account(**ages: float) -> None:
    """As if the token had been given so long before."""
    later = timedelta(**ages)
    OAuthAccount.objects.update(
        renewed_at=F("renewed_at") - later, renew_at=F("renew_at") - later, expires_at=F("expires_at") - later
    )


def test_mail_leaves_with_the_accounts_token(
    gmail: OutgoingServer, busy_office: Office, courier: Courier, mail_server: Postfix
) -> None:
    message = busy_office.send(f"first@{DOMAIN}")
    courier.drain(lane_of(gmail))
    assert statuses(message) == {f"first@{DOMAIN}": "sent"}
    assert len(mail_server.messages(f"first@{DOMAIN}")) == 1


def test_an_expired_token_is_renewed_before_it_is_used(
    gmail: OutgoingServer, busy_office: Office, courier: Courier, provider: Provider
) -> None:
    provider.let_expire()
    age_account(hours=1)
    busy_office.send(JOE)
    courier.drain(lane_of(gmail))
    assert statuses() == {JOE: "sent"}
    assert provider.requests == ["authorization_code", "refresh_token"]


def test_a_token_that_the_server_refuses_is_renewed_once_and_the_mail_leaves_at_once(
    gmail: OutgoingServer, busy_office: Office, courier: Courier, provider: Provider
) -> None:
    """It ended earlier than was said."""
    provider.let_expire()
    age_account(minutes=10)
    busy_office.send(JOE)
    courier.drain(lane_of(gmail))
    assert statuses() == {JOE: "sent"}
    assert provider.requests == ["authorization_code", "refresh_token"]
    assert outlet(gmail).faults == 0


def test_two_workers_that_need_a_new_token_use_the_refresh_token_once(
    gmail: OutgoingServer, busy_office: Office, courier: Courier, provider: Provider
) -> None:
    place = {field: getattr(gmail, field) for field in ("authentication", "username", "encryption", "ca_certificate")}
    other = busy_office.add_server(gmail.port, name="Gmail for others", oauth_account=gmail.oauth_account, **place)
    provider.let_expire()
    age_account(hours=1)
    for server in (gmail, other):
        busy_office.send(f"{server.pk}@{DOMAIN}", forced_server=server.pk)
    provider.delay = 0.3
    courier.drain_both(lane_of(gmail), lane_of(other))
    provider.delay = 0
    assert set(statuses().values()) == {"sent"}
    assert provider.requests == ["authorization_code", "refresh_token"]
    assert OAuthAccount.objects.get().refresh_token == provider.tokens[-1].refresh_token


def test_mail_waits_while_the_permission_has_ended_and_leaves_after_connecting_again(
    gmail: OutgoingServer, busy_office: Office, courier: Courier, provider: Provider
) -> None:
    provider.revoke_all()
    age_account(hours=1)
    busy_office.send(JOE)
    courier.drain(lane_of(gmail))
    courier.ask(faults.tell_server_faults)
    assert statuses() == {JOE: "queued"}
    assert "has ended" in outlet(gmail).fault
    assert courier.work() == []
    assert [(alert.kind, alert.count) for alert in open_alerts()] == [("oauth_account", 1)]
    connect(gmail, provider)
    assert courier.work() == [outlet(gmail).pk]
    courier.drain(lane_of(gmail))
    courier.ask(faults.tell_server_faults)
    assert statuses() == {JOE: "sent"}
    assert not open_alerts().exists()
