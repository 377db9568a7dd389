"""Are messages signed by the programs beside a worker as they would be in it, and do those end with it?"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from postroom.errors import PostroomError, SigningKeyError
from postroom.outbound.signing import Key, SignedHead, Unsigned, sign, sign_beside
from postroom.rfc.dkim import hash_body, public_key_record, verify
from tests.rfc.dkim_mail import make_key

HEAD, BODY = b"From: Mary <mary@company-name.com>\r\nSubject: Hi\r\n", b"Hello\r\n"
RSA, ED25519 = make_key("rsa").decode(), make_key("ed25519").decode()
KEYS = (Key(RSA, "company-name.com", "r", is_rsa=True), Key(ED25519, "company-name.com", "e", is_rsa=False))
UNSIGNED = Unsigned(HEAD, hash_body(BODY), KEYS)
RECORDS = {
    "r._domainkey.company-name.com": public_key_record(RSA.encode()),
    "e._domainkey.company-name.com": public_key_record(ED25519.encode()),
}


SignHere = Callable[[], list[SignedHead]]


@pytest.fixture
def sign_here() -> Iterator[SignHere]:
    """Has `UNSIGNED` signed by the program of a thread that the test has for itself."""
    with ThreadPoolExecutor(1) as thread:
        yield lambda: thread.submit(sign_beside, [UNSIGNED]).result()


def programs() -> set[int]:
    """The process ids of all programs that this process has started."""
    return {
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if b"postroom.outbound.signing" in _read(folder / "cmdline")
        and f"PPid:\t{os.getpid()}\n".encode() in _read(folder / "status")
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def test_both_signatures_of_the_program_verify() -> None:
    (head,) = sign_beside([UNSIGNED])
    assert not isinstance(head, PostroomError)
    verdicts = verify(b"".join([*head, BODY]), RECORDS.get)
    assert [(verdict.result, verdict.selector) for verdict in verdicts] == [("pass", "r"), ("pass", "e")]


def test_a_key_that_is_none_costs_its_own_message_alone() -> None:
    unknown = Unsigned(HEAD, hash_body(BODY), (Key("no key", "company-name.com", "s", is_rsa=True),))
    refused = PostroomError("Its key is sealed by another secret.")
    first, second, third = sign_beside([unknown, UNSIGNED, refused])
    assert isinstance(first, SigningKeyError)
    assert isinstance(second, list)
    assert isinstance(third, PostroomError)
    assert third.message == refused.message


def test_a_program_that_was_killed_is_replaced_and_no_message_goes_unsigned(sign_here: SignHere) -> None:
    others = programs()
    sign_here()
    (killed,) = programs() - others
    os.kill(killed, signal.SIGKILL)
    for _ in range(2):
        (head,) = sign_here()
        assert isinstance(head, list)
        assert len(head) == len([*KEYS, HEAD, b"\r\n"])
    assert len(programs() - others - {killed}) == 1


def test_a_program_goes_on_when_its_group_is_told_to_stop(sign_here: SignHere) -> None:
    others = programs()
    sign_here()
    (told,) = programs() - others
    os.kill(told, signal.SIGTERM)
    os.kill(told, signal.SIGINT)
    assert isinstance(sign_here()[0], list)
    assert programs() - others == {told}


def test_a_program_ends_with_its_worker_even_if_that_is_killed() -> None:
    source = "from tests.outbound.test_signing import *; sign_beside([UNSIGNED]); os.kill(os.getpid(), signal.SIGKILL)"
    # Its output is at an end only when the program, which writes to the same, has ended too.
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (-signal.SIGKILL, b"")


def test_what_needs_no_key_is_left_as_it_is() -> None:
    assert sign([Unsigned(HEAD, hash_body(BODY), ())]) == [[HEAD, b"\r\n"]]
