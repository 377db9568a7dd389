"""The files that pages load: stylesheets, scripts, icons."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from postroom.web import static_files

FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
@login_not_required
def asset(request: HttpRequest, version: str, name: str) -> HttpResponse:
    """The current file, whichever version a page asks for: during an upgrade, old and new pages are both open."""
    found = static_files.ASSETS.get(name)
    if found is None:
        raise Http404
    caching = FOR_EVER if version == found.version else "no-cache"
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return HttpResponse(found.content, content_type=found.content_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return HttpResponse(static_files.compressed(name), content_type=found.content_type, headers=headers)
