"""What holds for every page unless it says otherwise: nothing foreign runs, nobody is a stranger."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation

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


class LoginByDefault(LoginRequiredMiddleware):
    """Sends strangers to the sign-in page; views marked login_not_required are public, tests/web lists them."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if request.path.startswith("/api/"):
            return None  # asks for a key itself and answers in JSON
        return super().process_view(request, view_func, view_args, view_kwargs)


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
