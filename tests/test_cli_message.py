"""Does `postroom message render` print the message that its JSON describes, or one sentence of what is wrong?"""

import email.policy
import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from postroom.cli import main

MESSAGE = {
    "from": '"Mary" <mary@customer.example.com>',
    "to": ["ann@example.com"],
    "bcc": "secret@example.com",
    "subject": "Hello",
    "text": "Hi",
    "html": "<p>Hi</p>",
    "date": "2025-11-22T09:30:00+01:00",
    "message_id": "<1@company-name.example>",
    "boundary": "b",
}


def render(message: Any) -> Result:
    return CliRunner().invoke(
        main, ["message", "render", "-"], input=message if isinstance(message, bytes) else json.dumps(message)
    )


def test_prints_the_bytes_that_would_be_sent(tmp_path: Path) -> None:
    file = tmp_path / "message.json"
    file.write_text(json.dumps(MESSAGE))
    result = CliRunner().invoke(main, ["message", "render", str(file)])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes == (
        b'From: "Mary" <mary@customer.example.com>\r\n'
        b"To: ann@example.com\r\n"
        b"Subject: Hello\r\n"
        b"Date: Sat, 22 Nov 2025 09:30:00 +0100\r\n"
        b"Message-ID: <1@company-name.example>\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative;\r\n boundary="b=_0_"\r\n'
        b"\r\n"
        b"--b=_0_\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHi\r\n\r\n'
        b"--b=_0_\r\n"
        b'Content-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n<p>Hi</p>\r\n\r\n'
        b"--b=_0_--\r\n"
    )


def test_date_and_message_id_are_now_and_new_by_default() -> None:
    results = [render({"from": "mary@customer.example.com", "to": "ann@example.com"}) for _ in range(2)]
    first, second = (message_from_bytes(result.stdout_bytes, policy=email.policy.default) for result in results)
    assert abs(first["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Message-ID"].endswith("@customer.example.com>")


@pytest.mark.parametrize("date", ["2025-11-22T08:30:00Z", "Sat, 22 Nov 2025 09:30:00 +0100"])
def test_a_date_is_read_as_iso_or_as_in_a_header(date: str) -> None:
    message = message_from_bytes(render({**MESSAGE, "date": date}).stdout_bytes, policy=email.policy.default)
    assert message["Date"].datetime == datetime(2025, 11, 22, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"from": None}, "has no from"),
        ({"to": [], "bcc": None}, "no recipients"),
        ({"to": "nobody"}, "nobody"),
        ({"subjct": "x"}, "no field 'subjct'"),
        ({"subject": "a\r\nBcc: x"}, "line break"),
        ({"text": "\ud800"}, "surrogate"),
        ({"date": "tomorrow"}, "not a date"),
        ({"date": "2025-11-22T08:30:00"}, "not a date"),
        ({"date": 5}, "date must be a text"),
        ({"message_id": "x"}, "not a Message-ID"),
        ({"boundary": "a b"}, "boundary"),
        ({"attachments": [{"filename": "a", "content": "", "content_type": "pdf"}]}, "type of a file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(change: dict[str, Any], words: str) -> None:
    result = render({**MESSAGE, **change})
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    result = render(text)
    assert result.exit_code == 2
    assert "JSON" in result.stderr


def test_a_file_that_is_not_there_is_told() -> None:
    result = CliRunner().invoke(main, ["message", "render", "no-such-file.json"])
    assert result.exit_code == 2
    assert "no-such-file.json" in result.stderr
