"""How is Postroom registered at a provider, for a workspace or for the whole installation?"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.db.models import F, Q
from django.db.transaction import atomic

from postroom.errors import PostroomError
from postroom.servers.models import OAuthAccount, OAuthApp
from postroom.servers.oauth.trouble import APP_ALERT
from postroom.workspaces.alerts import clear_alert
from postroom.workspaces.models import Workspace

MOST_NAMED = 5  # accounts in a refusal
ENDPOINTS = ("authorization_url", "token_url", "revocation_url")


class InvalidOAuthAppError(PostroomError):
    """The registration cannot be stored like this."""

    code = "invalid_oauth_app"


class OAuthAppInUseError(PostroomError):
    """Accounts are connected by this registration; disconnect them first."""

    code = "oauth_app_in_use"


class NoOAuthAppError(PostroomError):
    """Postroom is not registered at this provider yet: see Settings → Google and Microsoft, or `postroom oauth app`."""

    code = "no_oauth_app"


def app_for(workspace: Workspace, provider: str) -> OAuthApp:
    """The workspace's own registration, else the installation's; NoOAuthAppError when there is neither."""
    apps = OAuthApp.objects.filter(Q(workspace=workspace) | Q(workspace=None), provider=provider)
    app = apps.order_by(F("workspace").asc(nulls_last=True)).first()
    if app is None:
        raise NoOAuthAppError
    return app


@atomic
def save_app(app: OAuthApp) -> OAuthApp:
    """Store a new or changed registration; a new secret ends what was wrong with the old one."""
    _check(app)
    before = OAuthApp.objects.select_for_update().only("client_id").filter(pk=app.pk).first()
    app.warned_days = None
    app.save()
    clear_alert(app.workspace, APP_ALERT, str(app.pk))
    if before is not None and before.client_id != app.client_id:
        # Tokens belong to the client they were given to (RFC 6749 §6).
        app.accounts.update(state=OAuthAccount.State.NEEDS_SIGN_IN, access_token="", refresh_token="")
    return app


@atomic
def remove_app(app: OAuthApp) -> None:
    """Forget the registration, and accounts that are connected no more; OAuthAppInUseError while one is."""
    accounts = OAuthAccount.objects.select_for_update().filter(app=app)
    connected = accounts.filter(state=OAuthAccount.State.CONNECTED).order_by("address")
    if addresses := list(connected.values_list("address", flat=True)[: MOST_NAMED + 1]):
        more = " and others" if len(addresses) > MOST_NAMED else ""
        raise OAuthAppInUseError(
            f"This registration is still used for {', '.join(addresses[:MOST_NAMED])}{more}: "
            "disconnect these accounts first."
        )
    accounts.delete()
    clear_alert(app.workspace, APP_ALERT, str(app.pk))
    app.delete()


def own_app(workspace: Workspace | None, provider: str) -> OAuthApp:
    """The registration of the workspace, or of the installation, to be shown or changed; a new one where none is.

    Without its secret, which may be sealed under another key.
    """
    found = OAuthApp.objects.defer("client_secret").filter(workspace=workspace, provider=provider).first()
    return found or OAuthApp(workspace=workspace, provider=provider)


def _check(app: OAuthApp) -> None:
    app.client_id, app.client_secret = app.client_id.strip(), app.client_secret.strip()
    if not app.client_id:
        raise InvalidOAuthAppError("Enter the client id that the provider's console shows.", field="client_id")
    if not app.client_secret:
        raise InvalidOAuthAppError("Enter the client secret that the provider's console shows.", field="client_secret")
    if app.provider == OAuthApp.Provider.MICROSOFT and app.secret_expires_on is None:
        raise InvalidOAuthAppError(
            "Enter the day on which the client secret ends, as the console shows it: Microsoft's always do.",
            field="secret_expires_on",
        )
    if not all(char.isalnum() or char in ".-" for char in app.tenant):
        raise InvalidOAuthAppError("The tenant is a name such as common, a domain or an id.", field="tenant")
    for field in ENDPOINTS:
        if (url := getattr(app, field)) and not _is_private(url):
            raise InvalidOAuthAppError("Write an https address: secrets go there.", field=field)


def _is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname)))


def _is_here(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
