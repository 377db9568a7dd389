"""How is a provider's token endpoint asked over HTTP, and which of its refusals are about what?"""

from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from postroom.errors import PostroomError
from postroom.rfc.oauth import Grant, Refusal, read_token_answer

PATIENCE_SECONDS = 10.0  # of silence: a row stays locked meanwhile
MOST_BYTES = 65_536  # of an answer; Microsoft's tokens have two or three thousand


class ProviderAwayError(PostroomError):
    """The provider cannot be asked for a token just now; it is asked again by itself."""

    code = "oauth_provider_away"


def ask_for_token(url: str, fields: Mapping[str, str]) -> Grant | Refusal:
    """What the endpoint answers to a POST of `fields` (RFC 6749 §4.1.3, §6); ProviderAwayError for no clear answer."""
    status, content = _post(url, fields)
    answer = read_token_answer(content)
    if answer is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderAwayError(f"The provider's token endpoint answered with HTTP {status} and no token.")
    if isinstance(answer, Refusal) and answer.error in ("temporarily_unavailable", "server_error"):
        raise ProviderAwayError(f"The provider cannot give out tokens just now ({answer}).")
    return answer


def revoke(url: str, fields: Mapping[str, str]) -> None:
    """Tell the provider to forget a token (RFC 7009 §2.1); ProviderAwayError when it did not take it."""
    status, _ = _post(url, fields)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ProviderAwayError(f"The provider's revocation endpoint answered with HTTP {status}.")


class _NoRedirect(HTTPRedirectHandler):
    """Secrets go where they were meant to go and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """Then the answer with the redirection is what is read."""


_opener = build_opener(_NoRedirect)


def _post(url: str, fields: Mapping[str, str]) -> tuple[int, bytes]:
    request = Request(url, urlencode(fields).encode("ascii"), {"Accept": "application/json"})  # noqa: S310 – see save_app
    try:
        try:
            with _opener.open(request, timeout=PATIENCE_SECONDS) as response:
                return response.status, response.read(MOST_BYTES)
        except HTTPError as error:  # an answer like any other, of which the body is wanted
            with error:
                return error.code, error.read(MOST_BYTES)
    except (OSError, HTTPException) as error:
        raise ProviderAwayError(f"The provider cannot be reached for a token ({error}).") from error
