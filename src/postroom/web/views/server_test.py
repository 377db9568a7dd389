"""Would a server take our mail? Asked for here, tried by a worker, shown while it runs."""

from dataclasses import dataclass

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy

from postroom.policy.permission import Action
from postroom.servers import connection_tests
from postroom.servers.models import ConnectionTest
from postroom.servers.probe import Finding, Result, Step, Trial, steps_of
from postroom.smtp.endpoint import Security
from postroom.web.seat import needs
from postroom.web.server_words import STEPS, hint_of, uses_in_words
from postroom.web.views.servers import find_server
from postroom.workspaces.access import Seat


class RecipientForm(forms.Form):
    """Whom RCPT TO names."""

    recipient = forms.EmailField(
        label=gettext_lazy("Recipient that the server is asked about"),
        max_length=320,
        help_text=gettext_lazy(
            "Nothing is sent to it. An address outside your domain shows whether the server relays."
        ),
    )


@dataclass(frozen=True, slots=True)
class TrialRow:
    """An identity as a line of the table; a cell is a step's name, its verdict and the server's words."""

    address: str
    uses: str
    cells: list[tuple[str, str, str]]
    fault: Finding | None
    step: str
    hint: str
    dialog: str


VERDICTS = {Result.OK: "ok", Result.FAULT: "fault", Result.UNUSED: "unused"}


@needs(Action.SEE_SETTINGS)
def server_test(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    server = find_server(seat, server_id)
    form = RecipientForm(request.POST or None, initial={"recipient": seat.user.email})
    if request.method == "POST":
        if not seat.may(Action.CHANGE_SETTINGS):
            raise PermissionDenied
        if form.is_valid():
            connection_tests.ask_for(server, recipient=form.cleaned_data["recipient"], by=str(seat.user))
            return redirect("server-test", server.pk)
    context = {"server": server, "form": form, **shown(connection_tests.newest(server), server.name)}
    return render(
        request, "web/_server_test.html" if "HX-Request" in request.headers else "web/server_test.html", context
    )


def shown(test: ConnectionTest | None, server: str) -> dict[str, object]:
    """What `_server_test.html` shows of a test of the server of that name."""
    if test is None:
        return {"test": None}
    trials = [connection_tests.read(told) for told in test.trials]
    steps = steps_of(Security(test.security or Security.STARTTLS))
    rows = [_row(trial, steps, server) for trial in trials]
    is_running = connection_tests.is_running(test)
    return {
        "test": test,
        "steps": [STEPS[step] for step in steps],
        "rows": rows,
        "is_running": is_running,
        "is_interrupted": test.finished_at is None and not is_running,
        "failed": sum(row.fault is not None for row in rows),
        "untried": sum(not trial.is_over for trial in trials),
        "first_fault": next((row for row in rows if row.fault), None),
    }


def _row(trial: Trial, steps: tuple[Step, ...], server: str) -> TrialRow:
    found = {finding.step: finding for finding in trial.findings}
    fault = trial.fault
    return TrialRow(
        address=trial.address,
        uses=uses_in_words(trial.uses),
        cells=[_cell(step, found.get(step)) for step in steps],
        fault=fault,
        step=str(STEPS[fault.step]) if fault else "",
        hint=hint_of(fault, server=server, address=trial.address) if fault else "",
        dialog="\n".join(trial.dialog),
    )


def _cell(step: Step, finding: Finding | None) -> tuple[str, str, str]:
    return str(STEPS[step]), VERDICTS[finding.result] if finding else "skipped", finding.words if finding else ""
