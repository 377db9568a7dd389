"""How is mail signed with RSA without keeping the connections waiting? By programs beside the worker, in batches.

A signature with rsa-2048 takes longer than all else that is done for a message. In threads of the worker it would hand
the interpreter's lock to and fro with the talk on all connections; docs/speed.md has what that costs.
"""

import atexit
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import local

from postroom.errors import PostroomError
from postroom.rfc.dkim import Signer, load_signer

MAX_LOADED = 1000


@dataclass(frozen=True, slots=True)
class Key:
    """What signs for a domain: the private key in PEM, its selector."""

    private_key: str = field(repr=False)
    domain: str
    selector: str
    is_rsa: bool


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A head without the empty line, its body's hash (`rfc.dkim.hash_body`), and the keys to sign with, in order."""

    head: bytes
    body_hash: bytes
    keys: tuple[Key, ...]


# In chunks, with the empty line; or why it cannot be signed.
SignedHead = list[bytes] | PostroomError


def sign(batch: Sequence[Unsigned | PostroomError]) -> list[SignedHead]:
    """Each head below its DKIM-Signature fields; an error in `batch` stays what it is."""
    signed_at = int(time.time())
    return [item if isinstance(item, PostroomError) else _sign(item, signed_at) for item in batch]


def sign_beside(batch: Sequence[Unsigned | PostroomError]) -> list[SignedHead]:
    """As `sign`, by a program of the calling thread, which waits meanwhile and lets others run.

    A program that died is replaced: its batch is signed here, which gives the same result, only slower.
    """
    try:
        return _own_program().ask(batch)
    except (EOFError, OSError):
        _forget_program()
        return sign(batch)


def _sign(unsigned: Unsigned, signed_at: int) -> SignedHead:
    head, body_hash = unsigned.head, unsigned.body_hash
    try:
        return [*(_signer(key).sign(head, body_hash, signed_at=signed_at) for key in unsigned.keys), head, b"\r\n"]
    except PostroomError as error:
        return error


@lru_cache(maxsize=MAX_LOADED)
def _signer(key: Key) -> Signer:
    return load_signer(key.private_key.encode(), domain=key.domain, selector=key.selector)


class _Program:
    """This module run by an interpreter of its own; it ends with the line to it, so with the worker, killed or not."""

    def __init__(self) -> None:
        self._line, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())], pass_fds=[theirs.fileno()]
            )

    def ask(self, batch: Sequence[Unsigned | PostroomError]) -> list[SignedHead]:
        self._line.send(batch)
        signed: list[SignedHead] = self._line.recv()
        return signed

    def close(self) -> None:
        self._line.close()
        self.process.wait()


_programs = set[_Program]()
_of_this_thread = local()


def _own_program() -> _Program:
    program: _Program | None = getattr(_of_this_thread, "program", None)
    if program is None:
        program = _of_this_thread.program = _Program()
        _programs.add(program)
    return program


def _forget_program() -> None:
    program: _Program | None = _of_this_thread.__dict__.pop("program", None)
    if program is not None:
        _programs.discard(program)
        program.close()


@atexit.register
def _close_programs() -> None:
    for program in _programs:
        program.close()


def serve(line: Connection) -> None:
    """Sign what comes on the line until its other end is closed, whatever signals the worker's group is sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(EOFError, ConnectionError):
        while True:
            line.send(sign(line.recv()))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
