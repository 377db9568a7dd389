"""What does an OAuth 2.0 provider do with our requests? Authlib, on loopback, rotating refresh tokens.

People agree at once on its page. It hands out access tokens that tests let expire, takes a refresh token once, and ends
a permission whose refresh token comes twice (RFC 9700 §4.14.2).
"""

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from socketserver import ThreadingMixIn
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Request, TokenMixin, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from tests.peers.waiting import PATIENCE_SECONDS

CLIENT_ID, CLIENT_SECRET = "postroom-of-the-tests", "a secret of the tests"
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


@dataclass
class Code:
    """What a person's agreement is exchanged with, once."""

    code: str
    redirect_uri: str
    scope: str
    user: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class Token(TokenMixin):
    """One answer of the token endpoint: an access token and the refresh token beside it."""

    user: str
    access_token: str
    refresh_token: str
    scope: str
    expires_at: float
    is_revoked_: bool = False
    is_used: bool = False  # the refresh token

    def check_client(self, client: ClientMixin) -> bool:
        return isinstance(client, Client)

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return self.expires_at <= time.time()

    def is_revoked(self) -> bool:
        return self.is_revoked_

    def get_expires_in(self) -> int:
        return int(self.expires_at - time.time())

    def get_user(self) -> str:
        return self.user


@dataclass
class Client(ClientMixin):
    """The one registration. `secret` is changed by tests in which it has ended."""

    secret: str = CLIENT_SECRET

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.endswith("/confirm")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_post", "client_secret_basic")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")


@dataclass
class Provider:
    """A running provider; made by `run_oauth_provider`. `requests`: the grant types that were asked with."""

    url: str = ""
    client: Client = field(default_factory=Client)
    tokens: list[Token] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    lifetime: int = 3600
    delay: float = 0.0  # before a token is given: the time in which others come
    is_down: bool = False

    def agree(self, address: str) -> str:
        """What a browser does with the sign-in page, its person agreeing: where it is led to."""
        parts = urlsplit(address)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)
        connection.request("GET", f"{parts.path}?{parts.query}")
        response = connection.getresponse()
        words = response.read().decode()
        connection.close()
        assert response.status == 302, words
        return response.headers["Location"]

    def let_expire(self) -> None:
        """All access tokens; the permissions stay."""
        for token in self.tokens:
            token.expires_at = 0

    def revoke_all(self) -> None:
        """What a person does in their account: every permission ends."""
        for token in self.tokens:
            token.is_revoked_ = True

    def is_valid(self, user: str, access_token: str) -> bool:
        return any(
            token.access_token == access_token and token.user == user and not (token.is_expired() or token.is_revoked())
            for token in self.tokens
        )


@contextmanager
def run_oauth_provider() -> Iterator[Provider]:
    """Start one in a thread."""
    provider = Provider()
    before = os.environ.get("AUTHLIB_INSECURE_TRANSPORT")
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # on loopback nobody listens in
    with make_server("127.0.0.1", 0, _application(provider), _Threaded, _Quiet) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
            if before is None:
                del os.environ["AUTHLIB_INSECURE_TRANSPORT"]


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def _application(provider: Provider) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    server = _Server(provider)
    answers = {
        "/authorize": server.agree,
        "/token": server.create_token_response,
        "/revoke": lambda request: server.create_endpoint_response("revocation", request),
        "/introspect": lambda request: server.create_endpoint_response("introspection", request),
    }

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request = _read(environ)
        if provider.is_down:
            status, body, headers = 503, "maintenance", [("Content-Type", "text/plain")]
        else:
            status, body, headers = answers[environ["PATH_INFO"]](request)
        start_response(f"{status} Answer", headers)
        return [body.encode() if isinstance(body, str) else json.dumps(body).encode()]

    return application


def _read(environ: dict[str, Any]) -> OAuth2Request:
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    fields = dict(parse_qsl(environ["QUERY_STRING"]) + parse_qsl(content))
    address = f"http://127.0.0.1{environ['PATH_INFO']}"
    request = _Request(environ["REQUEST_METHOD"], address, headers={"Authorization": environ.get("HTTP_AUTHORIZATION")})
    request.payload = BasicOAuth2Payload(fields)
    request.fields = fields
    return request


class _Request(OAuth2Request):
    fields: dict[str, str]

    @property
    def args(self) -> dict[str, str]:
        return self.fields

    @property
    def form(self) -> dict[str, str]:
        return self.fields


class _Server(AuthorizationServer):
    """Keeps what it gives out in the provider."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider
        generator = BearerTokenGenerator(_new("access"), _new("refresh"), lambda *_: provider.lifetime)
        self.register_token_generator("default", generator)
        self.register_grant(_CodeGrant, [CodeChallenge(required=True)])
        self.register_grant(_RefreshGrant)
        self.register_endpoint(_Revocation)
        self.register_endpoint(_Introspection)

    def agree(self, request: OAuth2Request) -> Any:
        """As the person that the client hints at."""
        user = request.payload.data.get("login_hint")
        try:
            grant = self.get_consent_grant(request, user)
        except OAuth2Error as error:
            return 400, str(error), []
        return self.create_authorization_response(request, grant_user=user, grant=grant)

    def query_client(self, client_id: str) -> Client | None:
        return self.provider.client if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        self.provider.requests.append(request.payload.grant_type)
        expires_at = time.time() + token["expires_in"]
        stored = Token(request.user, token["access_token"], token["refresh_token"], token["scope"], expires_at)
        self.provider.tokens.append(stored)
        time.sleep(self.provider.delay)

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        assert isinstance(request, OAuth2Request)
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Any:
        return status, body, list(headers)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass


class _CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = ["client_secret_post"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = request.payload.data
        self.server.provider.codes[code] = Code(
            code,
            request.payload.redirect_uri,
            request.scope,
            request.user,
            asked["code_challenge"],
            asked["code_challenge_method"],
        )

    def query_authorization_code(self, code: str, client: ClientMixin) -> Code | None:
        found: Code | None = self.server.provider.codes.get(code)
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.server.provider.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.user


class _RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = ["client_secret_post"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        provider: Provider = self.server.provider
        found = next((token for token in provider.tokens if token.refresh_token == refresh_token), None)
        if found is not None and found.is_used:
            provider.revoke_all()
        return None if found is None or found.is_revoked() else found

    def authenticate_user(self, refresh_token: Token) -> str:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.is_used = True


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS: ClassVar[list[str]] = ["client_secret_post"]

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return _find(self.server.provider, token_string)

    def revoke_token(self, token: Token, request: Any) -> None:
        token.is_revoked_ = True


class _Introspection(IntrospectionEndpoint):
    def check_permission(self, token: Token, client: Any, request: Any) -> bool:
        return True

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return _find(self.server.provider, token_string)

    def introspect_token(self, token: Token) -> dict[str, Any]:
        return {"active": True, "username": token.user, "scope": token.scope, "exp": int(token.expires_at)}


def _find(provider: Provider, text: str) -> Token | None:
    return next((token for token in provider.tokens if text in (token.access_token, token.refresh_token)), None)


def _new(kind: str) -> Callable[..., str]:
    return lambda **_: f"{kind}-{secrets.token_urlsafe(24)}"
