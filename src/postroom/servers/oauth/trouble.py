"""What about accounts and registrations must a person mend? One open alert for each, with a countdown."""

from datetime import date

from django.conf import settings

from postroom.servers.models import OAuthAccount, OAuthApp
from postroom.workspaces.alerts import clear_alert, raise_alert, tell_again

ACCOUNT_ALERT = "oauth_account"
APP_ALERT = "oauth_app"
STEPS = (0, 1, 7, 30)  # days before a secret ends at which it is said again


def tell_revoked(account: OAuthAccount) -> None:
    """The owner of the mailbox, or the provider, has ended the permission."""
    servers = ", ".join(f"“{name}”" for name in account.servers.order_by("name").values_list("name", flat=True))
    place = f"the server {servers}" if servers else f"the incoming server that logs in as {account.address}"
    raise_alert(
        account.workspace,
        ACCOUNT_ALERT,
        str(account.pk),
        what_happened=f"The permission to use {account.address} has ended: {account.last_error}.",
        what_to_do=f"Open {place} at {settings.POSTROOM.public_url} and connect the account again. "
        "Its mail waits until then.",
    )


def tell_connected(account: OAuthAccount) -> None:
    clear_alert(account.workspace, ACCOUNT_ALERT, str(account.pk))


def tell_app_refused(app: OAuthApp, words: str) -> None:
    """The provider no longer knows the registration or its secret: no account of it can be used."""
    raise_alert(
        app.workspace,
        APP_ALERT,
        str(app.pk),
        what_happened=f"{app.get_provider_display()} refuses Postroom's registration {app.client_id}: {words}.",
        what_to_do=_new_secret(app),
    )


def tell_app_works(app: OAuthApp) -> None:
    """Its countdown, if there is one, goes on."""
    if app.warned_days is None:
        clear_alert(app.workspace, APP_ALERT, str(app.pk))


def count_down(app: OAuthApp, *, today: date) -> None:
    """Say it 30, 7 and 1 days before the secret ends, and when it has; once each, whichever days this is called on."""
    if app.secret_expires_on is None:
        return
    days = (app.secret_expires_on - today).days
    step = next((step for step in STEPS if days <= step), None)
    if step is None or not _is_new_step(app, step):
        return
    name = f"{app.get_provider_display()} registration {app.client_id}"
    when = f"ends in {days} days, on {app.secret_expires_on}" if days > 0 else f"has ended on {app.secret_expires_on}"
    raise_alert(
        app.workspace,
        APP_ALERT,
        str(app.pk),
        what_happened=f"The client secret of Postroom's {name} {when}.",
        what_to_do=_new_secret(app),
    )
    tell_again(app.workspace, APP_ALERT, str(app.pk))


def _is_new_step(app: OAuthApp, step: int) -> bool:
    """Guarded, so that of two who count down together one tells."""
    untold = OAuthApp.objects.filter(pk=app.pk).exclude(warned_days__lte=step)
    return untold.update(warned_days=step) > 0


def _new_secret(app: OAuthApp) -> str:
    where = f" --workspace {app.workspace.slug}" if app.workspace else ""
    return (
        f"Make a new client secret in the provider's console and store it: `postroom oauth app {app.provider}{where} "
        "--secret-file …`. Mail through its accounts waits meanwhile."
    )
