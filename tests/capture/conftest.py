"""What do the tests of the capture server find ready?"""

from collections.abc import Iterator

import pytest

from postroom.capture.server import CaptureServer
from tests.smtp.listening import Background, tls_context


@pytest.fixture
def capture_port(transactional_db: None) -> Iterator[int]:
    """The port of a capture server that takes 100,000 bytes."""
    background = Background()
    server = CaptureServer("127.0.0.1", 0, tls=tls_context(), max_message_bytes=100_000)
    background.run(server.start())
    yield server.port
    background.run(server.stop(patience_seconds=1))
    background.close()
