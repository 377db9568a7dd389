"""The image by which a mail tells that it is opened: the same for everybody, whatever was asked for."""

import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from postroom.outbound import opens

log = structlog.get_logger()
# One transparent pixel (GIF89a).
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000024401003b")


@require_safe
@never_cache
@login_not_required
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Never an error: it would be shown in somebody's mail, and tell guessers which tokens are real."""
    try:
        opens.note(token, request.headers.get("User-Agent", ""))
    except (DatabaseError, InterfaceError) as error:  # an open that is not counted is no reason to show a broken image
        log.warning("open.lost", error=str(error).strip())
    return HttpResponse(PIXEL, content_type="image/gif")
