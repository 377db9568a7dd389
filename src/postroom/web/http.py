"""What views take from a request and give back, beyond a page."""

from mimetypes import guess_type

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from postroom.errors import PostroomError
from postroom.workspaces.language import told
from postroom.workspaces.models import User

# A file that someone sent must not act in the name of this site, however a browser decides to show it.
FOREIGN_POLICY = "sandbox; default-src 'none'"


def signed_in(request: HttpRequest) -> User:
    """The person who asks; LoginRequiredMiddleware lets no stranger come this far."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def words_of(error: PostroomError) -> str:
    """Why something was refused, in the person's language where its sentence is in the catalogue."""
    translated = gettext(error.message)
    return told(error.message) if translated == error.message else translated


def type_of(filename: str) -> str:
    """What kind of file a name promises; whatever the browser that sent it says, people go by the name."""
    return guess_type(filename)[0] or "application/octet-stream"


def download(content: bytes, filename: str, content_type: str) -> HttpResponse:
    """Something that came by mail, as a file to keep."""
    disposition = content_disposition_header(as_attachment=True, filename=filename)
    headers = {"Content-Disposition": disposition or "attachment", "Content-Security-Policy": FOREIGN_POLICY}
    return HttpResponse(content, content_type=content_type, headers=headers)
