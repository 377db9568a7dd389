"""The alerts: what a person should mend, who sees to it, and what is over."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from postroom.policy.permission import Action
from postroom.web.lists import chips
from postroom.web.seat import needs
from postroom.workspaces import alerts, audit
from postroom.workspaces.access import Seat, alerts_of
from postroom.workspaces.models import Alert

MOST = 200
# kind of an alert: the route of the page where it is mended.
PAGES = {
    "server_fault": "servers",
    "oauth_account": "servers",
    "oauth_app": "oauth-apps",
    "dns": "alias-domains",
    "incoming_server": "incoming-servers",
    "incoming_mail": "incoming-servers",
    "mail_loop": "records",
    "address_probe": "receiving",
    "forwarding_confirmation": "receiving",
}
# Of these the subject is the id of the very thing.
ITS_PAGE = {"server_fault": "server", "incoming_server": "incoming-server", "incoming_mail": "incoming-server"}


@require_safe
@needs(Action.SEE_MAIL)
def alert_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    is_over = request.GET.get("state") == "over"
    found = alerts_of(seat.workspace).filter(resolved_at__isnull=not is_over).order_by("-last_seen_at", "-pk")[:MOST]
    rows = [(alert, page_of(alert), _may_acknowledge(seat, alert)) for alert in found]
    choices = [("", _("open"), ""), ("over", _("over"), "")]
    return render(
        request, "web/alerts.html", {"rows": rows, "is_over": is_over, "chips": chips(request, "state", choices)}
    )


@require_POST
@needs(Action.STEER_MAIL)
def acknowledge(request: HttpRequest, seat: Seat, alert_id: int) -> HttpResponse:
    alert = get_object_or_404(alerts_of(seat.workspace), pk=alert_id, resolved_at=None)
    if not _may_acknowledge(seat, alert):
        raise PermissionDenied
    with audit.noting(alert, workspace=seat.workspace, by=seat.user):
        alerts.acknowledge(alert, by=str(seat.user))
    messages.success(request, _("Home no longer shows it. The alert ends by itself once its cause is gone."))
    return redirect("alerts")


def page_of(alert: Alert) -> str:
    """The address of the page where it is mended, "" where there is none."""
    if alert.kind in ITS_PAGE and alert.subject.isdecimal():
        return reverse(ITS_PAGE[alert.kind], args=[alert.subject])
    return reverse(PAGES[alert.kind]) if alert.kind in PAGES else ""


def _may_acknowledge(seat: Seat, alert: Alert) -> bool:
    """On a hosted platform what concerns the whole installation is not one workspace's to hide from the others."""
    is_theirs = alert.workspace_id is not None or not settings.POSTROOM.hosted
    return is_theirs and alert.acknowledged_at is None and seat.may(Action.STEER_MAIL)
