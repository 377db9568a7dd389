"""What belongs to a post: its HTML in a frame, its files, and the envelope of each recipient."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from postroom.capture.reading import AttachedFile, Reading
from postroom.errors import PostroomError
from postroom.policy.permission import Action
from postroom.threads import envelope
from postroom.threads.models import Notification, Post, PostFile
from postroom.web.http import download, words_of
from postroom.web.seat import needs
from postroom.web.views.capture import HTML_POLICY, with_inline_images
from postroom.web.views.messages import REMOTE_IMAGES_POLICY
from postroom.workspaces.access import Seat

# What browsers show or hand to a program by themselves, and cannot run. Anything else is bytes to be saved.
SAFE_TYPES = {
    "application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp", "text/calendar", "text/csv", "text/plain",
}  # fmt: skip


@require_safe
@needs(Action.SEE_CONVERSATIONS)
def post_html(request: HttpRequest, seat: Seat, post_id: int) -> HttpResponse:
    """Mail that came in as its author formatted it, for a frame that keeps it from everything."""
    found = Post.objects.filter(record__workspace=seat.workspace, pk=post_id).exclude(html="").first()
    if found is None:
        raise Http404
    policy = REMOTE_IMAGES_POLICY if "images" in request.GET else HTML_POLICY
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return HttpResponse(with_inline_images(_reading(found)), headers=headers)


@require_safe
@needs(Action.SEE_CONVERSATIONS)
def post_file(request: HttpRequest, seat: Seat, file_id: int) -> HttpResponse:
    found = PostFile.objects.filter(post__record__workspace=seat.workspace, pk=file_id).first()
    if found is None:
        raise Http404
    kind = found.content_type.partition(";")[0].strip().lower()
    content_type = kind if kind in SAFE_TYPES else "application/octet-stream"
    return download(bytes(found.content), found.name or _("file"), content_type)


@require_POST
@needs(Action.WRITE_CONVERSATIONS)
def notification(request: HttpRequest, seat: Seat, notification_id: int) -> HttpResponse:
    """Try one recipient once more, or leave it."""
    found = Notification.objects.filter(post__record__workspace=seat.workspace, pk=notification_id)
    row = found.select_related("post__record__type", "post__record__workspace", "user", "contact").first()
    if row is None:
        raise Http404
    match request.POST.get("act"):
        case "retry":
            _retry(request, row)
        case "ignore":
            envelope.ignore(found)
            messages.success(request, _("It is left as it is."))
        case _:
            raise BadRequest
    return redirect(f"{reverse('record', args=[row.post.record_id])}#post-{row.post_id}")


def _retry(request: HttpRequest, row: Notification) -> None:
    address = row.address
    try:
        envelope.retry(row)
    except PostroomError as error:
        messages.error(request, words_of(error))
    else:
        messages.success(request, _("%(address)s is tried once more.") % {"address": address})


def _reading(post: Post) -> Reading:
    """As the pages of captured mail read a message."""
    files = (AttachedFile(f.name, f.content_type, f.content_id, bytes(f.content)) for f in post.files.all())
    return Reading((), post.text, post.html, tuple(files))
