"""How is the capture server put together?"""

import asyncio
from functools import partial
from ssl import SSLContext

from postroom.capture.sink import Sink
from postroom.capture.store import Store
from postroom.smtp.server import Limits, Listener

# The largest message that may be handed in grows on its way by a signature and other fields.
ROOM_FOR_FIELDS_BYTES = 65_536


class CaptureServer(Listener):
    """Takes any mail and keeps it to be looked at."""

    def __init__(self, host: str, port: int, *, tls: SSLContext, max_message_bytes: int) -> None:
        self._store = Store()
        limits = Limits(message_bytes=max_message_bytes + ROOM_FOR_FIELDS_BYTES)
        super().__init__(host, port, limits=limits, tls=tls, converse=partial(Sink, store=self._store))

    async def stop(self, *, patience_seconds: float = 30.0) -> None:
        await super().stop(patience_seconds=patience_seconds)
        await asyncio.to_thread(self._store.close)
