"""How does a visit to an incoming server go, and when is the next? Each server's faults are its own."""

import threading
from datetime import timedelta

import structlog
from django.db import connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.inbound.mailboxes.access import open_mailbox
from postroom.inbound.mailboxes.alerts import SERVER_ALERT, clear_server_alert
from postroom.inbound.mailboxes.collect import collect
from postroom.inbound.mailboxes.mailbox import Mailbox, MailboxError, Step
from postroom.inbound.models import IncomingServer
from postroom.workspaces.alerts import raise_alert

log = structlog.get_logger()
LONGEST_PAUSE = timedelta(hours=1)
# A person must mend these; a server that cannot be reached mends itself more often than not.
_TOLD_AT_ONCE = {Step.TLS, Step.LOGIN, Step.FOLDER}
_PATIENT_FAILURES = 3


class Waiters:
    """How many visits may stay and wait for new mail: others must find a thread, too."""

    def __init__(self, most: int) -> None:
        self._places = threading.BoundedSemaphore(most)

    def enter(self) -> bool:
        return self._places.acquire(blocking=False)

    def leave(self) -> None:
        self._places.release()


def fetch_once(server: IncomingServer) -> int:
    """Fetch what waits; how many mails. MailboxError."""
    with open_mailbox(server) as mailbox:
        return collect(mailbox, server, threading.Event())


def visit(server: IncomingServer, stopping: threading.Event, waiters: Waiters) -> None:
    """Fetch what waits, and stay for what comes where the server tells of it; raises nothing of the server's."""
    try:
        with open_mailbox(server) as mailbox:
            collect(mailbox, server, stopping)
            _note_success(server)
            if mailbox.can_wait and waiters.enter():
                try:
                    _stay(mailbox, server, stopping)
                finally:
                    waiters.leave()
    except PostroomError as error:
        _note_failure(server, error)


def _stay(mailbox: Mailbox, server: IncomingServer, stopping: threading.Event) -> None:
    while not stopping.is_set():
        connections.close_all()  # hours may pass
        try:
            mailbox.wait(server.poll_seconds, stopping)
        except MailboxError as error:  # servers end connections that only wait: no fault, one comes again
            log.info("mailbox.wait_ended", server=server.pk, error=error.words)
            IncomingServer.objects.filter(pk=server.pk).update(due_at=Now())
            return
        collect(mailbox, server, stopping)
        _note_success(server)


def _note_success(server: IncomingServer) -> None:
    due_at = timezone.now() + timedelta(seconds=server.poll_seconds)
    fields = {"failures": 0, "last_error": "", "fetched_at": Now(), "due_at": due_at}
    IncomingServer.objects.filter(pk=server.pk, changed_at=server.changed_at).update(**fields)
    if server.failures:
        clear_server_alert(server)
        server.failures = 0


def _note_failure(server: IncomingServer, error: PostroomError) -> None:
    """Longer pauses each time, up to an hour; one alert for the server, with the newest words."""
    server.failures += 1
    log.warning("mailbox.failed", server=server.pk, failures=server.failures, error=error.message)
    with transaction.atomic():  # who sees the failure counted finds its alert
        if _count_failure(server, error) and _is_to_be_told(server, error):
            _tell(server, error)


def _count_failure(server: IncomingServer, error: PostroomError) -> bool:
    """False where the server was set up anew or removed meanwhile: the failure says nothing of it."""
    pause = timedelta(seconds=server.poll_seconds) * 2 ** min(server.failures - 1, 10)
    visited = IncomingServer.objects.filter(pk=server.pk, changed_at=server.changed_at)
    due_at = timezone.now() + min(pause, LONGEST_PAUSE)
    return visited.update(failures=server.failures, last_error=error.message, due_at=due_at) > 0


def _is_to_be_told(server: IncomingServer, error: PostroomError) -> bool:
    step = error.step if isinstance(error, MailboxError) else None
    return step in _TOLD_AT_ONCE or server.failures >= _PATIENT_FAILURES


def _tell(server: IncomingServer, error: PostroomError) -> None:
    raise_alert(
        server.workspace,
        SERVER_ALERT,
        str(server.pk),
        what_happened=f"No mail can be fetched from “{server.name}”. {error.message}",
        what_to_do=f"Try it step by step: `postroom incoming test “{server.name}”`. It is tried again by itself, "
        "and what is there meanwhile is fetched then.",
    )
