"""What do the tests of outgoing mail work with: a workspace that sends, and a worker that delivers for it?"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import psycopg
from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async
from django.db import connection, connections
from psycopg import AsyncConnection

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.outbound import outlets, queue
from postroom.outbound.models import Attempt, Delivery, Lane, Outlet
from postroom.outbound.submit import Submission, submit
from postroom.outbound.worker import DeliveryWorker
from postroom.policy.composition import Draft
from postroom.rfc.address import parse_mailbox
from postroom.servers.models import OutgoingServer
from postroom.servers.save import save_server
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Company, Workspace
from tests import database
from tests.peers.waiting import PATIENCE_SECONDS
from tests.smtp.listening import Background
from tests.smtp.peer import Peer, Script

P = ParamSpec("P")
T = TypeVar("T")


def conninfo() -> str:
    """The URL of the database that this test process uses."""
    return urlunsplit(urlsplit(database.url())._replace(path=f"/{connection.settings_dict['NAME']}"))


@dataclass
class Office:
    """The workspace company-name, as its people change it and its applications send for it."""

    workspace: Workspace = field(default_factory=lambda: create_workspace("company-name", company="My Company"))

    @property
    def company(self) -> Company:
        """Read anew: a submission comes with the settings of its moment."""
        return Company.objects.select_related("workspace").filter(workspace=self.workspace).earliest("id")

    def add_domain(self, name: str = "company-name.com", **fields: Any) -> AliasDomain:
        return save_alias_domain(AliasDomain(workspace=self.workspace, name=name, **fields))

    def add_server(self, port: int = 1, *, name: str = "Company mail", **fields: Any) -> OutgoingServer:
        """One connection, so that what happens on it has an order; port 1 refuses."""
        place = {"host": "127.0.0.1", "port": port, "encryption": "none", "max_connections": 1}
        return save_server(OutgoingServer(workspace=self.workspace, name=name, **{**place, **fields}))

    def submission(self, *to: str, from_: str = '"Mary" <mary@company-name.com>', **fields: Any) -> Submission:
        author = parse_mailbox(from_) if from_ else None
        recipients = tuple(map(parse_mailbox, to or ("joe@customer.example.com",)))
        draft = Draft(from_=author, to=recipients, subject="Quotation", text="Hello Joe")
        return Submission(**{"content": draft, "company": self.company, "source": "http", **fields})

    def send(self, *to: str, **fields: Any) -> UUID:
        submission = self.submission(*to, **fields)
        (receipt,) = submit([submission])
        return receipt.id


def lane_of(server: OutgoingServer | None, stream: str = "transactional") -> int:
    return queue.lane_of(server.pk if server else None, stream)


def outlet(server: OutgoingServer | None) -> Outlet:
    return Lane.objects.select_related("outlet").get(pk=lane_of(server)).outlet


def statuses(message: UUID | None = None) -> dict[str, str]:
    """The state of every delivery, by recipient."""
    found = Delivery.objects.all() if message is None else Delivery.objects.filter(message_id=message)
    return dict(found.values_list("recipient", "status"))


def delivery(recipient: str = "joe@customer.example.com") -> Delivery:
    return Delivery.objects.get(recipient=recipient)


def outcomes(recipient: str = "joe@customer.example.com") -> list[str]:
    """How the attempts to reach the recipient ended, oldest first."""
    return list(Attempt.objects.filter(delivery__recipient=recipient).order_by("id").values_list("outcome", flat=True))


def end_connections(*, but: int) -> None:
    """As a restart of PostgreSQL does; the process `but`, the test's own, stays."""
    with psycopg.connect(conninfo(), autocommit=True) as database:
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid NOT IN (%s, pg_backend_pid())",
            [but],
        )


@dataclass
class Courier:
    """Delivers in an event loop beside the test, as `postroom worker` does."""

    background: Background = field(default_factory=Background)

    def drain(self, lane: int) -> None:
        """Deliver what is due through the lane's outlet, until it is quiet or closed."""
        self.background.run(self._drain(Lane.objects.get(pk=lane).outlet_id))

    def drain_both(self, *lanes: int) -> None:
        """Two workers at the same time, each with a lane's outlet of its own."""
        self.background.run(self._drain_all([Lane.objects.get(pk=lane).outlet_id for lane in lanes]))

    def claim(self, lane: int, *, worker: UUID, limit: int) -> list[queue.Claimed]:
        """What a worker gets of a lane: `limit` deliveries of each flow."""
        flows = self.ask(queue.next_flows, lane, after=queue.BEFORE_ALL, limit=100)
        most = {flow.id: limit for flow in flows}
        at = Lane.objects.get(pk=lane).outlet_id
        return self.ask(queue.claim_due, outlet=at, lane=lane, worker=worker, most=most) or []

    def work(self) -> list[int]:
        """Outlets with due mail that a worker of no name finds."""
        return [found for found, _busy in self.ask(outlets.with_work, UUID(int=0))]

    def drain_and_cut_off(self, lane: int, *, when: Callable[[], bool]) -> None:
        """Drain, and cancel that as a worker does whose time to stop is over."""
        self.background.run(self._drain_and_cut_off(Lane.objects.get(pk=lane).outlet_id, when))

    def ask(
        self, statement: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What a function of the queue answers, on a connection of its own."""
        return self.background.run(self._ask(statement, *args, **kwargs))

    @contextmanager
    def peer(self, *scripts: Script) -> Iterator[int]:
        """The port of a server whose n-th connection follows the n-th script; all must have run to their ends."""
        running: list[asyncio.Task[None]] = []
        waiting = list(scripts)

        async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert waiting, "one connection more than expected"
            running.append(asyncio.create_task(_play(waiting.pop(0), Peer(reader, writer))))

        async def start() -> asyncio.Server:
            return await asyncio.start_server(follow, "127.0.0.1", 0)

        async def end() -> None:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*running)
            assert waiting == []

        server = self.background.run(start())
        try:
            yield server.sockets[0].getsockname()[1]
            self.background.run(end())
        finally:
            self.background.run(_close(server))

    @contextmanager
    def mailbox(self, **replies: str) -> Iterator["Mailbox"]:
        """An aiosmtpd that takes mail; RCPT for a local part named in `replies` is answered so."""
        mailbox = Mailbox(replies)

        async def start() -> asyncio.Server:
            loop = asyncio.get_running_loop()
            return await loop.create_server(lambda: SMTP(mailbox, hostname="mx.example", loop=loop), "127.0.0.1", 0)

        server = self.background.run(start())
        mailbox.port = server.sockets[0].getsockname()[1]
        try:
            yield mailbox
        finally:
            self.background.run(_close(server))

    def close(self) -> None:
        self.background.run(sync_to_async(connections.close_all)())
        self.background.close()

    async def _drain(self, at: int) -> None:
        worker = DeliveryWorker(conninfo())
        async with worker.open():
            await worker.drain(at)

    async def _drain_all(self, outlets: list[int]) -> None:
        await asyncio.gather(*map(self._drain, outlets))

    async def _drain_and_cut_off(self, at: int, when: Callable[[], bool]) -> None:
        drain = asyncio.create_task(self._drain(at))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not when():  # noqa: ASYNC110 – the test's condition is no event
                await asyncio.sleep(0.01)
        drain.cancel()
        await asyncio.wait([drain])

    async def _ask(
        self, statement: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        async with await AsyncConnection.connect(conninfo(), autocommit=True) as database:
            return await statement(database, *args, **kwargs)


@dataclass
class Mailbox:
    """What an aiosmtpd was given; `received` holds (return path, recipients, content).

    `before_answer` is awaited with the number of messages received, the one to be answered included.
    """

    replies: dict[str, str]
    port: int = 0
    before_answer: Callable[[int], Awaitable[None]] | None = None
    received: list[tuple[str, tuple[str, ...], bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 – aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = self.replies.get(address.partition("@")[0], "250 2.1.5 Ok")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 – likewise
        assert isinstance(envelope.content, bytes)
        self.received.append((envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content))
        if self.before_answer is not None:
            await self.before_answer(len(self.received))
        return "250 2.0.0 queued"


async def _close(server: asyncio.Server) -> None:
    server.close()


async def _play(script: Script, peer: Peer) -> None:
    try:
        await script(peer)
    finally:
        peer.writer.close()
