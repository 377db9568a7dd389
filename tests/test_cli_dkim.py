"""Does `postroom dkim` sign, verify and make keys as its help says?"""

import json
import shlex
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from click.testing import CliRunner, Result

from postroom.cli import main
from postroom.rfc.dkim import hash_body, load_signer, public_key_record
from postroom.rfc.headers import split_message
from tests.rfc.dkim_mail import INVOICE_BODY, INVOICE_HEAD, make_key

KEY = make_key("rsa")
RECORD = public_key_record(KEY)
NAMES = ["--domain", "company-name.example", "--selector", "s1"]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "key.pem"
    file.write_bytes(KEY)
    return file


@pytest.fixture
def signed(key: Path) -> bytes:
    return run("sign", "-", "--key", key, *NAMES, stdin=INVOICE_HEAD + b"\r\n" + INVOICE_BODY).stdout_bytes


def run(*arguments: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["dkim", *map(str, arguments)], input=stdin)


# sign


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_signs_a_file_with_either_line_end(key: Path, tmp_path: Path, line_end: bytes) -> None:
    file = tmp_path / "invoice.eml"
    file.write_bytes((INVOICE_HEAD + b"\r\n" + INVOICE_BODY).replace(b"\r\n", line_end))
    result = run("sign", file, "--key", key, *NAMES, "--signed-at", 1_760_000_000)
    signer = load_signer(KEY, domain="company-name.example", selector="s1")
    field = signer.sign(INVOICE_HEAD, hash_body(INVOICE_BODY), signed_at=1_760_000_000)
    assert result.stdout_bytes == field + INVOICE_HEAD + b"\r\n" + INVOICE_BODY
    assert (result.exit_code, result.stderr) == (0, "")


def test_warns_of_a_short_key_and_signs(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(make_key("rsa-1024"))
    result = run("sign", "-", "--key", file, *NAMES, stdin=INVOICE_HEAD)
    assert result.exit_code == 0
    assert "only 1024 bits" in result.stderr


@pytest.mark.parametrize(
    ("message", "names", "words"),
    [
        (b"", NAMES, "does not begin with a header field"),
        (b"\x89PNG\r\n\x1a\n\0\0", NAMES, "does not begin with a header field"),
        (b"Subject: x\n\nHello\n", NAMES, "add a From"),
        (INVOICE_HEAD, ["--domain", "two words", "--selector", "s1"], "“two words” is not a domain"),
        (INVOICE_HEAD, ["--domain", "company-name.example"], "Missing option '--selector'"),
    ],
)
def test_refuses_what_cannot_be_signed(key: Path, message: bytes, names: list[str], words: str) -> None:
    result = run("sign", "-", "--key", key, *names, stdin=message)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_refuses_a_key_file_without_key(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("hello")
    result = run("sign", "-", "--key", file, *NAMES, stdin=INVOICE_HEAD)
    assert result.exit_code == 2
    assert "PEM form" in result.stderr
    assert run("sign", "-", "--key", tmp_path / "none.pem", *NAMES).exit_code == 2


# verify


def test_verifies_with_a_given_record_or_key(signed: bytes, key: Path) -> None:
    for source in (["--key-record", RECORD], ["--public-key", key]):
        for message in (signed, signed.replace(b"\r\n", b"\n")):
            result = run("verify", "-", *source, stdin=message)
            assert result.stdout == "pass: d=company-name.example s=s1 a=rsa-sha256\n"
            assert result.exit_code == 0


def test_prints_a_line_a_signature_and_is_content_with_one(signed: bytes) -> None:
    broken = signed.partition(b"From:")[0].replace(b"v=1", b"v=9")
    result = run("verify", "-", "--key-record", f"{RECORD}; t=y", "--json", stdin=broken + signed)
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["result"] == "permerror"
    assert second == {
        "result": "pass",
        "domain": "company-name.example",
        "selector": "s1",
        "algorithm": "rsa-sha256",
        "reason": "",
        "is_testing": True,
    }
    assert result.exit_code == 0


def test_ends_with_1_when_nothing_passes(signed: bytes) -> None:
    changed = run("verify", "-", "--key-record", f"{RECORD}; t=y", stdin=signed + b"P.S.\r\n")
    assert changed.stdout == (
        "fail: d=company-name.example s=s1 a=rsa-sha256; the body has been changed; the key is marked as under test\n"
    )
    unsigned = run("verify", "-", "--key-record", RECORD, stdin=INVOICE_HEAD)
    assert unsigned.stdout == "none: the message is not signed\n"
    assert changed.exit_code == unsigned.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--key-record", RECORD, "--resolver", "127.0.0.1:53"], "Give only one"),
        (["--resolver", "ns.example:53"], "127.0.0.1:53 or [::1]:53"),
        (["--public-key", __file__], "PEM form"),
    ],
)
def test_refuses_arguments_that_make_no_sense(signed: bytes, arguments: list[str], words: str) -> None:
    result = run("verify", "-", *arguments, stdin=signed)
    assert result.exit_code == 2
    assert words in result.stderr


def test_refuses_to_verify_what_is_no_message(tmp_path: Path) -> None:
    assert run("verify", "-", stdin=b"").exit_code == 2
    assert run("verify", tmp_path / "none.eml").exit_code == 2


class NameServer:
    """Answers TXT questions on a loopback port from `zone`: name -> strings; None refuses to answer (SERVFAIL)."""

    def __init__(self, zone: dict[str, list[str] | None]) -> None:
        self.zone = zone
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self.socket.getsockname())
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while octets := self.socket.recvfrom(4096):
            if not octets[0]:
                return
            self.socket.sendto(self.answer(dns.message.from_wire(octets[0])).to_wire(), octets[1])

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        name = query.question[0].name.to_text().removesuffix(".")
        strings = self.zone.get(name, [])
        if strings is None:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif strings:
            text = " ".join(f'"{string}"' for string in strings)
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", text))
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    def stop(self) -> None:
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    server = NameServer({})
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("strings", "line"),
    [
        ([RECORD[:255], RECORD[255:]], "pass:"),
        ([], "permerror:"),
        (None, "temperror:"),
    ],
    ids=["two strings", "no such name", "server failure"],
)
def test_asks_dns_for_the_key(signed: bytes, name_server: NameServer, strings: list[str] | None, line: str) -> None:
    name_server.zone["s1._domainkey.company-name.example"] = strings
    result = run("verify", "-", "--resolver", name_server.address, stdin=signed)
    assert result.stdout.startswith(line)
    assert result.exit_code == (0 if line == "pass:" else 1)


# keygen


@pytest.mark.parametrize(("kind", "length"), [("rsa", 2), ("ed25519", 1)])
def test_makes_a_key_whose_record_verifies_what_it_signs(tmp_path: Path, kind: str, length: int) -> None:
    file = tmp_path / "new.pem"
    made = run("keygen", "--type", kind, *NAMES, "--out", file)
    name, in_, txt, *strings = shlex.split(made.stdout)
    assert (name, in_, txt, len(strings)) == ("s1._domainkey.company-name.example.", "IN", "TXT", length)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    signed = run("sign", "-", "--key", file, *NAMES, stdin=INVOICE_HEAD).stdout_bytes
    assert run("verify", "-", "--key-record", "".join(strings), stdin=signed).exit_code == 0
    assert split_message(signed)[0].endswith(INVOICE_HEAD)


def test_names_the_key_file_after_selector_and_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("keygen", "--type", "ed25519", "--domain", "Bücher.example", "--selector", "nov2025")
    assert made.stdout.startswith("nov2025._domainkey.xn--bcher-kva.example. IN TXT ")
    assert [file.name for file in tmp_path.iterdir()] == ["nov2025.xn--bcher-kva.example.pem"]


def test_never_overwrites_a_key(key: Path) -> None:
    result = run("keygen", "--type", "ed25519", *NAMES, "--out", key)
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert key.read_bytes() == KEY
    assert run("keygen", "--type", "ed25519", *NAMES, "--out", key / "below").exit_code == 2
