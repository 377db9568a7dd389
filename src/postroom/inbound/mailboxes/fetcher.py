"""Who visits incoming servers, and when? A thread for each server, so that none waits for another.

A server is claimed for a while in its row, and the claim renewed as long as the visit lasts: of a worker that died,
others take over. Were one only slow, two would visit for a moment, which stores nothing twice (collect.py).
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.db import connections, transaction
from django.db.models import Q
from django.db.models.functions import Now

from postroom.inbound.mailboxes.visit import Waiters, visit
from postroom.inbound.models import IncomingServer
from postroom.jobs import DATABASE_AWAY
from postroom.workspaces.identity import captures

log = structlog.get_logger()
LOOK_SECONDS = 3.0
LEASE = timedelta(seconds=60)
MAX_VISITS = 200  # threads; most of them only wait
MAX_WAITERS = 150
GRACE_SECONDS = 3.0  # a mail that is being fetched may come to its end; delivery needs the rest of the 30 s


@dataclass(frozen=True, slots=True)
class _Visit:
    changed_at: datetime
    thread: threading.Thread
    stopping: threading.Event


class Fetcher:
    """Visits the servers that are due, as long as it runs."""

    def __init__(self, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._id: UUID = uuid4()
        self._look_seconds = look_seconds
        self._stopping = threading.Event()
        self._waiters = Waiters(MAX_WAITERS)
        self._visits: dict[int, _Visit] = {}
        self._thread = threading.Thread(target=self._look_forever, name="fetcher", daemon=True)

    def start(self) -> None:
        """In threads beside the caller."""
        self._thread.start()

    def stop(self) -> None:
        """End the visits; what takes longer than GRACE_SECONDS dies with the process, which loses nothing."""
        self._stopping.set()
        self._thread.join(2 * GRACE_SECONDS)

    def _look_forever(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._look()
                except DATABASE_AWAY as error:
                    log.warning("fetcher.waiting", error=str(error).strip())
                    connections.close_all()
                except Exception:
                    log.exception("fetcher.failed")
                self._stopping.wait(self._look_seconds)
            self._end_visits()
        finally:
            connections.close_all()

    def _look(self) -> None:
        self._visits = {id_: one for id_, one in self._visits.items() if one.thread.is_alive()}
        self._renew()
        if captures():  # a copy must not empty the mailboxes of the original
            return
        for server in _claim(self._id, MAX_VISITS - len(self._visits), besides=self._visits.keys()):
            stopping = threading.Event()
            name = f"mailbox {server.pk}"
            thread = threading.Thread(target=self._visit, args=(server, stopping), name=name, daemon=True)
            self._visits[server.pk] = _Visit(server.changed_at, thread, stopping)
            thread.start()

    def _renew(self) -> None:
        """Stay the visitor, and end visits of servers that were set up anew or are gone."""
        mine = IncomingServer.objects.filter(pk__in=self._visits.keys(), held_by=self._id)
        mine.update(held_until=Now() + LEASE)
        current = dict(mine.filter(is_active=True).values_list("pk", "changed_at"))
        for id_, one in self._visits.items():
            if current.get(id_) != one.changed_at:
                one.stopping.set()

    def _visit(self, server: IncomingServer, stopping: threading.Event) -> None:
        try:
            visit(server, stopping, self._waiters)
        except DATABASE_AWAY as error:
            log.warning("mailbox.interrupted", server=server.pk, error=str(error).strip())
        except Exception:
            log.exception("mailbox.broken", server=server.pk)
        finally:
            self._release(server)
            connections.close_all()

    def _release(self, server: IncomingServer) -> None:
        """Where that fails, the claim ends by itself."""
        try:
            connections.close_all()
            held = IncomingServer.objects.filter(pk=server.pk, held_by=self._id)
            held.update(held_by=None, held_until=None)
        except DATABASE_AWAY as error:
            log.warning("mailbox.not_released", server=server.pk, error=str(error).strip())

    def _end_visits(self) -> None:
        for one in self._visits.values():
            one.stopping.set()
        deadline = time.monotonic() + GRACE_SECONDS
        for one in self._visits.values():
            one.thread.join(max(0, deadline - time.monotonic()))


@transaction.atomic
def _claim(fetcher: UUID, limit: int, *, besides: Iterable[int]) -> list[IncomingServer]:
    """Servers that are due and that nobody visits, now this fetcher's; not those whose account is to be connected."""
    is_free = Q(held_until=None) | Q(held_until__lt=Now())
    can_log_in = Q(authentication=IncomingServer.Authentication.LOGIN) | Q(oauth_account__isnull=False)
    due = IncomingServer.objects.filter(is_free, can_log_in, is_active=True, due_at__lte=Now()).exclude(pk__in=besides)
    servers = list(
        due.select_for_update(of=("self",), skip_locked=True)
        .select_related("workspace", "oauth_account__app")
        .order_by("due_at")[: max(limit, 0)]
    )
    ids = [server.pk for server in servers]
    IncomingServer.objects.filter(pk__in=ids).update(held_by=fetcher, held_until=Now() + LEASE, due_at=Now() + LEASE)
    return servers
