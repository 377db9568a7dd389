"""Do the commands for received mail answer with one JSON line a file, whatever the files are?"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from postroom.cli import main

REPLY = b"""From: Mary <Mary@Customer.example.com>
To: sales@company-name.com, "Who?" <x@y
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Content-Type: multipart/mixed; boundary=b

--b

Yes, please.

On Tue, 3 May 2016 at 17:21, Sales <sales@company-name.com> wrote:
> Shall we?
--b
Content-Type: application/pdf; name="Angebot.pdf"

%PDF
--b--
"""


def run(*arguments: str) -> list[dict[str, object]]:
    result = CliRunner().invoke(main, ["inbound", *arguments])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


@pytest.fixture
def reply(tmp_path: Path) -> str:
    file = tmp_path / "reply.eml"
    file.write_bytes(REPLY)
    return str(file)


def test_parse_says_what_a_message_says(reply: str) -> None:
    (line,) = run("parse", "--json", reply)
    assert line == {
        "file": reply,
        "subject": "Grüße",
        "from": ["mary@customer.example.com"],
        "to": ["sales@company-name.com", "x@y"],
        "text": line["text"],
        "attachments": ["Angebot.pdf"],
    }
    assert str(line["text"]).startswith("Yes, please.")


def test_visible_text_prints_the_words_of_the_author(reply: str, tmp_path: Path) -> None:
    assert run("visible-text", "--json", reply) == [{"file": reply, "text": "Yes, please."}]
    page = tmp_path / "page.html"
    page.write_text("<p>Yes.<blockquote>Shall we?</blockquote>")
    assert run("visible-text", "--format", "html", "--json", str(page)) == [{"file": str(page), "text": "Yes."}]


def test_what_is_no_mail_at_all_is_answered_too(tmp_path: Path) -> None:
    for number, octets in enumerate((b"", b"\0\xff\xfe", b"\n\n\n", bytes(range(256)) * 9)):
        (tmp_path / str(number)).write_bytes(octets)
    files = [str(file) for file in sorted(tmp_path.iterdir())]
    assert [line["file"] for line in run("parse", "--json", *files)] == files
    assert [line["file"] for line in run("visible-text", "--json", *files)] == files


def test_without_json_it_is_written_for_people(reply: str) -> None:
    result = CliRunner().invoke(main, ["inbound", "parse", reply])
    assert "to: sales@company-name.com, x@y\n" in result.output
    assert CliRunner().invoke(main, ["inbound", "visible-text", reply]).output == "Yes, please.\n"
