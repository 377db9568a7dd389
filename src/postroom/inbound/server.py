"""How are the listeners put together by which mail comes in?"""

import asyncio
from functools import partial
from ssl import SSLContext

from postroom.database_threads import DatabaseThreads
from postroom.inbound.door import Door, Taken
from postroom.inbound.models import Source
from postroom.smtp.lmtp_session import LmtpSession
from postroom.smtp.server import Limits, Listener

# As for submission: storing is mostly waiting for the disk, and what waits together is committed together.
THREADS = 8


class MxServer(Listener):
    """Takes mail for our domains from anybody's server (RFC 5321)."""

    source = Source.MX

    def __init__(self, host: str, port: int, *, tls: SSLContext, max_message_bytes: int) -> None:
        self._threads = DatabaseThreads(THREADS, name=self.source)
        converse = partial(Door, threads=self._threads, source=self.source, taken=Taken())
        super().__init__(host, port, limits=Limits(message_bytes=max_message_bytes), tls=tls, converse=converse)

    async def stop(self, *, patience_seconds: float = 30.0) -> None:
        await super().stop(patience_seconds=patience_seconds)
        await asyncio.to_thread(self._threads.close)


class LmtpServer(MxServer):
    """Takes mail from our own mail server (RFC 2033)."""

    source = Source.LMTP
    session_class = LmtpSession
