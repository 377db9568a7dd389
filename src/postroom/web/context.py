"""What the frame of every page shows: menu, workspace, red envelope, language, theme."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from postroom.threads.attention import Red, glance
from postroom.web import navigation
from postroom.web.company import companies, company_of
from postroom.web.seat import seat_of, seats
from postroom.workspaces.access import Seat
from postroom.workspaces.identity import seems_to_capture
from postroom.workspaces.models import Company, User


@dataclass(frozen=True, slots=True)
class Frame:
    """Made only where a template asks for it; `seat` is None for a person who belongs to no workspace."""

    seat: Seat | None
    seats: Sequence[Seat]
    main: Sequence[navigation.Link] = ()
    settings: Sequence[navigation.Link] = ()
    technical: Sequence[navigation.Link] = ()
    companies: Sequence[Company] = ()
    company: Company | None = None  # the one whose settings are looked at
    platform: Sequence[navigation.Link] = ()
    unread: int = 0  # in the person's inbox
    is_captured: bool = False  # nothing leaves this installation: see workspaces/identity.py
    red: Red | None = None  # mail that a person should look at


def frame(request: HttpRequest) -> dict[str, object]:
    return {"frame": SimpleLazyObject(lambda: _frame(request)), "languages": settings.LANGUAGES}


def _frame(request: HttpRequest) -> Frame:
    if not isinstance(request.user, User):
        return Frame(None, ())
    route = request.resolver_match.url_name or "" if request.resolver_match else ""
    platform = navigation.platform_links(request.user, route)
    seat = seat_of(request)
    if seat is None:
        return Frame(None, (), platform=platform)
    technical = navigation.TECHNICAL if seat.user.is_developer else ()
    seen = glance(seat.user, seat.workspace)
    return Frame(
        seat,
        seats(request),
        main=navigation.links(navigation.MAIN, seat, route),
        settings=navigation.links(navigation.SETTINGS, seat, route),
        technical=navigation.links(technical, seat, route),
        companies=companies(request, seat),
        company=company_of(request, seat),
        platform=platform,
        unread=seen.unread,
        is_captured=seems_to_capture(),
        red=seen.red,
    )
