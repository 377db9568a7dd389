"""Which SMTP session does a notice show, and what was refused in it?

Sendmail and many after it print `>>> RCPT To:<user@example.com>` and `<<< 550 …`; InterScan turns the arrows around,
Postfix writes `In:` and `Out:`.
"""

import re
from collections.abc import Iterator, Sequence

MAX_LINES = 1500
MAX_LINE = 1000

_REPLY_LINE = re.compile(r"\s*(?:<<<|Received >>>)\s?(?!RCPT|MAIL|DATA)(.*)")
# A session as Sendmail shows it, and as InterScan and Postfix's postmaster notices do.
_COMMAND_LINE = re.compile(r"\s*(?:>>>|Sent <<<|In:)\s*([A-Za-z]{4})\b")
BAD_REPLY_LINE = re.compile(r"\s*(?:[^<>]{0,30}\s)?(?:<<<|>>>|Out:)\s*[45]\d\d")
SESSION_LINE = re.compile(r"\s*(?:>>>|<<<|In:|Out:)\s")
_LAST_REPLY_LINE = re.compile(r"\s*<<<\s*[45]\d\d(?!-)")
# What Sendmail says of a reply that it has just shown: to most of those with 550 "User unknown", whatever they say.
_ECHO_LINE = re.compile(r"[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3} )?\S{1,300}\.\.\. ")
_NEED_RCPT = re.compile(r"\b503\b|need rcpt|no valid recipients", re.IGNORECASE)


def replies_in(text: str) -> str:
    """What the remote server answered in the session that the notice shows (`<<< 550 …`), as one text."""
    replies = [match[1] for line in text.split("\n")[:MAX_LINES] if (match := _REPLY_LINE.match(line[:MAX_LINE]))]
    return " ".join(reply for reply in dict.fromkeys(replies) if not _NEED_RCPT.search(reply))


def without_echoes(lines: Sequence[str]) -> Iterator[str]:
    """The lines but for those in which Sendmail repeats in its own words what the server answered."""
    for before, line in zip(["", *lines], lines, strict=False):
        if not (_ECHO_LINE.match(line) and _REPLY_LINE.match(before[:MAX_LINE])):
            yield line


def session_command(text: str) -> str | None:
    """The SMTP command that the first bad reply in a session answers (`>>> RCPT To:…`, then `<<< 550 …`).

    Sendmail shows DATA where it had sent RCPT and DATA at once (RFC 2920): then a reply to DATA follows, and the first
    one says nothing of the command: None.
    """
    command = None
    lines = [line[:MAX_LINE] for line in text.split("\n")[:MAX_LINES]]
    for index, line in enumerate(lines):
        if match := _COMMAND_LINE.match(line):
            command = match[1].upper()
        elif command and BAD_REPLY_LINE.match(line):
            return _command_of_data(lines[index:]) if command == "DATA" else command
    return None


def _command_of_data(replies: Sequence[str]) -> str | None:
    """By the lines from the first bad reply on: END OF DATA where it is the only one."""
    complete = [line for line in replies if _LAST_REPLY_LINE.match(line)]
    return "END OF DATA" if len(complete) == 1 else None


def replies_before(lines: Sequence[str], index: int) -> str:
    """What the server had answered before Sendmail's line about the recipient."""
    replies: list[str] = []
    for line in reversed(lines[max(0, index - 8) : index]):
        if match := _REPLY_LINE.match(line):
            replies.insert(0, match[1])
        elif line.startswith(">>> ") or replies or "... " in line:
            break
    return " ".join(replies)


def command_before(lines: Sequence[str], index: int) -> str | None:
    """The command that those replies answer; None when it is not shown."""
    for line in reversed(lines[max(0, index - 8) : index]):
        if match := _COMMAND_LINE.match(line):
            return match[1].upper()
        if "... " in line and not line.startswith("<<<"):
            return None
    return None
