"""What is written next in an SMTP conversation, and what do the answers mean? No I/O: steps that yield `Turn`s.

Each function is a generator: it yields what to write and how many replies that will bring, is resumed with what was
`Heard`, and returns the result as a value. `client.py` drives them over a socket, tests drive them by hand.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from postroom.rfc.reply import Reply
from postroom.rfc.session import ConnectFailure, Phase
from postroom.smtp.extensions import Extensions, read_extensions


class Turn(NamedTuple):
    """Octets to write, then the pieces of `stream`; one reply will come for each phase, in that order."""

    octets: bytes
    phases: Sequence[Phase]
    stream: Iterator[bytes] | None = None


class Heard(NamedTuple):
    """The replies that came. Fewer than asked for: `lost` says why. `is_written`: all octets were handed over."""

    replies: list[Reply]
    lost: str | None
    is_written: bool


T = TypeVar("T")
Steps = Generator[Turn, Heard, T]

# Client lines (octets, no secrets, no content), server replies, and remarks (str) in the order they happened.
Transcript = list[bytes | Reply | str]

_GREETING = Turn(b"", (Phase.GREETING,))


def render_transcript(transcript: Iterable[bytes | Reply | str]) -> tuple[str, ...]:
    """The dialog for people: `C: MAIL FROM:<…>`, `S: 250 2.1.0 Ok`, `-- a remark`."""
    lines: list[str] = []
    for entry in transcript:
        if isinstance(entry, bytes):
            lines.append("C: " + entry.decode("utf-8", "backslashreplace").rstrip())
        elif isinstance(entry, str):
            lines.append("-- " + entry)
        else:
            *first, last = entry.lines
            lines += [f"S: {entry.code}-{text}" for text in first]
            lines.append(f"S: {entry.code} {last}".rstrip())
    return tuple(lines)


def greet(transcript: Transcript) -> Steps[Reply | ConnectFailure]:
    """Waits for the server's 220 (RFC 5321 §3.1)."""
    return (yield from _ask(_GREETING, transcript))


def hello(name: str, avoid: frozenset[str], transcript: Transcript) -> Steps[Extensions | ConnectFailure]:
    """EHLO, or HELO for a server that does not know it (RFC 5321 §3.2, §4.1.4)."""
    reply = yield from _command(Phase.EHLO, f"EHLO {name}", transcript)
    if isinstance(reply, Reply):
        return read_extensions(reply, avoid)
    if reply.reply is None or not reply.reply.is_permanent:
        return reply
    reply = yield from _command(Phase.EHLO, f"HELO {name}", transcript)
    return Extensions() if isinstance(reply, Reply) else reply


def start_tls(transcript: Transcript) -> Steps[Reply | ConnectFailure]:
    """STARTTLS up to the 220 after which the handshake begins (RFC 3207 §4)."""
    return (yield from _command(Phase.TLS, "STARTTLS", transcript))


def quit_session(transcript: Transcript) -> Steps[Reply | ConnectFailure]:
    """QUIT; whatever comes back, the connection is then closed (RFC 5321 §4.1.1.10)."""
    return (yield from _command(Phase.QUIT, "QUIT", transcript))


def _command(phase: Phase, line: str, transcript: Transcript) -> Steps[Reply | ConnectFailure]:
    octets = line.encode() + b"\r\n"
    transcript.append(octets)
    return (yield from _ask(Turn(octets, (phase,)), transcript))


def _ask(turn: Turn, transcript: Transcript) -> Steps[Reply | ConnectFailure]:
    """The positive reply, or the failure that any other end of this turn is."""
    heard = yield turn
    transcript.extend(heard.replies)
    (phase,) = turn.phases
    if not heard.replies:
        transcript.append(why := heard.lost or "no reply")
        return ConnectFailure(phase, why)
    reply = heard.replies[0]
    return reply if reply.is_positive else ConnectFailure(phase, reply.text, reply)
