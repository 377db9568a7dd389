"""What is looked at before it fails? Client secrets that end, and permissions that die or are taken back unseen."""

from datetime import timedelta

import structlog
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.servers.models import OAuthAccount, OAuthApp
from postroom.servers.oauth.tokens import renew_idle
from postroom.servers.oauth.trouble import count_down
from postroom.workspaces.identity import captures

log = structlog.get_logger()
# Long before Microsoft's 90 days, and early enough that a lost permission is known before the next mail needs it.
IDLE = timedelta(hours=20)


def watch() -> None:
    """Count down each client secret, and use each permission that has not been used for a day."""
    for app in OAuthApp.objects.exclude(secret_expires_on=None).select_related("workspace"):
        count_down(app, today=timezone.now().date())
    if captures():  # a provider that gives a new refresh token ends the original's
        return
    long_ago = timezone.now() - IDLE
    for account in OAuthAccount.objects.filter(state=OAuthAccount.State.CONNECTED, renewed_at__lt=long_ago):
        try:
            renew_idle(account, unused_since=long_ago)
        except PostroomError as error:  # told already; the next account may be at another provider
            log.warning("oauth.idle_not_renewed", account=account.pk, error=error.message)
