"""Would mail be fetched from this server? Every step up to the listing is tried, and nothing is changed there."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone

from postroom.inbound.mailboxes.access import open_mailbox
from postroom.inbound.mailboxes.mailbox import MailboxError, Step
from postroom.inbound.models import IncomingServer
from postroom.jobs import app

TASK = "inbound.try_incoming_server"
PATIENCE_SECONDS = 15.0  # a person waits for the answer


@dataclass(frozen=True, slots=True)
class Finding:
    """One step: the server's or our `words`; `hint` says what is wrong where it failed."""

    step: Step
    is_ok: bool
    words: str
    hint: str = ""


def try_server(server: IncomingServer) -> list[Finding]:
    """The steps up to the first that failed."""
    return list(_try(server))


def ask_for_trial(server: IncomingServer) -> None:
    """Have a worker try the server soon: mail will be fetched from its network, not from the web server's."""
    _keep(server, {"asked_at": timezone.now().isoformat(), "is_over": False, "findings": []})
    app.configure_task(TASK, queue="chores").defer(server_id=server.pk)


def run(server_id: int) -> None:
    """Make the trial that was asked for, and keep what it found; nothing where the server is gone."""
    server = IncomingServer.objects.select_related("workspace", "oauth_account__app").filter(pk=server_id).first()
    if server is not None:
        findings = [asdict(finding) for finding in _try(server)]
        _keep(server, {**server.trial, "is_over": True, "findings": findings})


def _try(server: IncomingServer) -> Iterator[Finding]:
    passed: list[Finding] = []

    def note(step: Step, words: str) -> None:
        passed.append(Finding(step, is_ok=True, words=words))

    try:
        with open_mailbox(server, note, patience=PATIENCE_SECONDS) as mailbox:
            listed = mailbox.listing()
            ways = "is told of new mail at once" if mailbox.can_wait else f"looks every {server.poll_seconds} seconds"
            note(Step.LIST, f"{len(listed)} to fetch; {ways}")
    except MailboxError as error:
        yield from passed
        yield Finding(error.step, is_ok=False, words=error.words, hint=error.message)
    else:
        yield from passed


def _keep(server: IncomingServer, told: dict[str, Any]) -> None:
    IncomingServer.objects.filter(pk=server.pk).update(trial=told)
