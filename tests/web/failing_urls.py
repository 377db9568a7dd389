"""The product's addresses, and some that fail in each way a page can."""

from typing import NoReturn

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest
from django.urls import path

from postroom.config import urls

FAILURES = {
    "bug": RuntimeError("a bug"),
    "database-gone": OperationalError("the connection is closed"),
    "forbidden": PermissionDenied(),
    "malformed": SuspiciousOperation(),
    "too-large": RequestDataTooBig(),
}


@login_not_required
def fail(request: HttpRequest, failure: str) -> NoReturn:
    raise FAILURES[failure]


urlpatterns = [*urls.urlpatterns, path("<str:failure>", fail)]
handler400, handler500 = urls.handler400, urls.handler500
