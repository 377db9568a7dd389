"""What a carrier takes to a server: claimed deliveries of one message, with envelope and bytes ready."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from postroom import jobs
from postroom.errors import PostroomError
from postroom.outbound import assemble, queue, suppressions
from postroom.outbound.models import Stream
from postroom.outbound.reroute import reroute
from postroom.outbound.signing import MAX_LOADED, Key, SignedHead, Unsigned, sign, sign_beside
from postroom.outbound.target import Target
from postroom.policy.return_path import make_token, tag_return_path
from postroom.rfc.address import parse_mailbox
from postroom.smtp.envelope import DsnRequest, Envelope
from postroom.vault import derive_key

# Contents read ahead of the carriers; one larger message is read alone.
READ_AHEAD_BYTES = 4 * 1024 * 1024
# RFC 5321 §4.5.3.1.8: a server must take at least 100 recipients in one transaction.
MAX_RECIPIENTS = 100
SIGNED_AT_ONCE = 25  # long against the way to a program and back, short against the wait for the first
SIGNING_PROGRAMS = 2
# By workspace, its routing version (a changed key raises it) and the From's domain.
_loaded_keys: dict[tuple[int, int, str], tuple[Key, ...]] = {}


class PrunedError(PostroomError):
    """Its content is no longer kept, so it cannot be sent; cancel it."""

    code = "pruned"


@dataclass(frozen=True, slots=True)
class Parcel:
    """Deliveries of one message that go over in one transaction; the envelope's recipients are theirs, in order."""

    claimed: tuple[queue.Claimed, ...]
    envelope: Envelope
    chunks: Sequence[bytes]

    def only(self, owned: frozenset[int]) -> "Parcel":
        """The parcel without deliveries that the worker has lost in the meantime."""
        if len(owned) == len(self.claimed):
            return self
        claimed = tuple(c for c in self.claimed if c.id in owned)
        return replace(
            self, claimed=claimed, envelope=replace(self.envelope, recipients=tuple(c.recipient for c in claimed))
        )


async def pack(
    claimed: Sequence[queue.Claimed], target: Target, *, lane: int, pool: AsyncConnectionPool
) -> AsyncIterator[Parcel | None]:
    """The parcels for `claimed`, messages in the order of their first delivery.

    None, as the last item, says that the server's settings have changed: read them anew before going on.
    """
    by_message = defaultdict(list)
    for delivery in await suppressions.withdraw(claimed, pool):
        by_message[delivery.message_id].append(delivery)
    facts = await _current_facts(list(by_message), target, lane=lane, pool=pool)
    for ids in _slices(facts):
        async with pool.connection() as database:
            contents = await queue.read_contents(database, ids)
        async for fact, chunks in _assemble([facts[message_id] for message_id in ids], contents, target):
            if target.routing_version not in (None, fact.routing_version):
                yield None
                return
            if isinstance(chunks, PostroomError):
                await jobs.in_thread(partial(queue.hold, fact.id, reason=chunks.message))
                continue
            for parcel in _parcels(by_message[fact.id], fact, chunks, target):
                yield parcel


async def reroute_outdated(lane: int, pool: AsyncConnectionPool) -> None:
    """Decide anew for all due mail of a lane whose server cannot be used, as far as settings have changed since."""
    while True:
        async with pool.connection() as database:
            outdated = await queue.outdated_messages(database, lane)
        if not outdated:
            return
        for message_id in outdated:
            await jobs.in_thread(reroute, message_id, lane)


async def _current_facts(
    ids: Sequence[UUID], target: Target, *, lane: int, pool: AsyncConnectionPool
) -> dict[UUID, queue.Facts]:
    """The facts of messages, those routed under older settings routed again; without those that left the lane."""
    async with pool.connection() as database:
        facts = await queue.read_facts(database, ids)
    outdated = [
        fact.id
        for fact in facts.values()
        # The server differs when a delivery was being talked about while the others of its message left the lane.
        if fact.routed_version != fact.routing_version or fact.server_id != target.server_id
    ]
    if not outdated:
        return facts
    moved = {message_id for message_id in outdated if await jobs.in_thread(reroute, message_id, lane)}
    async with pool.connection() as database:
        return await queue.read_facts(database, [message_id for message_id in ids if message_id not in moved])


def _slices(facts: dict[UUID, queue.Facts]) -> Iterator[list[UUID]]:
    slice_, size = list[UUID](), 0
    for message_id, fact in facts.items():
        if slice_ and size + fact.size_bytes > READ_AHEAD_BYTES:
            yield slice_
            slice_, size = [], 0
        slice_.append(message_id)
        size += fact.size_bytes
    if slice_:
        yield slice_


async def _assemble(
    facts: Sequence[queue.Facts], contents: Mapping[UUID, queue.Content], target: Target
) -> AsyncIterator[tuple[queue.Facts, list[bytes] | PostroomError]]:
    """The messages put together, in order; an error for one that cannot be: it is held, the others go on."""
    batches = [facts[start : start + SIGNED_AT_ONCE] for start in range(0, len(facts), SIGNED_AT_ONCE)]
    # All at once: while the first are on their way the next are signed.
    started = [_start(batch, contents, [await _keys(fact, target) for fact in batch]) for batch in batches]
    for batch, result in zip(batches, started, strict=True):
        for pair in zip(batch, await result if isinstance(result, asyncio.Future) else result(), strict=True):
            yield pair


def _start(
    batch: Sequence[queue.Facts],
    contents: Mapping[UUID, queue.Content],
    keys: Sequence[tuple[Key, ...] | PostroomError],
) -> asyncio.Future[list[list[bytes] | PostroomError]] | Callable[[], list[list[bytes] | PostroomError]]:
    """A batch being put together elsewhere where that takes RSA; else how to do it later."""
    work = partial(_put_together, batch, contents, keys)
    if any(key.is_rsa for some in keys if isinstance(some, tuple) for key in some):
        return asyncio.get_running_loop().run_in_executor(_signing(), work, sign_beside)
    return partial(work, sign)


def _put_together(
    batch: Sequence[queue.Facts],
    contents: Mapping[UUID, queue.Content],
    keys: Sequence[tuple[Key, ...] | PostroomError],
    sign: Callable[[Sequence[Unsigned | PostroomError]], list[SignedHead]],
) -> list[list[bytes] | PostroomError]:
    unsigned = [_unsigned(fact, contents.get(fact.id), some) for fact, some in zip(batch, keys, strict=True)]
    return [
        head if isinstance(head, PostroomError) else [*head, contents[fact.id].body]
        for fact, head in zip(batch, sign(unsigned), strict=True)
    ]


def _unsigned(
    fact: queue.Facts, content: queue.Content | None, keys: tuple[Key, ...] | PostroomError
) -> Unsigned | PostroomError:
    if isinstance(keys, PostroomError):
        return keys
    if content is None:
        return PrunedError()
    try:
        return Unsigned(assemble.assemble_head(fact, content.head), content.body_hash, keys)
    except PostroomError as error:
        return error


@cache
def _signing() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(SIGNING_PROGRAMS, thread_name_prefix="sign")


async def _keys(fact: queue.Facts, target: Target) -> tuple[Key, ...] | PostroomError:
    """From the cache where possible: a thread switch a message would cost more than the query it avoids.

    The error of a key that is sealed by another secret.
    """
    if not target.is_signed_by_us:
        return ()
    key = (fact.workspace_id, fact.routing_version, assemble.from_domain(fact.header_from))
    if key not in _loaded_keys:
        if len(_loaded_keys) > MAX_LOADED:
            _loaded_keys.clear()
        try:
            _loaded_keys[key] = await jobs.in_thread(assemble.load_keys, key[0], key[2])
        except PostroomError as error:
            return error
    return _loaded_keys[key]


def _parcels(
    deliveries: Sequence[queue.Claimed], fact: queue.Facts, chunks: Sequence[bytes], target: Target
) -> Iterator[Parcel]:
    """One parcel for all recipients; with a signed return path, which differs by delivery, one for each."""
    tagged = fact.return_path and fact.signs_return_path and target.allows_sub_addresses and is_bounce_address(fact)
    most = 1 if tagged else MAX_RECIPIENTS
    size = sum(map(len, chunks))
    is_ascii_head, is_ascii_body = all(map(bytes.isascii, chunks[:-1])), chunks[-1].isascii()
    for start in range(0, len(deliveries), most):
        claimed = tuple(deliveries[start : start + most])
        envelope = Envelope(
            return_path=_tagged(fact.return_path, claimed[0].id) if tagged else fact.return_path,
            recipients=tuple(c.recipient for c in claimed),
            size=size,
            needs_8bit=not (is_ascii_head and is_ascii_body),
            needs_smtputf8=not is_ascii_head,
            dsn=_wanted_reports(fact) if fact.return_path else None,
        )
        yield Parcel(claimed, envelope, chunks)


def _wanted_reports(fact: queue.Facts) -> DsnRequest:
    """News of failure, without our own attachments, that names the message and the recipient as we wrote it.

    Without asking, many servers send the message back whole, and name only the mailbox it was forwarded to. That mail
    waits somewhere is worth knowing of a quotation, not ten thousand times of a campaign.
    """
    notify = ("FAILURE",) if fact.stream == Stream.MASS else ("FAILURE", "DELAY")
    return DsnRequest(notify, returns="HDRS", envelope_id=str(fact.id))


def is_bounce_address(fact: queue.Facts) -> bool:
    """Not so where the server may not send for the bounce address: a person's own address is never tagged (D6)."""
    return fact.return_path != parse_mailbox(fact.header_from).address


def _tagged(return_path: str, delivery_id: int) -> str:
    return tag_return_path(return_path, make_token(delivery_id, key=_return_path_key()))


@cache
def _return_path_key() -> bytes:
    return derive_key("return path")
