"""When is a server that a test has started ready, and when has it done its work?"""

import socket
import time
from collections.abc import Callable

# What takes longer hangs, however busy the machine; what happens is not delayed by a long patience.
PATIENCE_SECONDS = 90


def wait_until(condition: Callable[[], bool], timeout: float = PATIENCE_SECONDS) -> bool:
    """Whether the condition came true in time (seconds)."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def greets(host: str, port: int) -> bool:
    """Whether an SMTP server says hello there."""
    try:
        with socket.create_connection((host, port), timeout=PATIENCE_SECONDS) as connection:
            return connection.recv(4) == b"220 "
    except OSError:
        return False
