"""Who may look at the pages of the platform's administrators?"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from postroom.web.http import signed_in
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
