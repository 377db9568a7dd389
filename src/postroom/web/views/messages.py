"""The e-mails of a workspace: a list, and one with its deliveries and its trace."""

from collections.abc import Sequence
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from postroom.outbound import search
from postroom.policy.status import Status
from postroom.web.http import download, signed_in
from postroom.workspaces.access import workspaces_of
from postroom.workspaces.models import Workspace


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    workspace = forms.SlugField(required=False)
    status = forms.TypedChoiceField(
        choices=[(status.value, status.value) for status in Status], coerce=Status, empty_value=None, required=False
    )
    text = forms.CharField(max_length=320, required=False)
    before = forms.UUIDField(required=False)


@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    chosen = ListFilter(request.GET)
    chosen.is_valid()
    status, text, before = (chosen.cleaned_data.get(name) for name in ("status", "text", "before"))
    workspaces = list(workspaces_of(signed_in(request)).order_by("name", "id"))
    workspace = _choose(workspaces, chosen.cleaned_data.get("workspace"))
    page = search.MessagePage((), None)
    if workspace is not None:
        page = search.list_messages(workspace, status=status, text=text or "", before=before)
    context = {
        "page": page,
        "workspaces": workspaces,
        "workspace": workspace,
        "statuses": list(Status),
        "status": status,
        "text": text,
        "is_filtered": bool(status or text or before),
        "installation": settings.POSTROOM,
    }
    return render(request, "web/messages.html", context)


@require_safe
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    found = search.find_message(workspaces_of(signed_in(request)), message_id)
    if found is None:
        raise Http404
    return render(request, "web/message.html", {"message": found, "head": found.head.decode("utf-8", "replace")})


@require_safe
def raw_message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    raw = search.read_message(workspaces_of(signed_in(request)), message_id)
    if raw is None:
        raise Http404
    return download(raw, f"{message_id}.eml", "message/rfc822")


def _choose(workspaces: Sequence[Workspace], slug: str | None) -> Workspace | None:
    """The named workspace, else the first; None for a person who belongs to none."""
    return next((workspace for workspace in workspaces if workspace.slug == slug), next(iter(workspaces), None))
