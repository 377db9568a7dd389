"""How does incoming mail enter, by whatever way: stored as it is, committed, and only then answered for.

Nothing is decided here that could fail: what the mail is, and where it belongs, is found out by `handle`.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from django.db import DataError, IntegrityError, connection, transaction
from procrastinate.exceptions import AlreadyEnqueued

from postroom.combining import Combined
from postroom.inbound.models import IncomingContent, IncomingMessage, Source
from postroom.jobs import DATABASE_AWAY, app
from postroom.policy.duplicate import fingerprint
from postroom.rfc.fit_text import make_fit
from postroom.rfc.headers import get_field, split_message
from postroom.rfc.message_id import parse_message_ids

HANDLE_TASK = "inbound.handle_received"
# For lists; the mail itself is stored whole.
_MAX_SHOWN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One mail as it arrived.

    `recipients` are the envelope's; empty where only the header can tell. `return_path` "" is the null one, None says
    that it is not known. `workspace` (its id) is set where the way it came tells whose it is, `server` (its id) where
    it was fetched.
    """

    raw: bytes
    source: Source
    recipients: tuple[str, ...] = ()
    return_path: str | None = None
    peer: str = ""
    helo: str = ""
    workspace: int | None = None
    server: int | None = None


def receive(arrival: Arrival) -> tuple[int, ...]:
    """Store the mail, one IncomingMessage a recipient; their ids, committed. A DatabaseError: nothing is."""
    if connection.in_atomic_block:
        return _store([arrival])[0]
    return _store_combined(arrival)


def wake() -> None:
    """Have what was received handled soon; where that fails, the next minute's look finds it."""
    with suppress(AlreadyEnqueued, *DATABASE_AWAY):
        app.configure_task(HANDLE_TASK, queue="inbound", queueing_lock=HANDLE_TASK).defer()


def _store(arrivals: Sequence[Arrival]) -> list[tuple[int, ...]]:
    with transaction.atomic():
        contents = IncomingContent.objects.bulk_create(map(_content, arrivals))
        rows = [
            IncomingMessage(
                content=content, workspace_id=arrival.workspace, recipient=recipient, fingerprint=content.fingerprint
            )
            for arrival, content in zip(arrivals, contents, strict=True)
            for recipient in _recipients(arrival)
        ]
        ids = iter([row.pk for row in IncomingMessage.objects.bulk_create(rows)])
    return [tuple(islice(ids, len(_recipients(arrival)))) for arrival in arrivals]


def _store_and_wake(arrivals: Sequence[Arrival]) -> list[tuple[int, ...]]:
    ids = _store(arrivals)
    wake()
    return ids


# What several connections have to store at the same time shares a commit, and a wake-up.
_store_combined = Combined(_store_and_wake, divisible=(DataError, IntegrityError))


def _recipients(arrival: Arrival) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(make_fit, arrival.recipients))) or ("",)


def _content(arrival: Arrival) -> IncomingContent:
    head, _ = split_message(arrival.raw)
    message_ids = parse_message_ids(get_field(head, "Message-ID") or "")
    return IncomingContent(
        raw=arrival.raw,
        size_bytes=len(arrival.raw),
        source=arrival.source,
        server_id=arrival.server,
        return_path=None if arrival.return_path is None else make_fit(arrival.return_path),
        peer=arrival.peer,
        helo=make_fit(arrival.helo),
        message_id=make_fit(message_ids[0])[:_MAX_SHOWN] if message_ids else "",
        header_from=make_fit(get_field(head, "From") or "")[:_MAX_SHOWN],
        subject=make_fit(get_field(head, "Subject") or "")[:_MAX_SHOWN],
        fingerprint=fingerprint(arrival.raw),
    )
