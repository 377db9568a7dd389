"""What is done to Postroom while it delivers? Each scenario is one way in which processes, database or network fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass

from postroom.bench.submit import free_port
from postroom.chaos.cuts import IN_CLEAR, OF_TLS, Cut, Point, choose_cuts, share_out
from postroom.chaos.program import Program, command_line, descendants, kill
from postroom.chaos.proxy import Proxy
from postroom.chaos.submitters import Submitters
from postroom.chaos.trial import StuckError, Trial
from postroom.smtp.self_signed import keep_certificate, server_context

WORKERS = 2
SILENCE_SECONDS = 30  # outbound.worker: after it a worker is taken for dead
STOP_SECONDS = 20.0  # a worker has nothing to wait for; busy machines need some
THAW_SECONDS = 2.0  # for a thawed worker to do whatever it wants to
FIRST_SHARE, LAST_SHARE = 0.05, 0.9  # of the mail taken, between which things happen
MASS_SHARE = 0.55  # of a server's messages, after which it is mass mail
FEW = 10  # messages a connection: connections begin and end often enough to be cut there
REFUSALS = [(verb, code) for verb in (b"EHLO", b"MAIL", b"RCPT", b"DATA", b".", b"QUIT") for code in (421, 451)]
PARTS = (" smtpd", " web", " worker")
PORTS = (
    "POSTROOM_HTTP_PORT", "POSTROOM_SUBMISSION_PORT", "POSTROOM_CAPTURE_PORT", "POSTROOM_MX_PORT", "POSTROOM_LMTP_PORT",
)  # fmt: skip


async def workers_killed(trial: Trial) -> None:
    """kill -9 of one worker or both, several times while the queue drains; each is started again at once."""
    await _start_draining(trial)
    async for _ in _moments(trial):
        victims = trial.chance.sample(trial.programs, trial.chance.randint(1, WORKERS))
        trial.note_cut()
        for worker in victims:
            worker.kill()
        for worker in victims:
            worker.restart()
    await trial.until_settled()


async def worker_frozen(trial: Trial) -> None:
    """SIGSTOP of one worker until the other has done its mail too; then it goes on where it was."""
    await _start_draining(trial)
    await trial.until_taken(trial.chance.uniform(0.05, 0.3))
    worker = trial.chance.choice(trial.programs)
    trial.note_cut()
    worker.freeze()
    await trial.until_settled()
    worker.thaw()
    await asyncio.sleep(THAW_SECONDS)


async def machine_asleep(trial: Trial) -> None:
    """All workers stand still for longer than they may be silent, as on a laptop that is closed and opened."""
    await _start_draining(trial)
    async for _ in _moments(trial):
        trial.note_cut()
        for worker in trial.programs:
            worker.freeze()
        await asyncio.sleep(_silence(trial) * trial.chance.uniform(1.1, 1.5))
        for worker in trial.programs:
            worker.thaw()
    await trial.until_settled()


async def database_stopped(trial: Trial) -> None:
    """PostgreSQL is stopped and started again, the first time for longer than a worker may be silent.

    At last the workers are told to stop while it is away.
    """
    await _start_draining(trial)
    outage = _silence(trial) * 1.3
    async for _ in _moments(trial):
        trial.note_cut()
        await asyncio.to_thread(trial.postgresql.stop)
        await asyncio.sleep(outage)
        await asyncio.to_thread(trial.postgresql.start)
        outage = trial.chance.uniform(0, 2)
    await trial.until_settled()
    await asyncio.to_thread(trial.postgresql.stop)
    late = await asyncio.to_thread(trial.stop_programs, within=STOP_SECONDS)
    await asyncio.to_thread(trial.postgresql.start)
    if late:
        raise StuckError(f"without PostgreSQL: {', '.join(late)}")


async def database_crashed(trial: Trial) -> None:
    """kill -9 of PostgreSQL's first process, and of one of its sessions, which ends them all."""
    await _start_draining(trial)
    async for number in _moments(trial):
        trial.note_cut()
        if number % 2:
            await asyncio.to_thread(trial.postgresql.kill_backend, trial.url)
        else:
            await asyncio.to_thread(trial.postgresql.kill)
            await asyncio.to_thread(trial.postgresql.start)
    await trial.until_settled()


async def network_cut(trial: Trial) -> None:
    """Connections are dropped, delayed and reset at each point of the dialog, and the servers say 421 and 451."""
    cuts = choose_cuts(trial.chance, trial.scale.cuts_a_point)
    shares = share_out(cuts, [link.visible for link in LINKS], trial.chance)
    proxies = [await link.open(trial, share) for link, share in zip(LINKS, shares, strict=True)]
    servers = [
        {"port": proxy.port, "encryption": link.encryption, "max_messages_per_connection": FEW}
        for link, proxy in zip(LINKS, proxies, strict=True)
    ]
    await trial.fill(servers, messages=trial.scale.messages)
    for _ in range(WORKERS):
        trial.start("worker")
    await trial.until_settled()
    for proxy in proxies:
        trial.note_cuts(len(proxy.made))
    if left := [str(cut) for proxy in proxies for cut in proxy.left]:
        raise StuckError(f"there was no occasion for {', '.join(left)}")


async def doors_killed(trial: Trial) -> None:
    """kill -9 of parts of `postroom serve`, and of all of it, while programs hand in mail by HTTP and SMTP."""
    await trial.fill([{"port": await trial.destination().listen()}], messages=0)
    ports = {name: free_port() for name in PORTS}
    serve = trial.start("serve", **{name: str(port) for name, port in ports.items()})
    submitters = Submitters(trial.key, *list(ports.values())[:2])
    submitters.start()
    try:
        for number in range(trial.scale.times):
            await _until_promised(trial, submitters, (number + trial.chance.random()) / trial.scale.times)
            trial.note_cut()
            if number:
                _kill_part(trial, serve)
            else:
                serve.kill_family()
                serve.restart()
                # Before that a part that ends stops all of it, as a wrong setting would.
                await trial.until(lambda: serve.says("Postroom is ready."), "postroom serve did not become ready")
        await _until_promised(trial, submitters, 1)
    finally:
        await asyncio.to_thread(submitters.stop)
        trial.promised, trial.doubtful = submitters.promised, submitters.doubtful
    await trial.until_settled()


SCENARIOS: dict[str, Callable[[Trial], Awaitable[None]]] = {
    "workers killed": workers_killed,
    "one worker frozen": worker_frozen,
    "machine asleep": machine_asleep,
    "database stopped": database_stopped,
    "database crashed": database_crashed,
    "network cut": network_cut,
    "doors killed": doors_killed,
}


@dataclass(frozen=True, slots=True)
class Link:
    """A way from the workers to a server, and the points of the dialog that can be seen on it."""

    encryption: str
    visible: Collection[Point]
    chunking: bool = False

    async def open(self, trial: Trial, cuts: list[Cut]) -> Proxy:
        certificate = keep_certificate(trial.folder / "tls", hostname="localhost")
        tls = server_context(certificate) if self.encryption == "starttls" else None
        destination = trial.destination(chunking=self.chunking, tls=tls)
        destination.refusals = trial.chance.sample(REFUSALS, trial.scale.times)
        stall = trial.scale.smtp_patience_seconds / 2
        proxy = Proxy(await destination.listen(), cuts, chance=trial.chance, stall_seconds=stall)
        proxy.put_off_half(until=round(MASS_SHARE * trial.scale.messages / len(LINKS)))
        await proxy.listen()
        return proxy


LINKS = (
    Link("none", IN_CLEAR),
    Link("none", [point for point in IN_CLEAR if point is not Point.DATA], chunking=True),
    Link("starttls", OF_TLS),
)


async def _start_draining(trial: Trial) -> None:
    """Two workers on the way with two lanes of mail."""
    await trial.fill([{"port": await trial.destination().listen()}], messages=trial.scale.messages)
    for _ in range(WORKERS):
        trial.start("worker")


async def _moments(trial: Trial) -> AsyncIterator[int]:
    """Random moments while the mail drains, counted from 0: as many as the trial wants things to happen.

    Each has its slice of the time: transactional mail leaves first, mass mail is to be hit too.
    """
    for number in range(trial.scale.times):
        slice_ = (number + trial.chance.random()) / trial.scale.times
        await trial.until_taken(FIRST_SHARE + slice_ * (LAST_SHARE - FIRST_SHARE))
        yield number


async def _until_promised(trial: Trial, submitters: Submitters, share: float) -> None:
    goal = share * trial.scale.messages
    await trial.until(lambda: len(submitters.promised) >= goal, f"fewer than {goal:.0f} messages were taken in")


def _kill_part(trial: Trial, serve: Program) -> None:
    """A part's first process, or one that it has started."""
    children = [pid for pid in descendants(serve.pid) if command_line(pid).endswith(PARTS)]
    if children:
        part = trial.chance.choice(children)
        kill(trial.chance.choice([part, *descendants(part)]))


def _silence(trial: Trial) -> float:
    return SILENCE_SECONDS / trial.scale.haste
