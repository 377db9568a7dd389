"""For which workspace does this request speak? (RFC 6750)"""

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest
from ninja.security import HttpBearer

from postroom.errors import PostroomError
from postroom.workspaces.keys import RevokedKeyError, act_for, digest_of, find_digest
from postroom.workspaces.models import ApiKey

R = TypeVar("R")


class MissingKeyError(PostroomError):
    """Send your API key in the header “Authorization: Bearer pr_…”."""

    code = "missing_api_key"


class UnknownKeyError(PostroomError):
    """This API key is unknown or revoked; create a new one and send it as “Authorization: Bearer pr_…”."""

    code = "unknown_api_key"


class KeyRequest(HttpRequest):
    """A request whose API key was found."""

    auth: ApiKey


class ApiKeyAuth(HttpBearer):
    """An API key of one workspace, sent as `Authorization: Bearer pr_…`.

    `find` is `remembered_key` for what is done by `as_caller`.
    """

    def __init__(self, find: Callable[[bytes], ApiKey | None] = find_digest) -> None:
        super().__init__()
        self._find = find

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        found = self._find(digest_of(token.strip()))
        if found is None:
            raise UnknownKeyError
        return found


def as_caller(request: KeyRequest, act: Callable[[ApiKey], R]) -> R:
    """What `act` gives for the request's key, as `act_for`."""
    try:
        return act_for(request.auth, act)
    except RevokedKeyError:
        raise UnknownKeyError from None
