"""How is captured mail stored, and how long is it kept?"""

import asyncio
from collections.abc import Sequence
from functools import partial

from postroom.capture.models import CapturedMessage
from postroom.database_threads import DatabaseThreads
from postroom.rfc.headers import get_field, split_message

KEPT = 10_000
PRUNE_EVERY = 500  # messages: the table holds at most this many more than KEPT
# One INSERT: its parameters are in memory three times, and PostgreSQL takes 1 GB at most.
BATCH_ROWS = 200
BATCH_BYTES = 32 * 1024 * 1024


Waiting = list[tuple[CapturedMessage, "asyncio.Future[None]"]]


class Store:
    """Stores the mail of all connections together: one INSERT for what arrived while the last one ran."""

    def __init__(self) -> None:
        self._thread = DatabaseThreads(1, name="capture")
        self._waiting: Waiting = []
        self._writing: asyncio.Task[None] | None = None
        self._until_pruning = 0

    async def add(self, message: CapturedMessage) -> None:
        """Return once it is committed; a django.db.DatabaseError means that it is not."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((message, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        await stored

    def close(self) -> None:
        self._thread.close()

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = _cut(self._waiting)
            [fault] = await asyncio.gather(self._write([message for message, _ in batch]), return_exceptions=True)
            for _, stored in batch:
                if stored.done():  # its client has gone
                    continue
                if fault is None:
                    stored.set_result(None)
                else:
                    stored.set_exception(fault)

    async def _write(self, messages: Sequence[CapturedMessage]) -> None:
        await self._thread.run(partial(insert, messages))
        self._until_pruning -= len(messages)
        if self._until_pruning < 0:
            self._until_pruning = PRUNE_EVERY
            await self._thread.run(partial(prune, keep=KEPT))


def insert(messages: Sequence[CapturedMessage]) -> None:
    """Fill in what is read from the messages themselves, and store all of them or none."""
    for message in messages:
        head, _ = split_message(bytes(message.raw))
        message.subject = get_field(head, "Subject") or ""
        message.header_from = get_field(head, "From") or ""
        message.size_bytes = len(message.raw)
    CapturedMessage.objects.bulk_create(messages)


def prune(*, keep: int) -> None:
    """Delete all but the newest `keep`."""
    newest_first = CapturedMessage.objects.order_by("-pk").values_list("pk", flat=True)
    if oldest_kept := newest_first[keep - 1 : keep].first():
        CapturedMessage.objects.filter(pk__lt=oldest_kept).delete()


def _cut(waiting: Waiting) -> tuple[Waiting, Waiting]:
    """The next batch, at least one message, and the rest."""
    count = total_bytes = 0
    for message, _ in waiting[:BATCH_ROWS]:
        total_bytes += len(message.raw)
        if count and total_bytes > BATCH_BYTES:
            break
        count += 1
    return waiting[:count], waiting[count:]
