"""The scheduled actions: what runs by itself, when, and whether it went well."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from postroom.policy.permission import Action
from postroom.web import scheduled
from postroom.web.http import words_of
from postroom.web.scheduled import AlreadyAskedError
from postroom.web.seat import needs
from postroom.workspaces.access import Seat

WORDS = {
    "domains.prune_reports": gettext_lazy("Forget old DMARC and TLS reports"),
    "domains.rotate_dkim_keys": gettext_lazy("Let new DKIM keys sign, and old ones retire"),
    "inbound.judge_probes": gettext_lazy("Say which addresses' tests have not come back"),
    "inbound.look_for_received": gettext_lazy("Handle received mail that was left unfinished"),
    "inbound.prune": gettext_lazy("Remove received mail that is no longer kept"),
    "inbound.send_probes": gettext_lazy("Test addresses again that were tested a week ago"),
    "outbound.count_attempts": gettext_lazy("Count what was tried, for Home and the monitor"),
    "outbound.divert_around_faults": gettext_lazy("Send mail around servers that have a fault"),
    "outbound.fold_usage": gettext_lazy("Keep the ledger of limits small"),
    "outbound.follow_failures": gettext_lazy("Give up mail that waited too long, and tell its authors"),
    "outbound.prune": gettext_lazy("Remove mail that is no longer kept"),
    "outbound.prune_idempotency_keys": gettext_lazy("Forget the keys of repeated submissions"),
    "outbound.retry_stalled_jobs": gettext_lazy("Take up the jobs of workers that are gone"),
    "outbound.tell_alerts": gettext_lazy("Tell people and webhooks of alerts"),
    "servers.check_domains": gettext_lazy("Check the DNS of alias domains"),
    "servers.watch_oauth": gettext_lazy("Watch the permissions of Gmail and Outlook accounts"),
    "threads.learn_identifiers": gettext_lazy("Learn under which Message-IDs servers sent our mail"),
    "web.forget_what_is_over": gettext_lazy("Forget sessions and invitations that are over"),
    "web.send_digests": gettext_lazy("Send the morning's digests of inboxes"),
    "webhooks.deliver": gettext_lazy("Tell webhooks what has happened"),
}


@require_safe
@needs(Action.SEE_SETTINGS)
def action_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    rows = [(WORDS.get(action.name, action.name), action) for action in scheduled.actions()]
    return render(request, "web/scheduled_actions.html", {"rows": rows})


@require_POST
@needs(Action.CHANGE_SETTINGS)
def run_now(request: HttpRequest, seat: Seat, name: str) -> HttpResponse:
    try:
        scheduled.run_now(name)
    except KeyError:
        raise Http404 from None
    except AlreadyAskedError as error:
        messages.info(request, words_of(error))
    else:
        messages.success(request, _("It runs as soon as a worker is free."))
    return redirect("scheduled-actions")
