"""Which providers let mail programs in with OAuth, and where and what must be asked of each?

The facts are those of November 2026, not tried against an account; an app may have endpoints and scopes of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from postroom.errors import PostroomError
from postroom.servers.models import OAuthApp, OutgoingServer


class NoOAuthServerError(PostroomError):
    """This server logs in with a password or certificate; choose Gmail or Outlook OAuth as its authentication first."""

    code = "no_oauth_server"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where to ask. `revocation` "": the provider has none, people take access back in their account there."""

    authorization: str
    token: str
    revocation: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider. `parameters`: what else its sign-in wants to hear; {tenant} stands for the app's."""

    endpoints: Endpoints
    scopes: tuple[str, ...]
    parameters: Mapping[str, str]
    smtp_host: str
    smtp_port: int = 587


PROVIDERS = {
    OAuthApp.Provider.GOOGLE: Provider(
        endpoints=Endpoints(
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
            "https://oauth2.googleapis.com/revoke",
        ),
        scopes=("https://mail.google.com/",),
        # Without both there is no refresh token when the person has agreed before.
        parameters={"access_type": "offline", "prompt": "consent"},
        smtp_host="smtp.gmail.com",
    ),
    OAuthApp.Provider.MICROSOFT: Provider(
        endpoints=Endpoints(
            "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
            "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
            "",
        ),
        scopes=(
            "offline_access",
            "https://outlook.office.com/SMTP.Send",
            "https://outlook.office.com/IMAP.AccessAsUser.All",
        ),
        parameters={"response_mode": "query"},
        smtp_host="smtp.office365.com",
    ),
}
BY_AUTHENTICATION = {
    OutgoingServer.Authentication.GMAIL: OAuthApp.Provider.GOOGLE,
    OutgoingServer.Authentication.OUTLOOK: OAuthApp.Provider.MICROSOFT,
}


def logs_in_with_oauth(server: OutgoingServer) -> bool:
    return server.authentication in BY_AUTHENTICATION


def provider_of(server: OutgoingServer) -> OAuthApp.Provider:
    """NoOAuthServerError when the server logs in otherwise."""
    if not logs_in_with_oauth(server):
        raise NoOAuthServerError
    return BY_AUTHENTICATION[OutgoingServer.Authentication(server.authentication)]


def facts_of(app: OAuthApp) -> Provider:
    return PROVIDERS[OAuthApp.Provider(app.provider)]


def endpoints_of(app: OAuthApp) -> Endpoints:
    """The app's own, where it has some, else the provider's."""
    usual = facts_of(app).endpoints
    return Endpoints(
        app.authorization_url or usual.authorization.format(tenant=app.tenant),
        app.token_url or usual.token.format(tenant=app.tenant),
        app.revocation_url or usual.revocation,
    )


def scopes_of(app: OAuthApp) -> str:
    """As requests name them (RFC 6749 §3.3)."""
    return app.scopes or " ".join(facts_of(app).scopes)


def confirm_path(provider: str) -> str:
    """Where providers lead people back to; to be registered in the provider's console, below the public address."""
    return f"/oauth/{provider}/confirm"
