"""Does the account of who agreed, and nobody else's, get connected?"""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from postroom.rfc.oauth import code_challenge
from postroom.servers.endpoints import endpoint_of
from postroom.servers.models import OAuthAccount, OAuthApp, OAuthSignIn, OutgoingServer
from postroom.servers.oauth.registration import NoOAuthAppError, app_for
from postroom.servers.oauth.sign_in import (
    NoMailboxError,
    SignInRefusedError,
    Starter,
    UnknownSignInError,
    begin,
    finish,
    take,
    wanted_by,
)
from postroom.servers.oauth.tokens import AppRefusedError, NotConnectedError, disconnect
from postroom.smtp.endpoint import AccessToken
from postroom.workspaces.models import Change
from tests.peers.oauth_provider import Provider
from tests.servers.oauth.connecting import SESSION, connect, make_app, parameters

END = date(2028, 11, 1)


def test_the_server_logs_in_with_the_token_of_who_agreed(server: OutgoingServer, provider: Provider) -> None:
    with pytest.raises(NotConnectedError):
        endpoint_of(server)
    account = connect(server, provider)
    assert (account.address, account.state) == ("mary@gmail.example", OAuthAccount.State.CONNECTED)
    assert endpoint_of(server).credentials == AccessToken("mary@gmail.example", provider.tokens[0].access_token)


def test_asks_google_for_what_mail_needs(server: OutgoingServer) -> None:
    OAuthApp.objects.update(authorization_url="", token_url="")
    address = begin(wanted_by(server), Starter(SESSION))
    asked = parameters(address)
    assert address.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert asked["scope"] == "https://mail.google.com/"
    assert (asked["access_type"], asked["prompt"], asked["response_type"]) == ("offline", "consent", "code")
    assert asked["login_hint"] == "mary@gmail.example"
    assert asked["redirect_uri"].endswith("/oauth/google/confirm")
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == code_challenge(OAuthSignIn.objects.get().code_verifier)


def test_asks_microsoft_in_the_apps_tenant(server: OutgoingServer, provider: Provider) -> None:
    make_app(
        provider,
        provider="microsoft",
        authorization_url="",
        token_url="",
        tenant="company-name.com",
        secret_expires_on=END,
    )
    server.authentication = OutgoingServer.Authentication.OUTLOOK
    address = begin(wanted_by(server), Starter(SESSION))
    assert address.startswith("https://login.microsoftonline.com/company-name.com/oauth2/v2.0/authorize?")
    assert parameters(address)["scope"].split() == [
        "offline_access",
        "https://outlook.office.com/SMTP.Send",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
    ]


def test_a_sign_in_counts_once(server: OutgoingServer, provider: Provider) -> None:
    state = parameters(provider.agree(begin(wanted_by(server), Starter(SESSION))))["state"]
    take(state, secret=SESSION)
    with pytest.raises(UnknownSignInError):
        take(state, secret=SESSION)


def test_a_sign_in_that_another_browser_began_is_refused_and_stays_its_own(
    server: OutgoingServer, provider: Provider
) -> None:
    state = parameters(provider.agree(begin(wanted_by(server), Starter(SESSION))))["state"]
    with pytest.raises(UnknownSignInError):
        take(state, secret="the session of another browser")
    assert take(state, secret=SESSION).server == server


def test_a_sign_in_ends_after_a_quarter_of_an_hour(server: OutgoingServer) -> None:
    state = parameters(begin(wanted_by(server), Starter(SESSION)))["state"]
    OAuthSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(UnknownSignInError):
        take(state, secret=SESSION)
    begin(wanted_by(server), Starter(SESSION))
    assert OAuthSignIn.objects.count() == 1


def test_a_code_without_its_verifier_opens_nothing(server: OutgoingServer, provider: Provider) -> None:
    """Whoever steals a code from an address bar has no use of it."""
    answer = parameters(provider.agree(begin(wanted_by(server), Starter(SESSION))))
    sign_in = take(answer["state"], secret=SESSION)
    sign_in.code_verifier = "x" * 43
    with pytest.raises(SignInRefusedError):
        finish(sign_in, answer["code"])
    assert not OAuthAccount.objects.exists()


def test_says_when_the_registration_is_refused(server: OutgoingServer, provider: Provider) -> None:
    answer = parameters(provider.agree(begin(wanted_by(server), Starter(SESSION))))
    provider.client.secret = "another"
    with pytest.raises(AppRefusedError, match="invalid_client"):
        finish(take(answer["state"], secret=SESSION), answer["code"])


def test_a_workspace_may_have_a_registration_of_its_own(
    server: OutgoingServer, app: OAuthApp, provider: Provider
) -> None:
    assert app_for(server.workspace, "google") == app
    own = make_app(provider, workspace=server.workspace)
    assert app_for(server.workspace, "google") == own
    with pytest.raises(NoOAuthAppError):
        app_for(server.workspace, "microsoft")


def test_wants_to_know_whose_mailbox_it_is(server: OutgoingServer) -> None:
    server.username = ""
    with pytest.raises(NoMailboxError):
        begin(wanted_by(server), Starter(SESSION))


def test_disconnecting_ends_the_permission_at_the_provider_too(server: OutgoingServer, provider: Provider) -> None:
    disconnect(connect(server, provider))
    assert [token.is_revoked() for token in provider.tokens] == [True]
    server.refresh_from_db()
    with pytest.raises(NotConnectedError):
        endpoint_of(server)


def test_no_token_is_readable_in_the_database_or_the_audit_log(server: OutgoingServer, provider: Provider) -> None:
    connect(server, provider)
    (token,) = provider.tokens
    with connection.cursor() as cursor:
        cursor.execute("SELECT account::text FROM servers_oauthaccount AS account")
        rows = str(cursor.fetchall())
    assert "v1:" in rows
    assert token.access_token not in rows
    assert token.refresh_token not in rows
    assert Change.objects.filter(name="mary@gmail.example").exists()
    changes = str(list(Change.objects.values()))
    assert token.access_token not in changes
