"""How is an outgoing server set up step by step: provider, login, test, FROM filter, records, done?

What is entered is kept as a server that no mail takes yet, so that it can be gone on with on another day.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from postroom.policy.from_filter import parse_from_filter
from postroom.policy.permission import Action
from postroom.policy.provider import DkimScheme, Preset, ReturnPathUse
from postroom.servers import connection_tests
from postroom.servers.identities import Picture
from postroom.servers.models import OAuthAccount, OutgoingServer
from postroom.servers.oauth.providers import logs_in_with_oauth
from postroom.servers.presets import GENERIC, find_preset, preset_named, presets
from postroom.servers.selection import table_with
from postroom.web.seat import needs
from postroom.web.server_account import account_of
from postroom.web.server_form import ServerForm, filled_in, usual_ports
from postroom.web.server_words import uses_in_words
from postroom.web.views.server_test import RecipientForm, shown
from postroom.web.views.servers import find_server, snapshot_of
from postroom.workspaces import audit
from postroom.workspaces.access import Seat, alias_domains_of

CREDENTIALS, CONNECT, TEST, FILTER, RECORDS = "credentials", "connect", "test", "filter", "records"
STEPS: dict[str, Promise | str] = {
    CREDENTIALS: gettext_lazy("Login"),
    CONNECT: gettext_lazy("Account"),
    TEST: gettext_lazy("Test"),
    FILTER: gettext_lazy("Senders"),
    RECORDS: gettext_lazy("Records"),
}
FIELDS = {
    CREDENTIALS: ("host", "encryption", "port", "username", "password"),
    CONNECT: ("username",),
    FILTER: ("from_filter", "priority"),
}


class StepForm(ServerForm):
    """The fields of one step."""

    def __init__(self, *args: object, names: tuple[str, ...], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(names):
            del self.fields[name]
        self.order_fields(names)


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step in the row above the page."""

    name: str
    word: str
    is_done: bool
    is_current: bool


@require_safe
@needs(Action.CHANGE_SETTINGS)
def choose(request: HttpRequest, seat: Seat) -> HttpResponse:
    unfinished = seat.workspace.outgoing_servers.filter(is_being_set_up=True).defer("password", "client_key")
    return render(request, "web/set_up.html", {"presets": presets(), "unfinished": unfinished})


@needs(Action.CHANGE_SETTINGS)
def begin(request: HttpRequest, seat: Seat, preset_id: str) -> HttpResponse:
    preset = preset_named(preset_id)
    if preset is None:
        raise Http404
    server = OutgoingServer(
        workspace=seat.workspace, is_being_set_up=True, archived_at=timezone.now(), **filled_in(preset)
    )
    names = FIELDS[CONNECT] if logs_in_with_oauth(server) else FIELDS[CREDENTIALS]
    form = StepForm(request.POST or None, instance=server, names=names)
    if form.is_valid() and _store(seat, form):
        return redirect("set-up-resume", server.pk)
    return render(request, "web/set_up_credentials.html", {"form": form, "preset": preset, "ports": usual_ports()})


@require_safe
@needs(Action.CHANGE_SETTINGS)
def resume(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    """The first step that is not done."""
    server = _find(seat, server_id)
    step = next((name for name in _steps(server) if not _is_done(server, name)), RECORDS)
    return redirect("set-up-step", server.pk, step)


@needs(Action.CHANGE_SETTINGS)
def step(request: HttpRequest, seat: Seat, server_id: int, *, name: str) -> HttpResponse:
    server = _find(seat, server_id)
    if name not in _steps(server):
        raise Http404
    if name == TEST:
        return _test(request, seat, server)
    context = _facts(server, name)
    if name in FIELDS and name != CONNECT:
        form = StepForm(request.POST or None, instance=server, names=FIELDS[name])
        if form.is_valid() and _store(seat, form):
            return redirect("set-up-resume", server.pk)
        context |= {"form": form, "ports": usual_ports()}
    if name == FILTER:
        context["domains"] = [domain.name for domain in alias_domains_of(seat.workspace)]
    if name == RECORDS:
        context |= _records(seat, server)
    return render(request, f"web/set_up_{name}.html", context)


@require_POST
@needs(Action.CHANGE_SETTINGS)
def finish(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    """From now on mail takes it."""
    server = _find(seat, server_id)
    with transaction.atomic():
        before = snapshot_of(server)
        server.is_being_set_up, server.archived_at = False, None
        server.save(update_fields=["is_being_set_up", "archived_at"])
        audit.record_change(server, workspace=seat.workspace, by=seat.user, before=before)
    messages.success(request, _("%(name)s takes part: mail of its senders leaves through it.") % {"name": server.name})
    return redirect("server", server.pk)


def _test(request: HttpRequest, seat: Seat, server: OutgoingServer) -> HttpResponse:
    form = RecipientForm(request.POST or None, initial={"recipient": seat.user.email})
    if form.is_valid():
        connection_tests.ask_for(server, recipient=form.cleaned_data["recipient"], by=str(seat.user))
        return redirect("set-up-step", server.pk, TEST)
    context = {**_facts(server, TEST), "form": form, **shown(connection_tests.newest(server), server.name)}
    return render(request, "web/set_up_test.html", context)


def _records(seat: Seat, server: OutgoingServer) -> dict[str, object]:
    """What must be published and allowed before mail of the chosen senders is taken for genuine."""
    preset, chosen = find_preset(server.host), parse_from_filter(server.from_filter)
    names = set(chosen.domains) | {address.rpartition("@")[2] for address in chosen.addresses}
    found = Picture(seat.workspace, table_with(server)).identities(server)
    return {
        "own": [domain for domain in alias_domains_of(seat.workspace) if domain.name in names],
        "strange": sorted(names - {domain.name for domain in alias_domains_of(seat.workspace)}),
        "identities": [(identity.address, uses_in_words(identity.uses)) for identity in found],
        "signs": preset is not None and preset.dkim.scheme is not DkimScheme.NONE,
        "replaces": preset is not None and preset.return_path.use is not ReturnPathUse.KEPT,
    }


def _steps(server: OutgoingServer) -> list[str]:
    needs_account = logs_in_with_oauth(server)
    return [name for name in STEPS if name != CONNECT or needs_account]


def _is_done(server: OutgoingServer, name: str) -> bool:
    if name == CONNECT:
        account = server.oauth_account
        return account is not None and account.state == OAuthAccount.State.CONNECTED
    if name == TEST:
        test = connection_tests.newest(server)
        return test is not None and test.finished_at is not None
    if name == FILTER:
        return bool(server.from_filter.strip())
    return name == CREDENTIALS


def _facts(server: OutgoingServer, current: str) -> dict[str, object]:
    rows = [StepRow(name, str(STEPS[name]), _is_done(server, name), name == current) for name in _steps(server)]
    following = _steps(server)[_steps(server).index(current) + 1 :]
    return {
        "server": server,
        "preset": _preset_of(server),
        "way": rows,
        "next": following[0] if following else "",
        "oauth": account_of(server),
    }


def _preset_of(server: OutgoingServer) -> Preset | None:
    return find_preset(server.host) or preset_named(GENERIC)


def _store(seat: Seat, form: StepForm) -> bool:
    is_new = form.instance.pk is None
    before = None if is_new else snapshot_of(OutgoingServer.objects.get(pk=form.instance.pk))
    with transaction.atomic():
        if not form.store():
            return False
        audit.record_change(form.instance, workspace=seat.workspace, by=seat.user, before=before)
    return True


def _find(seat: Seat, server_id: int) -> OutgoingServer:
    server = find_server(seat, server_id)
    if not server.is_being_set_up:
        raise Http404
    return server
