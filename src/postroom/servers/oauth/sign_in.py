"""How does a person let Postroom into a mailbox? The authorisation-code flow (RFC 6749 §4.1) with PKCE (RFC 7636)."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.rfc.oauth import VERIFIER_BYTES, Refusal, code_challenge, with_parameters
from postroom.servers.models import OAuthAccount, OAuthApp, OAuthSignIn, OutgoingServer
from postroom.servers.oauth import trouble
from postroom.servers.oauth.providers import confirm_path, endpoints_of, facts_of, provider_of, scopes_of
from postroom.servers.oauth.registration import app_for
from postroom.servers.oauth.token_endpoint import ask_for_token
from postroom.servers.oauth.tokens import AppRefusedError, credentials_of, store
from postroom.workspaces.audit import record_change, snapshot
from postroom.workspaces.models import User, Workspace

# In the transaction in which an account is connected, with the `account`: what only fetches with it takes it up.
connected = Signal()
VALID_FOR = timedelta(minutes=15)  # to choose an account, type a password and find the phone


class NoMailboxError(PostroomError):
    """Enter the mailbox's address as the server's username first: it says whose account is to be connected."""

    code = "no_mailbox"


class UnknownSignInError(PostroomError):
    """This sign-in was not begun here, was used already, or took too long: connect the account again."""

    code = "unknown_sign_in"


class SignInRefusedError(PostroomError):
    """The provider did not let Postroom in."""

    code = "sign_in_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose permission is asked for: that of the mailbox `address`.

    `server` is the one that sends as it; None where mail is only fetched. `scopes`: what else to ask the provider for.
    """

    workspace: Workspace
    provider: OAuthApp.Provider
    address: str
    server: OutgoingServer | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Starter:
    """Who begins a sign-in. `secret` is what they alone can show when they come back: a browser's session key."""

    secret: str
    person: User | None = None  # None: the command line
    back_to: str = ""


def wanted_by(server: OutgoingServer) -> Wanted:
    """NoOAuthServerError when the server logs in otherwise."""
    return Wanted(workspace=server.workspace, provider=provider_of(server), address=server.username, server=server)


def begin(wanted: Wanted, starter: Starter) -> str:
    """The provider's page to send the person to; NoOAuthAppError and NoMailboxError say what is missing."""
    app = app_for(wanted.workspace, wanted.provider)
    if "@" not in wanted.address:
        raise NoMailboxError
    OAuthSignIn.objects.filter(expires_at__lt=timezone.now()).delete()
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(VERIFIER_BYTES)
    redirect_uri = settings.POSTROOM.public_url + confirm_path(app.provider)
    OAuthSignIn.objects.create(
        state_digest=_digest(state),
        begun_by_digest=_digest(starter.secret),
        person=starter.person,
        workspace=None if wanted.server else wanted.workspace,
        server=wanted.server,
        app=app,
        address=wanted.address,
        code_verifier=verifier,
        redirect_uri=redirect_uri,
        back_to=starter.back_to,
        expires_at=timezone.now() + VALID_FOR,
    )
    request = _request(app, wanted, redirect_uri=redirect_uri)
    proof = {"state": state, "code_challenge": code_challenge(verifier), "code_challenge_method": "S256"}
    return with_parameters(endpoints_of(app).authorization, request | proof)


def _request(app: OAuthApp, wanted: Wanted, *, redirect_uri: str) -> dict[str, str]:
    """What is asked for (RFC 6749 §4.1.1), and for whom."""
    return {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "scope": _scopes(app, wanted),
        "login_hint": wanted.address,
        **facts_of(app).parameters,
    }


def _scopes(app: OAuthApp, wanted: Wanted) -> str:
    """With what the account allows already: whoever connects it again for one server takes nothing from the others."""
    accounts = OAuthAccount.objects.filter(workspace=wanted.workspace, app=app, address__iexact=wanted.address)
    allowed = accounts.values_list("scopes", flat=True).first() or ""
    return " ".join(dict.fromkeys(" ".join([scopes_of(app), *wanted.scopes, allowed]).split()))


def take(state: str, *, secret: str) -> OAuthSignIn:
    """The sign-in that comes back, which counts once; UnknownSignInError unless `secret` is who began it."""
    with transaction.atomic():
        rows = OAuthSignIn.objects.select_for_update(of=("self",))
        rows = rows.select_related("workspace", "server__workspace", "app", "person")
        found = rows.filter(state_digest=_digest(state), expires_at__gt=timezone.now()).first()
        if found is None or not compare_digest(bytes(found.begun_by_digest), _digest(secret)):
            raise UnknownSignInError
        OAuthSignIn.objects.filter(pk=found.pk).delete()
    return found


def finish(sign_in: OAuthSignIn, code: str) -> OAuthAccount:
    """Exchange the code for tokens and let servers use the account; waiting mail leaves within seconds.

    SignInRefusedError in the provider's words; AppRefusedError, ProviderAwayError.
    """
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": sign_in.redirect_uri,
        "code_verifier": sign_in.code_verifier,
        **credentials_of(sign_in.app),
    }
    answer = ask_for_token(endpoints_of(sign_in.app).token, fields)
    if isinstance(answer, Refusal):
        error = SignInRefusedError if answer.error == "invalid_grant" else AppRefusedError
        raise error(f"{sign_in.app.get_provider_display()} gave no permission ({answer}).")
    with transaction.atomic():
        account = _account_of(sign_in)
        if not (answer.refresh_token or account.refresh_token):
            raise SignInRefusedError(
                f"{sign_in.app.get_provider_display()} gave a permission for an hour only. Take Postroom's access back "
                "in the account there, then connect it again."
            )
        before = snapshot(account)
        account.state, account.connected_at = OAuthAccount.State.CONNECTED, timezone.now()
        store(account, answer)
        trouble.tell_connected(account)
        record_change(account, workspace=account.workspace, by=sign_in.person or "command line", before=before)
        _give_to_servers(account, sign_in.server)
        connected.send(OAuthAccount, account=account)
    return account


def _account_of(sign_in: OAuthSignIn) -> OAuthAccount:
    """Locked: a worker may be renewing its tokens."""
    account, _ = OAuthAccount.objects.select_for_update().get_or_create(
        workspace=sign_in.owner, app=sign_in.app, address=sign_in.address
    )
    return account


def _give_to_servers(account: OAuthAccount, server: OutgoingServer | None) -> None:
    """Each of these changes raises the workspace's version, which opens outlets that wait for the account."""
    users = Q(oauth_account=account) | Q(pk=server.pk if server else None)
    OutgoingServer.objects.filter(users).update(oauth_account=account)


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
