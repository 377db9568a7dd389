"""How do the MX and the LMTP listener answer: is this recipient ours, and has the mail been stored?"""

import time
from functools import partial

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError

from postroom.database_threads import DatabaseThreads
from postroom.domains.addresses import Kind, resolve
from postroom.inbound.models import Source
from postroom.inbound.receive import Arrival, receive
from postroom.smtp.reception import Conversation, Peer, ReceivedMail
from postroom.workspaces.models import Workspace
from postroom.workspaces.parameters import KEEP_UNKNOWN, parameter

log = structlog.get_logger()
# RFC 5321 §4.5.1 and RFC 2142 §2 and §5 want mail for these taken, whatever else a domain has.
ALWAYS_TAKEN = {"postmaster", "abuse"}

_TAKEN = "250 2.1.5 OK"
_AWAY = "451 4.3.0 The database cannot be reached and nothing was stored; send it again later"


class Taken:
    """Which addresses were taken in the last seconds, so that a busy one is not looked up for each mail.

    One that goes out of use meanwhile is routed all the same; what is refused is looked up each time.
    """

    def __init__(self, seconds: float = 5.0, most: int = 10_000) -> None:
        self._seconds, self._most = seconds, most
        self._until: dict[str, float] = {}

    def __contains__(self, address: str) -> bool:
        return self._until.get(address, 0) > time.monotonic()

    def add(self, address: str) -> None:
        if len(self._until) >= self._most:
            self._until.clear()
        self._until[address] = time.monotonic() + self._seconds


class Door(Conversation):
    """One connection by which mail comes in."""

    def __init__(self, peer: Peer, *, threads: DatabaseThreads, source: Source, taken: Taken) -> None:
        super().__init__(peer)
        self._threads = threads
        self._source = source
        self._taken = taken

    async def recipient(self, address: str) -> str:
        if address in self._taken:
            return _TAKEN
        try:
            answer = await self._threads.run(partial(answer_recipient, address))
        except (OperationalError, InterfaceError) as error:
            return _unavailable(error)
        if answer == _TAKEN:
            self._taken.add(address)
        return answer

    async def deliver(self, mail: ReceivedMail) -> str:
        arrival = Arrival(
            raw=mail.content,
            source=self._source,
            recipients=mail.recipients,
            return_path=mail.mail_from,
            peer=mail.peer.address,
            helo=mail.helo,
        )
        return await self._threads.run(partial(_store, arrival))


def answer_recipient(address: str) -> str:
    """The reply to RCPT: mail for an address is refused at once where it would reach nobody."""
    destination = resolve(address)
    if destination.workspace is None:
        return "550 5.7.1 No mail for that domain is taken here"
    if destination.kind is Kind.UNKNOWN and not _keeps_unknown(address, destination.workspace):
        return "550 5.1.1 There is no such address here"
    return _TAKEN


def _keeps_unknown(address: str, workspace: Workspace) -> bool:
    is_always_taken = address.partition("@")[0].lower() in ALWAYS_TAKEN
    return is_always_taken or (parameter(workspace, KEEP_UNKNOWN) or "").lower() in ("yes", "true", "1")


def _store(arrival: Arrival) -> str:
    try:
        ids = receive(arrival)
    except DatabaseError as error:
        return _unavailable(error)
    log.info("incoming.received", incoming=ids, source=arrival.source)
    return f"250 2.0.0 Received as {ids[0]}"


def _unavailable(error: Exception) -> str:
    log.warning("incoming.unavailable", error=str(error).strip())
    return _AWAY
