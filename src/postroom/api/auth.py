"""For which workspace does this request speak? (RFC 6750)"""

from django.http import HttpRequest
from ninja.security import HttpBearer

from postroom.errors import PostroomError
from postroom.workspaces.keys import find_key
from postroom.workspaces.models import ApiKey


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
    """An API key of one workspace, sent as `Authorization: Bearer pr_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        found = find_key(token.strip())
        if found is None:
            raise UnknownKeyError
        return found
