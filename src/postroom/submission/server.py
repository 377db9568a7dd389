"""How is the submission server put together?"""

import asyncio
from functools import partial
from ssl import SSLContext

from postroom.database_threads import DatabaseThreads
from postroom.smtp.server import Limits, Listener
from postroom.submission.conversation import SubmissionConversation

# Storing a message is mostly waiting for the disk, so more than there are cores; each thread keeps one database
# connection of the 100 that PostgreSQL gives everybody by default.
THREADS = 16


class SubmissionServer(Listener):
    """Takes mail from programs with an API key (RFC 6409)."""

    def __init__(self, host: str, port: int, *, tls: SSLContext, max_message_bytes: int) -> None:
        self._threads = DatabaseThreads(THREADS, name="submission")
        converse = partial(SubmissionConversation, threads=self._threads)
        super().__init__(host, port, limits=Limits(message_bytes=max_message_bytes), tls=tls, converse=converse)

    async def stop(self, *, patience_seconds: float = 30.0) -> None:
        await super().stop(patience_seconds=patience_seconds)
        await asyncio.to_thread(self._threads.close)
