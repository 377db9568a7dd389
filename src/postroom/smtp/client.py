"""How does one connect to an SMTP server and send messages over the connection?

    connection = await connect(Endpoint("mail.example.com", 587, credentials=Password("me", "secret")))
    outcome = await connection.send(envelope, [head, body])

What the network does is a value: `ConnectFailure` instead of a connection, and in an `Outcome` a `Reply` or a `Lost`
for each recipient. Exceptions are for misuse and cancellation.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from postroom.errors import AddressError
from postroom.rfc.ip_address import is_public
from postroom.rfc.session import ConnectFailure, Lost, Phase
from postroom.smtp.dialog import Steps, Transcript, greet, hello, quit_session, render_transcript, start_tls
from postroom.smtp.endpoint import Endpoint, Security
from postroom.smtp.envelope import Envelope
from postroom.smtp.extensions import Extensions
from postroom.smtp.login import log_in
from postroom.smtp.outcome import Outcome, Rehearsal, Result
from postroom.smtp.portions import Portions
from postroom.smtp.tls import context_for
from postroom.smtp.transaction import Transaction, rehearse
from postroom.smtp.wire import Wire, in_words

# A server gives up idle connections after seconds at the earliest (Postfix under stress: ten). One heard from within
# this time may be given a whole message at once; an older one must answer first.
TRUST_S = 2.0

T = TypeVar("T")


async def connect(endpoint: Endpoint) -> "Connection | ConnectFailure":
    """Resolves, connects, greets, encrypts and logs in, as the endpoint says.

    Opportunistic encryption that fails is given up in favour of clear text, on a new connection (RFC 7435 §3).
    """
    opened = await _open(endpoint)
    if endpoint.security is not Security.OPPORTUNISTIC or not isinstance(opened, ConnectFailure):
        return opened
    if opened.phase is not Phase.TLS or "STARTTLS" in endpoint.avoid:
        return opened
    opened = await _open(replace(endpoint, avoid=endpoint.avoid | {"STARTTLS"}))
    if isinstance(opened, Connection):
        opened.endpoint = endpoint
    return opened


class Connection:
    """A session ready for messages, one at a time; made by `connect`.

    `offers` is what the server can do, `transcript` how the session was opened, `sent` the number of transactions.
    """

    def __init__(self, endpoint: Endpoint, wire: Wire) -> None:
        self.endpoint = endpoint
        self.offers = Extensions()
        self.transcript: Transcript = []
        self.sent = 0
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._needs_reset = False
        self._max_recipients = 0  # learned from the server's refusals; 0: no need so far

    @property
    def dialog(self) -> tuple[str, ...]:
        """How the session was opened, in lines without secrets."""
        return render_transcript(self.transcript)

    @property
    def is_usable(self) -> bool:
        """Another message can be sent: the server has neither closed nor said anything since the last reply."""
        return self._wire.check() is None

    @property
    def idle_s(self) -> float:
        """Seconds since the server was last heard."""
        return self._loop.time() - self._heard_at

    async def send(self, envelope: Envelope, chunks: Sequence[bytes], *, in_one_turn: bool = True) -> Outcome:
        """Sends one message: its octets with CRLF line ends, in chunks that are not put together when large.

        `in_one_turn` False never writes the message before the recipients are accepted, at the price of a round trip.
        Recipients that the server finds too many for one transaction follow in further ones.
        """
        if len(envelope.recipients) == 1:  # most mail: the keeping of portions would cost a tenth of its time
            return await self._transact(envelope, chunks, in_one_turn=in_one_turn)
        portions = Portions(envelope, limit=self._max_recipients or self.offers.max_recipients)
        while (portion := portions.take()) is not None:
            outcome = await self._transact(portion, chunks, in_one_turn=in_one_turn)
            portions.note(outcome, goes_on=self.is_usable)
        self._max_recipients = portions.limit
        return portions.outcome

    async def _transact(self, envelope: Envelope, chunks: Sequence[bytes], *, in_one_turn: bool) -> Outcome:
        self.sent += 1
        if why := self._wire.check():
            self.abort()
            lost = Lost(Phase.MAIL, why)
            return Outcome(tuple(Result(address, Phase.MAIL, lost) for address in envelope.recipients), (why,))
        is_trusted = in_one_turn and self.idle_s < TRUST_S
        transaction = Transaction(envelope, chunks, self.offers, is_trusted=is_trusted)
        outcome = await self._follow(transaction.run(after_reset=self._needs_reset))
        self._needs_reset = transaction.needs_reset
        if transaction.is_derailed or self._wire.lost is not None:
            self.abort()
        return outcome

    async def rehearse(self, envelope: Envelope) -> Rehearsal:
        """Asks whether the server would take such a message: MAIL, RCPT, DATA, and at its 354 the line is dropped."""
        rehearsal = await self._follow(rehearse(envelope, self.offers, after_reset=self._needs_reset))
        if rehearsal.is_complete:
            self.abort()
        self._needs_reset = True
        return rehearsal

    async def close(self) -> None:
        """Says QUIT if the server still listens, and closes."""
        if self.is_usable:
            await self._follow(quit_session([]))
        await self._wire.close()

    def abort(self) -> None:
        """Drops the connection without a word."""
        self._wire.abort()

    async def open(self) -> ConnectFailure | None:
        """Everything between the TCP connection and the first MAIL; `connect` calls it."""
        failure = None
        if self.endpoint.security is Security.TLS:
            failure = await self._encrypt()
        failure = failure or await self._introduce()
        if failure is None and self._should_start_tls:
            failure = await self._start_tls()
        if failure is None and self.endpoint.credentials is not None:
            failure = await self._log_in()
        return failure and replace(failure, dialog=self.dialog)

    async def _introduce(self) -> ConnectFailure | None:
        greeting = await self._follow(greet(self.transcript))
        return greeting if isinstance(greeting, ConnectFailure) else await self._hello()

    async def _hello(self) -> ConnectFailure | None:
        name = self.endpoint.ehlo_name or _address_literal(self._wire.local_address)
        offers = await self._follow(hello(name, self.endpoint.avoid, self.transcript))
        if isinstance(offers, ConnectFailure):
            return offers
        self.offers = offers
        return None

    @property
    def _should_start_tls(self) -> bool:
        if self.endpoint.security is Security.OPPORTUNISTIC:
            return self.offers.starttls
        return self.endpoint.security is Security.STARTTLS

    async def _start_tls(self) -> ConnectFailure | None:
        if not self.offers.starttls:
            return ConnectFailure(Phase.TLS, "the server does not offer STARTTLS")
        reply = await self._follow(start_tls(self.transcript))
        if isinstance(reply, ConnectFailure):
            return reply
        # What was offered in clear text counts for nothing afterwards (RFC 3207 §4.2).
        return await self._encrypt() or await self._hello()

    async def _encrypt(self) -> ConnectFailure | None:
        try:
            context = context_for(self.endpoint)
        except OSError as error:
            return ConnectFailure(Phase.TLS, f"a certificate file cannot be used: {in_words(error)}")
        if why := await self._wire.encrypt(context, self.endpoint.ascii_host):
            self.transcript.append(why)
            return ConnectFailure(Phase.TLS, why)
        verified = "verified" if self.endpoint.verifies else "not verified"
        self.transcript.append(f"{self._wire.cipher_in_words}, certificate {verified}")
        return None

    async def _log_in(self) -> ConnectFailure | None:
        credentials = self.endpoint.credentials
        if credentials is None:
            return None
        is_private = self._wire.is_encrypted or self.endpoint.security is Security.NONE
        login = log_in(credentials, self.offers, self.transcript, is_private=is_private, redactor=self._wire.redactor)
        reply = await self._follow(login)
        return reply if isinstance(reply, ConnectFailure) else None

    async def _follow(self, steps: Steps[T]) -> T:
        """Does on the wire what the steps say. Interrupted in the middle, the connection is beyond use."""
        try:
            turn = next(steps)
            while True:
                turn = steps.send(await self._wire.exchange(turn))
        except StopIteration as end:
            self._heard_at = self._loop.time()
            result: T = end.value
            return result
        except BaseException:
            self.abort()
            raise


async def _open(endpoint: Endpoint) -> Connection | ConnectFailure:
    wire = await _dial(endpoint)
    if isinstance(wire, ConnectFailure):
        return wire
    connection = Connection(endpoint, wire)
    try:
        failure = await connection.open()
    except BaseException:
        connection.abort()
        raise
    if failure is None:
        return connection
    connection.abort()
    return failure


async def _dial(endpoint: Endpoint) -> Wire | ConnectFailure:
    """A TCP connection to the first address that answers."""
    loop = asyncio.get_running_loop()
    addresses = await _resolve(endpoint)
    if isinstance(addresses, ConnectFailure):
        return addresses
    why = "the name has no address"
    for address in addresses:
        if endpoint.is_public_only and not is_public(address):
            why = f"{address} is no public address; servers may not be inside of this platform's network"
            continue
        try:
            # The address that was judged: asking DNS a second time could yield another one.
            async with asyncio.timeout(endpoint.timeouts.connect):
                _, wire = await loop.create_connection(lambda: Wire(loop, endpoint.timeouts), address, endpoint.port)
        except OSError as error:
            why = f"{address} port {endpoint.port}: {in_words(error)}"
        else:
            return wire
    return ConnectFailure(Phase.CONNECT, why)


async def _resolve(endpoint: Endpoint) -> list[str] | ConnectFailure:
    """The host's IPv6 and IPv4 addresses, in the system's order of preference (RFC 6724)."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(endpoint.timeouts.resolve):
            found = await loop.getaddrinfo(endpoint.ascii_host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, AddressError) as error:
        return ConnectFailure(Phase.RESOLVE, f"{endpoint.host}: {in_words(error)}")
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _address_literal(address: str) -> str:
    """How a client without a domain name introduces itself (RFC 5321 §4.1.3); a zone means nothing elsewhere."""
    address = address.partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
