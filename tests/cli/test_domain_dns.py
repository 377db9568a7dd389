"""Does `postroom domain check` tell people and programs what DNS holds, with and without an installation?"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from quopri import decodestring

import pytest
from click.testing import Result

from postroom.domains.keys import record_of
from postroom.domains.models import DkimKey, DomainCheck
from postroom.outbound.models import Message
from postroom.policy.dns.writing import zone_line
from tests.cli.conftest import Postroom, run
from tests.peers.nsd import run_nsd

NAME = "company-name.com"
HERE = ("--workspace", "company-name")
ZONE = f"""\
@ TXT "v=spf1 include:_spf.google.com ~all"
@ MX 10 mail
mail A 198.51.100.1
_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc-reports@{NAME}"
"""

pytestmark = pytest.mark.requires("nsd")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    google = '_spf TXT "v=spf1 ip4:192.0.2.0/24 ~all"'
    with run_nsd({NAME: ZONE, "google.com": google, "broken.example": "broken", "other.example": ""}) as port:
        yield f"127.0.0.1:{port}"


def check(*arguments: str, server: str) -> Result:
    result = run("domain", "check", *arguments, "--resolver", server)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def as_json(result: Result) -> dict[str, dict[str, object]]:
    told = json.loads(result.stdout)
    return {finding["purpose"]: finding for finding in told["findings"]}


@pytest.mark.parametrize(
    ("domain", "code", "words"),
    [
        (NAME, 0, "nothing must change."),
        ("other.example", 1, "3 of 4 records must change."),
        ("broken.example", 3, "DNS gave no clear answer."),
    ],
)
def test_the_exit_code_says_whether_something_must_change(
    db: None, server: str, domain: str, code: int, words: str
) -> None:
    result = check(domain, "--dns-only", server=server)
    assert (result.exit_code, result.stderr) == (code, "")
    assert result.stdout.splitlines()[0] == f"{domain}: {words}"


def test_any_domain_is_judged_for_a_server_that_is_named(db: None, server: str) -> None:
    told = as_json(check(NAME, "--json", "--via", "smtp-relay.gmail.com", server=server))
    assert told["spf"]["verdict"] == "ok"
    assert (told["dkim"]["name"], told["dkim"]["verdict"]) == (f"google._domainkey.{NAME}", "missing")
    told = as_json(check("other.example", "--json", "--via", "smtp.office365.com", server=server))
    assert told["spf"]["expected"] == "v=spf1 include:spf.protection.outlook.com ~all"
    told = as_json(check(NAME, "--json", "--selector", "s2031", server=server))
    assert told["dkim"]["name"] == f"s2031._domainkey.{NAME}"


def test_an_alias_domain_is_judged_with_its_own_servers_and_keys(postroom: Postroom, server: str) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    postroom("domain", "add", NAME, *HERE)
    postroom("server", "add", "Own", *HERE, "--host", f"mail.{NAME}", "--from-filter", NAME)
    postroom("domain", "dkim-key", NAME, *HERE)
    told = as_json(check(NAME, "--json", *HERE, server=server))
    assert told["dkim"]["name"] == f"postroom._domainkey.{NAME}"
    assert told["spf"]["expected"] == f"v=spf1 include:_spf.google.com a:mail.{NAME} ~all"
    assert not DomainCheck.objects.exists(), "another name server's word is not kept"
    letter = run("domain", "records", NAME, "--letter", "--resolver", server).stdout
    assert letter.startswith(f"Subject: DNS records for mail of {NAME}\n\nHello,")
    assert f"a:mail.{NAME}" in letter
    french = run("domain", "records", NAME, "--letter", "--language", "fr", "--resolver", server).stdout
    assert french.startswith(f"Subject: Enregistrements DNS pour le courrier de {NAME}\n\nBonjour,")


def test_the_zone_file_that_is_proposed_ends_the_faults(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    postroom("domain", "add", NAME, *HERE)
    postroom("server", "add", "Own", *HERE, "--host", f"mail.{NAME}", "--from-filter", NAME)
    postroom("domain", "dkim-rotate", NAME, *HERE)
    base = "@ MX 10 mail\nmail A 198.51.100.1\n"
    with run_nsd({NAME: base}) as port:
        proposed = run("domain", "records", NAME, "--zone-file", "--resolver", f"127.0.0.1:{port}").stdout
    with run_nsd({NAME: base + proposed}) as port:
        result = check(NAME, server=f"127.0.0.1:{port}")
    assert result.exit_code == 0, result.stdout


def test_what_is_proposed_for_faulty_records_is_right_and_keeps_what_was_right(db: None) -> None:
    base = '@ MX 10 mail\nmail A 198.51.100.1\n_spf TXT "v=spf1 ip4:192.0.2.0/24 -all"\n'
    faulty = (
        '@ TXT "v=spf1 include:gone.faulty.example include=_spf.faulty.example ipv4:192.0.2.1 mx -all"\n'
        '_dmarc TXT "v=DMARC1; p=reject; sp=quarantine; pct=most; rua=mailto:a@faulty.example,b@faulty.example"\n'
    )
    with run_nsd({"faulty.example": base + faulty}) as port:
        asked = ("faulty.example", "--dns-only", "--resolver", f"127.0.0.1:{port}")
        assert run("domain", "check", *asked).exit_code == 1
        proposed = run("domain", "records", *asked, "--zone-file").stdout
    assert '"v=spf1 include:_spf.faulty.example ip4:192.0.2.1 mx -all"' in proposed
    assert '"v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@faulty.example"' in proposed
    with run_nsd({"faulty.example": base + proposed}) as port:
        result = check("faulty.example", "--dns-only", server=f"127.0.0.1:{port}")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "faulty.example: nothing must change.")


def test_the_records_are_mailed_to_who_looks_after_dns(
    postroom: Postroom, refused: Postroom, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTROOM_RESOLVER", server)
    postroom("workspace", "add", "company-name", "--company", "My Company")
    postroom("domain", "add", NAME, *HERE)
    postroom("server", "add", "Own", *HERE, "--host", f"mail.{NAME}", "--from-filter", NAME)
    said = postroom("domain", "send-records", NAME, *HERE, "--to", "dns@provider.example", "--language", "fr")
    assert said == "On its way to dns@provider.example.\n"
    assert f"a:mail.{NAME}".encode() in decodestring(bytes(Message.objects.get().content.body))
    assert Message.objects.get().subject.startswith("Enregistrements DNS")
    assert "no alias domain other.example" in refused("domain", "send-records", "other.example", *HERE, "--to", "a@b.c")
    assert refused("domain", "send-records", NAME, *HERE, "--to", "nobody")


def test_rotating_shows_the_records_and_the_states(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    printed = postroom("domain", "dkim-rotate", NAME, *HERE)
    assert printed == "".join(zone_line(record_of(key)) + "\n" for key in DkimKey.objects.order_by("pk"))
    states = [line.split()[:2] for line in postroom("domain", "dkim-keys", NAME, *HERE).splitlines()]
    assert states == [["waiting", "rsa"], ["waiting", "ed25519"]]
    pointer, record = postroom("domain", "dkim-rotate", "second-company.com", *HERE, "--on-platform").splitlines()
    target = "postroom1.second-company.com.dkim.example."
    assert pointer == f"postroom1._domainkey.second-company.com. IN CNAME {target}"
    assert record.startswith(f"{target} IN TXT ")


def test_wrong_questions_are_refused_in_words(postroom: Postroom, refused: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    assert refused("domain", "check", NAME, *HERE) == f"company-name has no alias domain {NAME}."
    assert "is not a domain" in refused("domain", "check", "no domain")
    assert "is an IP address" in refused("domain", "check", "192.0.2.1")
    assert "is an IP address" in refused("domain", "add", "[192.0.2.1]", *HERE)
    assert "no DKIM selector" in refused("domain", "dkim-key", NAME, *HERE, "--selector", "a" * 64)
    result = run("domain", "check", NAME, "--resolver", "nowhere")
    assert result.exit_code == 2
    assert "127.0.0.1:53" in result.stderr


def test_it_works_as_a_program_without_django_where_nothing_is_installed(tmp_path: Path, server: str) -> None:
    code = (
        "import sys; from postroom.cli import main;"
        f"main(['domain', 'check', '{NAME}', '--json', '--resolver', '{server}'], standalone_mode=False)"
    )
    program = f"import atexit, sys; atexit.register(lambda: print('django' in sys.modules, file=sys.stderr)); {code}"
    environment = {"POSTROOM_HOME": str(tmp_path / "none"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, cwd=tmp_path, env=environment, check=True
    )
    assert json.loads(done.stdout)["verdict"] in ("ok", "note")
    assert done.stderr.decode().strip() == "False"
    assert not (tmp_path / "none").exists()
