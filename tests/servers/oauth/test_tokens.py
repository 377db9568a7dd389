"""Is a token renewed in time, once, and is a permission that has ended told once?"""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from postroom.servers.models import OAuthAccount, OAuthApp, OutgoingServer
from postroom.servers.oauth.registration import save_app
from postroom.servers.oauth.token_endpoint import ProviderAwayError
from postroom.servers.oauth.tokens import AppRefusedError, ConsentRevokedError, fresh_token, renew_refused
from postroom.servers.oauth.trouble import count_down
from postroom.servers.oauth.watch import watch
from postroom.workspaces.alerts import open_alerts
from postroom.workspaces.create import create_workspace
from tests.peers.oauth_provider import Provider
from tests.servers.oauth.connecting import connect, make_app


@pytest.fixture
def account(server: OutgoingServer, provider: Provider) -> OAuthAccount:
    return connect(server, provider)


def age(account: OAuthAccount, **ages: float) -> OAuthAccount:
    """As it stands so many hours later."""
    later = timedelta(**ages)
    for field in ("renewed_at", "renew_at", "expires_at"):
        OAuthAccount.objects.filter(pk=account.pk).update(**{field: getattr(account, field) - later})
    account.refresh_from_db()
    return account


def test_a_token_is_used_until_five_minutes_before_its_end(account: OAuthAccount, provider: Provider) -> None:
    assert fresh_token(age(account, minutes=54)).access_token == provider.tokens[0].access_token
    assert fresh_token(age(account, minutes=2)).access_token == provider.tokens[1].access_token
    assert provider.requests == ["authorization_code", "refresh_token"]


def test_a_short_lived_token_is_not_renewed_with_every_use(server: OutgoingServer, provider: Provider) -> None:
    provider.lifetime = 60
    account = connect(server, provider)
    fresh_token(age(account, seconds=20))
    assert provider.requests == ["authorization_code"]


def test_the_rotated_refresh_token_is_kept(account: OAuthAccount, provider: Provider) -> None:
    for _ in range(3):
        fresh_token(age(account, hours=1))
        account.refresh_from_db()
    assert account.refresh_token == provider.tokens[-1].refresh_token
    assert provider.requests == ["authorization_code"] + 3 * ["refresh_token"]


def test_a_provider_that_is_away_costs_nothing_while_the_token_lasts(account: OAuthAccount, provider: Provider) -> None:
    provider.is_down = True
    assert fresh_token(age(account, minutes=57)).access_token == provider.tokens[0].access_token
    account.refresh_from_db()
    assert account.renew_at is not None
    assert account.renew_at > timezone.now()  # not asked again at once
    with pytest.raises(ProviderAwayError, match="HTTP 503"):
        fresh_token(age(account, minutes=4))
    provider.is_down = False
    assert fresh_token(account).access_token == provider.tokens[1].access_token


def test_a_permission_that_was_taken_back_is_told_once_and_not_asked_for_again(
    account: OAuthAccount, provider: Provider
) -> None:
    provider.revoke_all()
    for _ in range(3):
        with pytest.raises(ConsentRevokedError, match="invalid_grant"):
            fresh_token(age(account, hours=1) if account.renewed_at else account)
        account.refresh_from_db()
    assert account.state == OAuthAccount.State.CONSENT_REVOKED
    alert = open_alerts().get()
    assert (alert.kind, alert.count) == ("oauth_account", 1)
    assert "mary@gmail.example" in alert.what_happened
    assert "“Gmail”" in alert.what_to_do


def test_connecting_again_ends_the_alert(account: OAuthAccount, server: OutgoingServer, provider: Provider) -> None:
    provider.revoke_all()
    with pytest.raises(ConsentRevokedError):
        fresh_token(age(account, hours=1))
    again = connect(server, provider)
    assert again == account
    assert not open_alerts().exists()
    assert fresh_token(again).access_token == provider.tokens[-1].access_token


def test_a_refused_token_is_replaced_unless_it_is_young(account: OAuthAccount, provider: Provider) -> None:
    token = account.access_token
    assert renew_refused(account.pk, token) is False
    age(account, minutes=6)
    assert renew_refused(account.pk, token) is True
    assert renew_refused(account.pk, token) is True  # another connection's refusal of the same token
    assert provider.requests == ["authorization_code", "refresh_token"]


def test_a_refused_registration_is_told_and_a_new_secret_ends_it(account: OAuthAccount, provider: Provider) -> None:
    provider.client.secret = "a new secret"
    with pytest.raises(AppRefusedError, match="invalid_client"):
        fresh_token(age(account, hours=1))
    alert = open_alerts().get()
    assert (alert.kind, alert.workspace) == ("oauth_app", None)
    app = OAuthApp.objects.get()
    app.client_secret = "a new secret"
    save_app(app)
    assert not open_alerts().exists()
    account.refresh_from_db()
    assert fresh_token(account).access_token == provider.tokens[-1].access_token


@pytest.mark.parametrize(
    ("days", "told"),
    [(31, ""), (30, "in 30 days"), (12, "in 12 days"), (7, "in 7 days"), (0, "has ended"), (-5, "has ended")],
)
def test_the_end_of_a_secret_is_counted_down(days: int, told: str, db: None, provider: Provider) -> None:
    end = date(2027, 3, 31)
    app = make_app(provider, secret_expires_on=end)
    for _ in range(2):
        count_down(app, today=end - timedelta(days=days))
    assert [(told in alert.what_happened, alert.count) for alert in open_alerts()] == ([(True, 1)] if told else [])


def test_each_step_of_the_countdown_is_told_once(db: None, provider: Provider) -> None:
    end = date(2027, 3, 31)
    app = make_app(provider, secret_expires_on=end)
    for days in range(40, -3, -1):
        count_down(app, today=end - timedelta(days=days))
    assert open_alerts().get().count == 4  # 30, 7 and 1 days before, and the day itself
    app.secret_expires_on = end + timedelta(days=365)
    save_app(app)
    assert not open_alerts().exists()


def test_a_permission_that_no_mail_uses_is_kept_alive(account: OAuthAccount, provider: Provider) -> None:
    watch()
    assert provider.requests == ["authorization_code"]
    age(account, days=1)
    watch()
    watch()
    assert provider.requests == ["authorization_code", "refresh_token"]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_need_a_new_token_one_asks_for_it(provider: Provider) -> None:
    """A second use of a refresh token would end the permission."""
    make_app(provider)
    workspace = create_workspace("company-name", company="My Company")
    server = OutgoingServer.objects.create(
        workspace=workspace, name="Gmail", authentication="gmail", username="mary@gmail.example"
    )
    account = age(connect(server, provider), hours=1)
    provider.delay = 0.2

    def ask(_: int) -> str:
        try:
            return str(fresh_token(OAuthAccount.objects.get(pk=account.pk)).access_token)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(8)))
    assert found == 8 * [provider.tokens[1].access_token]
    assert provider.requests == ["authorization_code", "refresh_token"]
    account.refresh_from_db()
    assert account.refresh_token == provider.tokens[1].refresh_token
