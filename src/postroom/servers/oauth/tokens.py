"""Which access token opens an account now? Renewed before it expires, by one of all who need it.

The row stays locked while the provider is asked: a provider that rotates refresh tokens takes a second use of one for
theft and ends the permission, so nobody else may ask with it, and what comes back must be stored by who asked.
Patience with the provider is short for that reason (token_endpoint.py).
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.rfc.oauth import Grant, Refusal
from postroom.servers.models import OAuthAccount, OAuthApp
from postroom.servers.oauth import trouble
from postroom.servers.oauth.providers import endpoints_of
from postroom.servers.oauth.token_endpoint import ProviderAwayError, ask_for_token, revoke

log = structlog.get_logger()
MARGIN = timedelta(minutes=5)  # connections that are being made keep their token; clocks differ
USUAL_SECONDS = 3600  # where the provider does not say (RFC 6749 §5.1 only recommends it)
AGAIN_AFTER = timedelta(minutes=1)  # a provider that is away is asked again
# A server that refuses a token younger than this refuses for another reason: a new one would not help.
YOUNG = timedelta(minutes=5)
# The person must agree again; Microsoft says so with OpenID Connect's words too (Core 1.0 §3.1.2.6).
REVOKED = {"invalid_grant", "interaction_required", "login_required", "consent_required"}


class NotConnectedError(PostroomError):
    """The account of this server is not connected yet: open the server and sign in at the provider."""

    code = "account_not_connected"


class ConsentRevokedError(PostroomError):
    """The permission to use this account has ended: open the server and connect it again."""

    code = "consent_revoked"


class AppRefusedError(PostroomError):
    """The provider refuses Postroom's registration: its client secret may have ended. Mail waits for a new one."""

    code = "oauth_app_refused"


def fresh_token(account: OAuthAccount) -> OAuthAccount:
    """The account with an access token that lasts a while, asked for now if need be.

    NotConnectedError and ConsentRevokedError when a person must sign in; ProviderAwayError and AppRefusedError when
    there is none to be had now. May take seconds.
    """
    if account.state == OAuthAccount.State.CONNECTED and not _is_due(account):
        return account
    try:
        return _renew(account.pk, _is_due)
    except (ProviderAwayError, AppRefusedError):
        if account.expires_at is not None and account.expires_at > timezone.now():
            return account
        raise


def renew_refused(account_id: int, token: str) -> bool:
    """Whether there is another token than this one, which a mail server has refused; errors as `fresh_token`."""

    def is_worth_it(account: OAuthAccount) -> bool:
        is_old = account.renewed_at is None or account.renewed_at < timezone.now() - YOUNG
        return bool(is_old and account.access_token == token)

    return bool(_renew(account_id, is_worth_it).access_token != token)


def renew_idle(account: OAuthAccount, *, unused_since: datetime) -> None:
    """Microsoft lets a refresh token die after 90 days without use; errors as `fresh_token`."""
    _renew(account.pk, lambda row: row.renewed_at is None or row.renewed_at < unused_since)


def store(account: OAuthAccount, grant: Grant) -> None:
    """Keep what the provider gave, the rotated refresh token above all; in the caller's transaction, the row locked."""
    now = timezone.now()
    lifetime = timedelta(seconds=grant.expires_in or USUAL_SECONDS)
    account.access_token = grant.access_token
    account.refresh_token = grant.refresh_token or account.refresh_token
    account.scopes = grant.scope or account.scopes
    account.renewed_at = now
    account.renew_at = now + max(lifetime - MARGIN, lifetime / 2)
    account.expires_at = now + lifetime
    account.last_error = ""
    account.save()


def disconnect(account: OAuthAccount) -> None:
    """Forget the tokens and ask the provider to do so too; ProviderAwayError when only the first could be done."""
    with transaction.atomic():
        account = _locked(account.pk)
        token = account.refresh_token or account.access_token
        account.access_token = account.refresh_token = ""
        account.state = OAuthAccount.State.NEEDS_SIGN_IN
        account.save(update_fields=["access_token", "refresh_token", "state"])
        trouble.tell_connected(account)  # nothing to mend: it is meant
    if (url := endpoints_of(account.app).revocation) and token:
        revoke(url, {"token": token, **credentials_of(account.app)})


def credentials_of(app: OAuthApp) -> dict[str, str]:
    """In the body, which both providers take (RFC 6749 §2.3.1)."""
    return {"client_id": app.client_id, "client_secret": app.client_secret}


def _renew(account_id: int, is_due: Callable[[OAuthAccount], bool]) -> OAuthAccount:
    try:
        with transaction.atomic():
            account = _locked(account_id)
            if account.state == OAuthAccount.State.CONNECTED and is_due(account):
                _ask(account)
    except (ProviderAwayError, AppRefusedError) as error:
        _put_off(account, error)
        raise
    if account.state == OAuthAccount.State.CONSENT_REVOKED:
        raise ConsentRevokedError(f"The permission to use {account.address} has ended ({account.last_error}).")
    if account.state != OAuthAccount.State.CONNECTED:
        raise NotConnectedError
    return account


def _locked(account_id: int) -> OAuthAccount:
    rows = OAuthAccount.objects.select_for_update(of=("self",)).select_related("app", "app__workspace", "workspace")
    return rows.get(pk=account_id)


def _ask(account: OAuthAccount) -> None:
    fields = {"grant_type": "refresh_token", "refresh_token": account.refresh_token, **credentials_of(account.app)}
    answer = ask_for_token(endpoints_of(account.app).token, fields)
    if isinstance(answer, Grant):
        store(account, answer)
        trouble.tell_app_works(account.app)
        log.info("oauth.renewed", account=account.pk)
    elif answer.error in REVOKED:
        _end(account, answer)
    else:
        raise AppRefusedError(f"{account.app.get_provider_display()} refuses Postroom's registration ({answer}).")


def _end(account: OAuthAccount, refusal: Refusal) -> None:
    account.state = OAuthAccount.State.CONSENT_REVOKED
    account.access_token = account.refresh_token = ""
    account.last_error = str(refusal)
    account.save(update_fields=["state", "access_token", "refresh_token", "last_error"])
    trouble.tell_revoked(account)
    log.warning("oauth.revoked", account=account.pk, error=refusal.error)


def _put_off(account: OAuthAccount, error: PostroomError) -> None:
    """Outside the transaction that the error has undone."""
    later = timezone.now() + AGAIN_AFTER
    OAuthAccount.objects.filter(pk=account.pk).update(renew_at=later, last_error=error.message)
    log.warning("oauth.not_renewed", account=account.pk, error=error.message)
    if isinstance(error, AppRefusedError):
        trouble.tell_app_refused(account.app, error.message)


def _is_due(account: OAuthAccount) -> bool:
    return any(at is None or at <= timezone.now() for at in (account.renew_at, account.expires_at))
