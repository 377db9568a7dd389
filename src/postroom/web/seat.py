"""In which workspace does a person look at a page, and may they?

A page's address or form may name the workspace (`workspace=slug`); without that it is the one looked at last. Forms
carry it: one that was open while the person went to another workspace in a second window still means its own.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from postroom.policy.permission import Action
from postroom.web.http import signed_in
from postroom.workspaces.access import Seat, seats_of

P = ParamSpec("P")
PARAMETER = "workspace"
_SEATS, _SEAT = "postroom.seats", "postroom.seat"


def needs(
    action: Action,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Seat, P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    """Gives the view the seat of the person who asks; 403 for one whose role does not allow `action`."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, Seat, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            seat = seat_of(request)
            if seat is None:
                return render(request, "web/no_workspace.html")
            if not seat.may(action):
                raise PermissionDenied
            return view(request, seat, *args, **kwargs)

        answer.action = action  # type: ignore[attr-defined] # tests/web lists what each page asks for
        return answer

    return decorate


def seats(request: HttpRequest) -> Sequence[Seat]:
    """One for each workspace of the person who asks."""
    if _SEATS not in request.META:
        request.META[_SEATS] = seats_of(signed_in(request))
    found: Sequence[Seat] = request.META[_SEATS]
    return found


def seat_of(request: HttpRequest) -> Seat | None:
    """The seat in the workspace that is looked at; None for a person who belongs to none.

    PermissionDenied for a form about a workspace that they do not belong to.
    """
    if _SEAT not in request.META:
        request.META[_SEAT] = _choose(request)
    found: Seat | None = request.META[_SEAT]
    return found


def _choose(request: HttpRequest) -> Seat | None:
    by_slug = {seat.workspace.slug: seat for seat in seats(request)}
    if (slug := request.POST.get(PARAMETER)) is not None:
        if slug not in by_slug:
            raise PermissionDenied
        return by_slug[slug]
    slug = request.GET.get(PARAMETER)
    if slug in by_slug and slug != request.session.get(PARAMETER):
        request.session[PARAMETER] = slug  # so that the links of this page stay in it
    return (
        by_slug.get(slug or "") or by_slug.get(request.session.get(PARAMETER, "")) or next(iter(by_slug.values()), None)
    )
