"""Who may look at the pages about the whole installation?"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from postroom.policy.permission import Action
from postroom.web.http import signed_in
from postroom.web.seat import seats
from postroom.workspaces.models import User

P = ParamSpec("P")


def for_administrators(
    view: Callable[Concatenate[HttpRequest, User, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Gives the view the administrator who asks; for everybody else there is no such page."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = signed_in(request)
        if not user.is_platform_administrator:
            raise Http404
        return view(request, user, *args, **kwargs)

    answer.is_for_administrators = True  # type: ignore[attr-defined] # tests/web lists who may see each page
    return answer


def for_caretakers(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Shows the view to whoever looks after the installation; for everybody else there is no such page."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not is_caretaker(request):
            raise Http404
        return view(request, *args, **kwargs)

    answer.is_for_caretakers = True  # type: ignore[attr-defined] # as above
    return answer


def is_caretaker(request: HttpRequest) -> bool:
    """The platform's administrators are; where it is not hosted, so is who may change a workspace's settings."""
    if signed_in(request).is_platform_administrator:
        return True
    return not settings.POSTROOM.hosted and any(seat.may(Action.CHANGE_SETTINGS) for seat in seats(request))
