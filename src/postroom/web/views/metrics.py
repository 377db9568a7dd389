"""How does the installation fare, as Prometheus reads it? For whoever holds the token, or else this machine alone."""

import hmac
from http import HTTPStatus
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from postroom.outbound.metrics import read_metrics
from postroom.rfc.exposition import CONTENT_TYPE, render_metrics

KEPT_SECONDS = 10  # several who ask cost no more than one
# What proxies add: behind one on this machine everybody would seem to be here.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


@require_safe
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """The text exposition format; numbers up to ten seconds old."""
    token = settings.POSTROOM.metrics_token
    if token is not None and not _holds(request, token):
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers=headers)
    if token is None and not _comes_from_here(request):
        return HttpResponse("Set POSTROOM_METRICS_TOKEN to read this from elsewhere.", status=HTTPStatus.FORBIDDEN)
    text = cache.get_or_set("metrics", lambda: render_metrics(read_metrics()), KEPT_SECONDS)
    return HttpResponse(text, content_type=CONTENT_TYPE)


def _holds(request: HttpRequest, token: str) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _comes_from_here(request: HttpRequest) -> bool:
    address = request.META.get("REMOTE_ADDR", "")
    is_forwarded = any(name in request.headers for name in _FORWARDED)
    return bool(address) and ip_address(address).is_loopback and not is_forwarded
