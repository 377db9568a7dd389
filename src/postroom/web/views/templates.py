"""The templates: whom their mail is from, and which server it takes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from postroom.errors import AddressError, PostroomError
from postroom.mailings.models import Template
from postroom.outbound.models import Stream
from postroom.outbound.simulate import Question, simulate
from postroom.policy.permission import Action
from postroom.rfc.address import format_mailbox, parse_mailbox
from postroom.servers.dns_standing import DnsStanding, standing_of
from postroom.servers.selection import as_value, in_order
from postroom.web.forms import Confirmation, lock
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.workspaces import audit
from postroom.workspaces.access import Seat, company_of

LABELS = {
    "name": gettext_lazy("Name"),
    "header_from": gettext_lazy("From"),
    "server": gettext_lazy("Outgoing mail server"),
}
HINTS = {
    "name": "",
    "header_from": gettext_lazy('Such as "Billing" <billing@company-name.com>. Empty: the author\'s.'),
    "server": gettext_lazy("All its mail takes this server, whatever the FROM filters say."),
}


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """A template as far as routing asks for it."""

    class Meta:
        model = Template
        fields = ("name", "header_from", "server")
        labels = LABELS
        help_texts = HINTS
        widgets = {"header_from": forms.TextInput}  # noqa: RUF012 – Django's way

    def __init__(self, seat: Seat, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        servers = seat.workspace.outgoing_servers.defer("password", "client_key").filter(archived_at=None)
        choice = self.fields["server"]
        choice.queryset, choice.empty_label = servers, _("the one that routing chooses")  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Template.objects.filter(workspace=self.instance.workspace, name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise ValidationError(_("There is a template of that name; choose another."))
        return name

    def clean_header_from(self) -> str:
        text: str = self.cleaned_data["header_from"].strip()
        try:
            return format_mailbox(parse_mailbox(text)) if text else ""
        except AddressError as error:
            raise ValidationError(words_of(error)) from error


@require_safe
@needs(Action.SEE_SETTINGS)
def template_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    rows = _of(seat).select_related("server").defer("server__password", "server__client_key").order_by("name")
    return render(request, "web/templates.html", {"rows": rows})


@needs(Action.CHANGE_SETTINGS)
def new_template(request: HttpRequest, seat: Seat) -> HttpResponse:
    return _form_page(request, seat, Template(workspace=seat.workspace))


@needs(Action.SEE_SETTINGS)
def template_page(request: HttpRequest, seat: Seat, template_id: int) -> HttpResponse:
    return _form_page(request, seat, get_object_or_404(_of(seat), pk=template_id))


@needs(Action.CHANGE_SETTINGS)
def remove(request: HttpRequest, seat: Seat, template_id: int) -> HttpResponse:
    template = get_object_or_404(_of(seat), pk=template_id)
    form = Confirmation(request.POST or None, phrase=template.name)
    if form.is_valid():
        with transaction.atomic():
            audit.record_removal(template, workspace=seat.workspace, by=seat.user)
            template.delete()
        messages.success(request, _("%(name)s is removed.") % {"name": template.name})
        return redirect("templates")
    context = {
        "form": form,
        "title": _("Remove %(name)s") % {"name": template.name},
        "consequence": _("Mail that was made from it stays as it is. To undo it, make the template again."),
        "action": _("Remove"),
        "back": reverse("template", args=[template.pk]),
    }
    return render(request, "web/confirm.html", context)


def _of(seat: Seat) -> Any:
    return Template.objects.filter(workspace=seat.workspace)


def _form_page(request: HttpRequest, seat: Seat, template: Template) -> HttpResponse:
    title, may_change = template.name or _("New template"), seat.may(Action.CHANGE_SETTINGS)
    form = TemplateForm(seat, request.POST or None, instance=template)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    if form.is_valid():
        with audit.noting(template, workspace=seat.workspace, by=seat.user):
            template.save()
        messages.success(request, _("%(name)s is saved.") % {"name": template.name})
        return redirect("templates")
    if not may_change:
        lock(form)
    context = {
        "form": form,
        "title": title,
        "action": _("Save"),
        "parent": {"url": reverse("templates"), "title": _("Templates")},
        "remove_url": reverse("template-remove", args=[template.pk]) if template.pk and may_change else "",
        "read_only": not may_change,
        "standing": _standing(seat, template) if template.pk else None,
    }
    return render(request, "web/form_page.html", context)


def _standing(seat: Seat, template: Template) -> DnsStanding | None:
    """What DNS says of a mailing made from the template as it is stored."""
    try:
        author = parse_mailbox(template.header_from) if template.header_from else None
        question = Question(author, company_of(seat.workspace, None), Stream.MASS, template.server_id)
        found = simulate(question, map(as_value, in_order(seat.workspace)))
    except PostroomError:  # without a company or any From nothing can leave, which the simulator tells
        return None
    return standing_of(seat.workspace, found.decision)
