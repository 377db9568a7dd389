"""By which doors do the tests bring mail in, as mail servers and programs do?"""

from collections.abc import Iterator
from contextlib import contextmanager

from postroom.inbound.server import LmtpServer, MxServer
from tests.smtp.listening import Background, tls_context

MAX_MESSAGE_BYTES = 100_000


@contextmanager
def open_door(kind: type[MxServer] = MxServer) -> Iterator[int]:
    """The port of a listener in this process."""
    background = Background()
    server = kind("127.0.0.1", 0, tls=tls_context(), max_message_bytes=MAX_MESSAGE_BYTES)
    background.run(server.start())
    try:
        yield server.port
    finally:
        background.run(server.stop(patience_seconds=1))
        background.close()


__all__ = ["MAX_MESSAGE_BYTES", "LmtpServer", "MxServer", "open_door"]
