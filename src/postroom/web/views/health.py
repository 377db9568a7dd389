"""Whether every part of this installation works, for load balancers, monitors and `postroom serve`."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from postroom.parts import state

ANSWER_SECONDS = 1.5


@require_safe
@never_cache
@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """200 when all parts are ready, 503 otherwise; says nothing of hosts or mail, because anyone may ask."""
    parts = state.health(within=ANSWER_SECONDS)
    healthy = state.is_healthy(parts.values())
    body = {
        "status": "ok" if healthy else "unavailable",
        "parts": {name: _describe(part) for name, part in parts.items()},
    }
    return JsonResponse(body, status=200 if healthy else 503)


def _describe(part: state.PartState) -> dict[str, object]:
    if part.beat_age is None:
        return {"state": part.condition}
    return {"state": part.condition, "processes": part.processes, "seconds_since_beat": part.beat_age}
