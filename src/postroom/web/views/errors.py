"""What do people see when a page cannot be shown, and what can they do then?"""

import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What was sent makes no sense, or is more than is taken: then a person is told how much that may be."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", {"most_bytes": settings.POSTROOM.max_message_bytes}, status=413)
    return render(request, "400.html", status=400)


@requires_csrf_token
def method_not_allowed(request: HttpRequest) -> HttpResponse:
    """The address of a form's answer, opened by itself: from the history, say."""
    return render(request, "405.html", status=405)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours is a 500; a database that is away is a 503, which proxies and people may try again."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        response = render(request, "503.html", status=503)
        response.headers["Retry-After"] = "10"
        return response
    return render(request, "500.html", status=500)
