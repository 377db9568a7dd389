"""How a part of `postroom serve` ends when its supervisor is gone, however that happened.

The supervisor holds the other end of this process's standard input and never writes to it: an end of file means that
it is dead. Unlike a death signal of the kernel, this works on every Unix; unlike a look at the parent's pid, at once.
"""

import os
import signal
import sys
import threading
import time

from postroom.cli import main

STOP_SECONDS = 30


def run(arguments: list[str]) -> None:
    """Be `postroom <arguments>` for as long as the supervisor lives. This process must lead its own group."""
    threading.Thread(target=_watch, daemon=True).start()
    main(arguments)


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    run(sys.argv[1:])
