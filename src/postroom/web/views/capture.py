"""Mail that the capture server took: a list, one message, and what is in it."""

import re
from base64 import b64encode

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from postroom.capture import search
from postroom.capture.models import CapturedMessage
from postroom.capture.reading import Reading, read
from postroom.outbound.opens import without_images
from postroom.policy.permission import Action
from postroom.web.http import download
from postroom.web.seat import needs
from postroom.workspaces.access import Seat

# Whatever a message brings along: it runs nothing, sends nothing, loads nothing but what is in it.
HTML_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
_INLINE_IMAGE = re.compile(r"cid:([^\s\"'<>()]+)", re.IGNORECASE)


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    text = forms.CharField(max_length=320, required=False)
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


@require_safe
@needs(Action.SEE_CAPTURE)
def captured_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    chosen = ListFilter(request.GET)
    chosen.is_valid()
    text, before = chosen.cleaned_data.get("text", ""), chosen.cleaned_data.get("before")
    found = list(search.newest(words=text, before=before, limit=search.PAGE_SIZE + 1))
    rows = found[: search.PAGE_SIZE]
    context = {
        "rows": rows,
        "older": rows[-1].pk if len(found) > len(rows) else None,
        "text": text,
        "is_filtered": bool(text or before),
        "installation": settings.POSTROOM,
    }
    return render(request, "web/captured_list.html", context)


@require_safe
@needs(Action.SEE_CAPTURE)
def captured(request: HttpRequest, seat: Seat, capture_id: int) -> HttpResponse:
    message = get_object_or_404(CapturedMessage, pk=capture_id)
    return render(request, "web/captured.html", {"message": message, "reading": read(bytes(message.raw))})


@require_safe
@needs(Action.SEE_CAPTURE)
def captured_html(request: HttpRequest, seat: Seat, capture_id: int) -> HttpResponse:
    """The message's own HTML, to be shown in a frame that keeps it from everything."""
    reading = _read(capture_id)
    if reading.html is None:
        raise Http404
    return HttpResponse(with_inline_images(reading), headers={"Content-Security-Policy": HTML_POLICY})


@require_safe
@needs(Action.SEE_CAPTURE)
def captured_file(request: HttpRequest, seat: Seat, capture_id: int, *, number: int) -> HttpResponse:
    files = _read(capture_id).attachments
    if number >= len(files):
        raise Http404
    # Not the type it claims: a browser has nothing to do with it but to save it.
    return download(files[number].content, files[number].filename or f"file-{number}", "application/octet-stream")


@require_safe
@needs(Action.SEE_CAPTURE)
def raw_captured(request: HttpRequest, seat: Seat, capture_id: int) -> HttpResponse:
    message = get_object_or_404(CapturedMessage, pk=capture_id)
    return download(bytes(message.raw), f"captured-{capture_id}.eml", "message/rfc822")


def with_inline_images(reading: Reading) -> str:
    """The HTML with its references to parts of the message (RFC 2392) replaced by what is in those parts.

    Without the images by which our own mail tells that it is opened.
    """
    parts = {part.content_id: part for part in reading.attachments if part.content_id}

    def inline(reference: re.Match[str]) -> str:
        part = parts.get(reference[1])
        if part is None:
            return reference[0]
        return f"data:{part.content_type};base64,{b64encode(part.content).decode('ascii')}"

    return _INLINE_IMAGE.sub(inline, without_images(reading.html or ""))


def _read(capture_id: int) -> Reading:
    return read(bytes(get_object_or_404(CapturedMessage, pk=capture_id).raw))
