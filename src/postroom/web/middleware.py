"""What holds for every page unless it says otherwise: nothing foreign runs, nobody is a stranger."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone, translation

from postroom.web.views.errors import method_not_allowed
from postroom.workspaces.models import User

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A page that needs another policy sets its own."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return answer


def explain_refused_methods(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Django answers with an empty page, and browsers with a strange one of their own."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.content:
            return response
        explained = method_not_allowed(request)
        explained.headers["Allow"] = response.headers["Allow"]
        return explained

    return answer


def api_apart(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The API answers past all that follows: it asks for a key itself, has no session and speaks one language.

    A fifth of a request's time would go into finding that out once more at each step.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        match = _find_api_view(request.path_info)
        if match is None:
            return get_response(request)
        translation.deactivate()  # of a page that this thread answered before
        timezone.deactivate()
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        if not response.streaming:
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return answer


def _find_api_view(path: str) -> ResolverMatch | None:
    try:
        return resolve(path) if path.startswith("/api/") else None
    except Resolver404:
        return None  # answered as a page that is not there


class Preferences:
    """Language and time zone: the person's own where somebody is signed in, else what the browser asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        translation.activate(translation.get_language_from_request(request))
        timezone.deactivate()
        response = self._get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or "en")
        return response

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> None:
        """Asks who it is only for pages: a stylesheet is the same for everybody and must not wait for the database."""
        if not getattr(view_func, "login_required", True) or not isinstance(request.user, User):
            return
        if request.user.language:
            translation.activate(request.user.language)
        timezone.activate(ZoneInfo(request.user.time_zone))
