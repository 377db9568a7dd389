"""Through whom mail leaves: the outgoing servers in the order in which they are asked, and each by itself."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from postroom.errors import PostroomError
from postroom.outbound import dialogs, stand
from postroom.policy.permission import Action
from postroom.policy.provider import Preset
from postroom.policy.routing import Policy, Server, compile_table
from postroom.policy.server_order import Move, moved, priorities
from postroom.servers import archive as archiving
from postroom.servers.dns_standing import DnsStanding, standings_of
from postroom.servers.endpoints import DEFAULT_SERVER_NAME, NoDefaultServerError, default_endpoint
from postroom.servers.identities import Picture
from postroom.servers.models import OutgoingServer
from postroom.servers.presets import find_preset, preset_named, presets
from postroom.servers.selection import as_value, in_order
from postroom.web.forms import Confirmation
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.web.server_account import account_of
from postroom.web.server_form import ServerForm, filled_in, secret_of, usual_ports
from postroom.web.server_words import filter_entries, malformed, remarks_in_words, uses_in_words
from postroom.workspaces import audit
from postroom.workspaces.access import Seat

SEALED = ("password", "client_key", "oauth_account__access_token", "oauth_account__refresh_token")
DEFAULT_KIND = OutgoingServer.Authentication.DEFAULT_SERVER


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server as a line; `fault` keeps it closed until then, `remarks` say why mail passes it by.

    `dns` are the domains in whose name its mail has trouble, by their last check.
    """

    id: int
    name: str
    priority: int
    place: str
    from_filter: str
    never_chosen: bool
    remarks: list[str]
    fault: str
    is_debugged: bool
    dns: list[DnsStanding]


@require_safe
@needs(Action.SEE_SETTINGS)
def server_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    servers = in_order(seat.workspace)
    reach, closed = Picture(seat.workspace).reaches(), stand.closed_outlets(seat.workspace)
    faulty = [standing for standing in standings_of(seat.workspace) if standing.is_faulty]
    rows = []
    for server in servers:
        if server.is_active:
            found, outlet = reach.get(server.pk), closed.get(server.pk)  # none: not connected yet
            remarks, fault = remarks_in_words(found) if found else [], outlet.fault if outlet else ""
            rows.append(
                ServerRow(
                    server.pk, server.name, server.priority, place_of(server), server.from_filter.strip(),
                    bool(found and found.never_chosen), remarks, fault, server.logs_dialog,
                    [standing for standing in faulty if standing.server == server.name],
                )
            )  # fmt: skip
    context = {
        "rows": rows,
        "archived": [server for server in servers if not server.is_active and not server.is_being_set_up],
        "unfinished": [server for server in servers if server.is_being_set_up],
        "default_server": _default_place(),
        "default_dns": [standing for standing in faulty if standing.server == DEFAULT_SERVER_NAME],
    }
    return render(request, "web/servers.html", context)


@require_POST
@needs(Action.CHANGE_SETTINGS)
def server_order(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The numbers as typed, or one server up or down by a place."""
    servers = {str(server.pk): server for server in in_order(seat.workspace) if server.is_active}
    wanted = _wanted(request, servers)
    with transaction.atomic():
        for key, priority in wanted.items():
            _set_priority(seat, servers[key].pk, priority)
    return redirect("servers")


class PriorityField(forms.IntegerField):
    """As the column has it."""

    def __init__(self) -> None:
        super().__init__(min_value=-(2**31), max_value=2**31 - 1)


def _wanted(request: HttpRequest, servers: dict[str, OutgoingServer]) -> dict[str, int]:
    for direction, step in (("up", -1), ("down", 1)):
        if (key := request.POST.get(direction, "")) in servers:
            order = moved([as_value(server) for server in servers.values()], Move(servers[key].pk, step))
            return {str(found): priority for found, priority in priorities(order).items()}
    typed = {}
    for key in servers:
        try:
            typed[key] = PriorityField().clean(request.POST.get(f"priority-{key}"))
        except forms.ValidationError:
            continue  # what is no number stays as it is
    return typed


def _set_priority(seat: Seat, server_id: int, priority: int) -> None:
    server = seat.workspace.outgoing_servers.get(pk=server_id)
    if server.priority != priority:
        before = snapshot_of(server)
        server.priority = priority
        server.save(update_fields=["priority"])
        audit.record_change(server, workspace=seat.workspace, by=seat.user, before=before)


@needs(Action.SEE_SETTINGS)
def new_server(request: HttpRequest, seat: Seat) -> HttpResponse:
    if not seat.may(Action.CHANGE_SETTINGS):
        raise PermissionDenied
    preset = preset_named(request.GET.get("preset", ""))
    server = OutgoingServer(workspace=seat.workspace, **(filled_in(preset) if preset else {}))
    form = ServerForm(request.POST or None, instance=server)
    if form.is_valid() and (answer := _store(request, seat, form, before=None)):
        return answer
    context = {"form": form, "preset": preset, "presets": presets(), "ports_json": json.dumps(usual_ports())}
    return render(request, "web/server_new.html", context)


@needs(Action.SEE_SETTINGS)
def server_page(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    server = find_server(seat, server_id)
    before = snapshot_of(server)
    form = ServerForm(request.POST or None, instance=server)
    may_change = seat.may(Action.CHANGE_SETTINGS) and server.is_active and server.owner_id is None
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if form.is_valid() and (answer := _store(request, seat, form, before=before)):
            return answer
    for field in form.fields.values():
        field.disabled = not may_change
    return render(request, "web/server.html", {**_facts(seat, server_id), "form": form, "may_change": may_change})


@require_safe
@needs(Action.SEE_SETTINGS)
def server_queue(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    """What waits for the server, loaded into its page when that stands."""
    server = find_server(seat, server_id)
    found = stand.stand_of(server)
    context = {
        "server": server,
        "stand": found,
        "streams": [(STREAMS[name], found.due[name], found.later[name]) for name in found.due] if found else [],
        "dialogs": dialogs.recent_dialogs(server) if server.logs_dialog else [],
    }
    return render(
        request, "web/_server_queue.html" if "HX-Request" in request.headers else "web/server_queue.html", context
    )


STREAMS = {"transactional": gettext_lazy("Transactional mail"), "mass": gettext_lazy("Mass mail")}


@require_safe
@needs(Action.SEE_SETTINGS)
def filter_check(request: HttpRequest, seat: Seat) -> HttpResponse:
    """What is wrong with a FROM filter that is being typed, and who else holds its entries."""
    text = request.GET.get("from_filter", "")[:5000]
    context = {
        "text": text.strip(),
        "entries": filter_entries(text),
        "faults": malformed(text),
        "remarks": _remarks_if(request, seat, text),
    }
    return render(request, "web/_filter_check.html", context)


def _remarks_if(request: HttpRequest, seat: Seat, from_filter: str) -> list[str]:
    """The remarks of a server were it stored with this filter."""
    others = [as_value(server) for server in in_order(seat.workspace)]
    key = next((server.key for server in others if str(server.key) == request.GET.get("server")), 0)
    try:
        priority = PriorityField().clean(request.GET.get("priority"))
    except forms.ValidationError:
        priority = 10
    name = request.GET.get("name", "")[:200]
    typed = Server(key, name, priority, from_filter)
    table = compile_table(
        [*(server for server in others if server.key != key), typed],
        policy=Policy(seat.workspace.routing_policy),
        default_from_filter=None,
    )
    reach = Picture(seat.workspace, table).reaches()[key]
    return remarks_in_words(replace(reach, remarks=tuple(r for r in reach.remarks if r.obstacle != "malformed")))


@needs(Action.CHANGE_SETTINGS)
def archive_server(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    """Refused, with the list of its users, while something counts on it."""
    server = find_server(seat, server_id)
    users = archiving.usages(server)
    form = Confirmation(request.POST or None, phrase=server.name)
    if not users and form.is_valid():
        try:
            _change(seat, server, archiving.archive)
        except PostroomError as error:  # somebody took it into use just now
            messages.error(request, words_of(error))
        else:
            messages.success(request, _("%(name)s is archived; no new mail takes it.") % {"name": server.name})
        return redirect("servers")
    context: dict[str, object] = {
        "server": server,
        "users": [(user.words, _page_of(user)) for user in users],
        "form": form,
    }
    if found := stand.stand_of(server):
        context["waiting"] = sum(found.due.values()) + sum(found.later.values())
    return render(request, "web/server_archive.html", context)


def _page_of(user: archiving.Usage) -> str:
    return reverse("general") if user.template is None else reverse("template", args=[user.template])


@require_POST
@needs(Action.CHANGE_SETTINGS)
def restore_server(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    server = find_server(seat, server_id)
    if server.owner_id is not None or server.is_being_set_up:
        raise Http404  # its owner connects it anew; what is being set up ends by its steps
    _change(seat, server, archiving.restore)
    messages.success(request, _("%(name)s takes part again.") % {"name": server.name})
    return redirect("server", server.pk)


def find_server(seat: Seat, server_id: int) -> OutgoingServer:
    """Without its secrets, which may be sealed under another key; 404 also for another workspace's."""
    rows = seat.workspace.outgoing_servers.select_related("oauth_account").defer(*SEALED)
    found = rows.filter(pk=server_id).first()
    if found is None:
        raise Http404
    found.workspace = seat.workspace
    return found


def place_of(server: OutgoingServer) -> str:
    return DEFAULT_SERVER_NAME if server.authentication == DEFAULT_KIND else f"{server.host}:{server.port}"


def _store(request: HttpRequest, seat: Seat, form: ServerForm, *, before: audit.Snapshot | None) -> HttpResponse | None:
    """None when the form has to be shown again."""
    with transaction.atomic():
        if not form.store():
            return None
        audit.record_change(form.instance, workspace=seat.workspace, by=seat.user, before=before)
    messages.success(request, _("%(name)s is saved.") % {"name": form.instance.name})
    return redirect("server-test" if "test" in request.POST else "server", form.instance.pk)


def _change(seat: Seat, server: OutgoingServer, change: Callable[[OutgoingServer], None]) -> None:
    with transaction.atomic():
        before = snapshot_of(server)
        change(server)
        audit.record_change(server, workspace=seat.workspace, by=seat.user, before=before)


def snapshot_of(server: OutgoingServer) -> audit.Snapshot:
    """For the audit log, also where a secret cannot be read."""
    for name in ("password", "client_key"):
        secret_of(server, name)
    return audit.snapshot(server)


def _facts(seat: Seat, server_id: int) -> dict[str, object]:
    """As it is stored, whatever the form holds."""
    server = find_server(seat, server_id)
    picture = Picture(seat.workspace)
    reach = picture.reaches().get(server.pk)
    return {
        "server": server,
        "place": place_of(server),
        "preset": _preset(server),
        "never_chosen": bool(reach and reach.never_chosen),
        "remarks": remarks_in_words(reach) if reach else [],
        "identities": [(found.address, uses_in_words(found.uses)) for found in picture.identities(server)],
        "oauth": account_of(server),
        "standings": [standing for standing in standings_of(seat.workspace) if standing.server == server.name],
        "ports_json": json.dumps(usual_ports()),
    }


def _preset(server: OutgoingServer) -> Preset | None:
    return None if server.authentication == DEFAULT_KIND else find_preset(server.host)


def _default_place() -> str:
    try:
        endpoint = default_endpoint()
    except NoDefaultServerError:
        return ""
    return f"{endpoint.host}:{endpoint.port}"
