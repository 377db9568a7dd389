"""In which browsers is a person signed in?"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from postroom.web.models import SignedIn
from postroom.workspaces.models import User

_KEY = "signed_in"
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = re.compile(r"Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux")


@dataclass(frozen=True, slots=True)
class BrowserRow:
    """One of them; `name` is what people call it."""

    id: int
    name: str
    browser: str
    ip: str | None
    at: datetime
    is_this: bool


def note_sign_in(sender: object, request: HttpRequest, user: User, **_: object) -> None:
    """Receives Django's user_logged_in, after the session got its new key."""
    if request.session.session_key is None:
        request.session.create()
    noted = SignedIn.objects.create(
        user=user,
        session_key=request.session.session_key or "",
        ip=request.META.get("REMOTE_ADDR") or None,
        browser=request.headers.get("User-Agent", "")[:400],
    )
    request.session[_KEY] = noted.pk


def follow_session(request: HttpRequest) -> None:
    """The session has another key now; to be called where that happens without a sign-in."""
    SignedIn.objects.filter(pk=request.session.get(_KEY, 0)).update(session_key=request.session.session_key)


def browsers_of(request: HttpRequest, user: User) -> list[BrowserRow]:
    """The newest first."""
    return [
        BrowserRow(row.pk, name_of(row.browser), row.browser, row.ip, row.at, row.pk == request.session.get(_KEY))
        for row in _alive(user).order_by("-id")
    ]


def count(user: User) -> int:
    return _alive(user).count()


def sign_out(user: User, ids: Iterable[int]) -> int:
    """End these sessions of the person's; how many there were."""
    chosen = _alive(user).filter(pk__in=list(ids))
    keys = list(chosen.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    SignedIn.objects.filter(session_key__in=keys).delete()
    return len(keys)


def name_of(browser: str) -> str:
    """ "Firefox, Linux", from what the browser says of itself."""
    program = next((name for mark, name in _BROWSERS if mark in browser), "")
    system = (
        found[0].replace("Mac OS X", "macOS").replace("CrOS", "ChromeOS") if (found := _SYSTEMS.search(browser)) else ""
    )
    return ", ".join(filter(None, [program, system])) or browser[:40] or "–"


def _alive(user: User) -> QuerySet[SignedIn]:
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return SignedIn.objects.filter(user=user, session_key__in=alive)
