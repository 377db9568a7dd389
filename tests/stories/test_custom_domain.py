"""Do two companies get from nothing to custom domains that receivers believe, with a name server that others would ask?

The procedure of the manual, on a hosted platform: one company's domain goes through the platform's server, the other's
through a server of its own. What Postroom says is to be published is put into the zones of a real name server.
"""

import json
import re
import smtplib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import dkim
import psycopg
import pytest

from postroom.domains.nameserver import Nameserver
from postroom.domains.resolver import Resolver
from postroom.policy.dns.answers import Question
from tests import database
from tests.installation import Installation
from tests.peers.nsd import Nsd, run_changing_nsd
from tests.peers.postfix import Postfix
from tests.rfc.test_reports import XML, zipped
from tests.stories.browser import Browser
from tests.stories.office import Office, Postroom
from tests.stories.shell import open_shell
from tests.stories.threads import eventually

pytestmark = [pytest.mark.story, pytest.mark.requires("nsd")]
FIRST, SECOND, PLATFORM = "company-name.com", "second-company.com", "platform.example"
WORKSPACE, PASSWORD = "company-name", "a password of the tests"
# What stands in the zones before: the first company has its mailboxes at a provider, the second has none.
BEFORE = {
    FIRST: '@ MX 10 mail\nmail A 198.51.100.1\n@ TXT "v=spf1 include:_spf.google.com ~all"\n',
    SECOND: "mail A 198.51.100.2\n",
    PLATFORM: '_spf TXT "v=spf1 ip4:192.0.2.10 -all"\nmx A 192.0.2.11\n',
    "google.com": '_spf TXT "v=spf1 ip4:203.0.113.0/24 -all"\n',
}


@dataclass
class Place:
    """The platform, who looks after its DNS and its customers', and a browser in which the owner has signed in."""

    office: Office
    nameserver: Nsd
    browser: Browser
    added: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> str:
        return self.office.postroom.run(*arguments)

    def check(self, domain: str) -> tuple[int, dict[str, Any]]:
        """What the command says, to people who write scripts."""
        server = f"127.0.0.1:{self.nameserver.port}"
        code, told = self.office.postroom.shell.run("domain", "check", domain, "--resolver", server, "--json")
        return code, json.loads(told)

    def publish(self, domain: str, lines: str) -> None:
        """Add the lines, taking the old SPF record out where they hold a new one."""
        zone = BEFORE[domain]
        if "v=spf1" in lines:
            zone = "".join(line for line in zone.splitlines(keepends=True) if "v=spf1" not in line)
        self.added[domain] = lines
        self.nameserver.publish(domain, zone + lines)

    def publish_what_is_proposed(self) -> None:
        """The platform's part is a wildcard for all sub-domains, and the keys that are pointed to."""
        kept = BEFORE[PLATFORM] + self.run("platform", "zone")
        self.nameserver.publish(PLATFORM, kept)
        for domain in (FIRST, SECOND):
            if not self.added.get(domain):
                self.publish(domain, self.run("domain", "records", domain, "--zone-file"))

    def see_keys(self, domain: str, *, states: set[str]) -> None:
        """Let the platform look at DNS now, and once more as if an hour had passed."""
        for _ in range(2):
            self.browser.press(ACTIONS, f"{ACTIONS}/domains.rotate_dkim_keys/run")
            eventually(lambda: "waiting" not in self.states(domain), what="the keys to be seen")
            with psycopg.connect(self.office.postroom.installation.environ["POSTROOM_DATABASE_URL"]) as connection:
                connection.execute("UPDATE domains_dkimkey SET seen_at = seen_at - interval '2 hours'")
        eventually(lambda: self.states(domain) == states, what=f"the keys to be {states}")

    def states(self, domain: str) -> set[str]:
        listed = self.run("domain", "dkim-keys", domain, "--workspace", WORKSPACE)
        return {line.split()[0] for line in listed.splitlines()}

    def records_page(self, domain: str) -> str:
        listed = self.browser.page("/settings/alias-domains")
        found = re.search(rf'href="(/settings/alias-domains/\d+)"[^>]*>\s*(?:<bdi[^>]*>)?{re.escape(domain)}', listed)
        assert found, listed
        return f"{found[1]}/records"


ACTIONS = "/settings/scheduled-actions"


@pytest.fixture(scope="module")
def platform(postfix: Postfix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("hosted")
    with run_changing_nsd(BEFORE) as nameserver, database.new_database(migrated=True) as url:
        installation = Installation.in_folder(
            home,
            POSTROOM_DATABASE_URL=url,
            POSTROOM_HOSTED="yes",
            POSTROOM_PLATFORM_DOMAIN=PLATFORM,
            POSTROOM_DEFAULT_SERVER=f"smtp://127.0.0.1:{postfix.port}",
            POSTROOM_DEFAULT_SERVER_SPF=f"include:_spf.{PLATFORM}",
            POSTROOM_MX_NAME=f"mx.{PLATFORM}",
            POSTROOM_RESOLVER=f"127.0.0.1:{nameserver.port}",
        )
        with installation.serving() as served, open_shell(installation.environ) as shell:
            served.wait_healthy()
            office = Postroom(installation, shell).new_workspace(WORKSPACE)
            place = Place(office, nameserver, Browser(installation.url))
            _set_up(place, home)
            yield place


def _set_up(place: Place, home: Path) -> None:
    """Two companies, a domain each, and the ways their mail takes; then the records are published."""
    run, here = place.run, ("--workspace", WORKSPACE)
    (home / "password").write_text(PASSWORD)
    run("user", "add", "olga@company-name.com", *here, "--password-file", str(home / "password"))
    place.browser.sign_in("olga@company-name.com", PASSWORD)
    run("workspace", "company", "Second Company", *here)
    run("domain", "add", FIRST, *here)
    run("domain", "add", SECOND, *here, "--company", "Second Company")
    run("server", "add", "Platform", *here, "--default-server", "--from-filter", FIRST)
    run("server", "add", "Own", *here, "--host", f"mail.{SECOND}", "--from-filter", SECOND, "--priority", "20")
    run("domain", "dkim-rotate", FIRST, *here, "--on-platform")
    run("domain", "dkim-rotate", SECOND, *here)
    for domain in (FIRST, SECOND):
        code, told = place.check(domain)
        assert (code, told["verdict"]) in [(1, "wrong"), (1, "missing")]
    place.publish_what_is_proposed()
    place.see_keys(FIRST, states={"active"})
    place.see_keys(SECOND, states={"active"})


@pytest.mark.parametrize("domain", [FIRST, SECOND])
def test_what_is_proposed_makes_every_record_right_and_mail_pass(platform: Place, domain: str) -> None:
    code, told = platform.check(domain)
    assert code == 0, told
    verdicts = {finding["name"]: finding["verdict"] for finding in told["findings"]}
    assert set(verdicts.values()) <= {"ok", "note"}, verdicts
    assert {server["server"]: server["dmarc"] for server in told["servers"]} == (
        {"Platform": "pass"} if domain == FIRST else {"Platform": "pass", "Own": "pass"}
    )
    platform.run("domain", "check", domain)
    page = platform.browser.page(platform.records_page(domain))
    assert "Nothing must change." in page
    assert "p=reject" in page


def test_a_record_that_breaks_is_told_with_the_exact_change_and_mended_again(platform: Place) -> None:
    lines = platform.added[FIRST]
    platform.publish(
        FIRST, lines.replace(f"include:_spf.{PLATFORM} ", "").replace(f".dkim.{PLATFORM}.", ".dkim.google.com.")
    )
    code, told = platform.check(FIRST)
    wrong = {finding["purpose"]: finding for finding in told["findings"] if finding["verdict"] == "wrong"}
    assert (code, set(wrong)) == (1, {"spf", "dkim"})
    expected = f"v=spf1 include:_spf.google.com include:_spf.{PLATFORM} ~all"
    assert wrong["spf"]["found"] == ["v=spf1 include:_spf.google.com ~all"]
    assert wrong["spf"]["change"] == f"Change the SPF record at {FIRST} to “{expected}”."
    assert wrong["dkim"]["expected"] == f"postroom1.{FIRST}.dkim.{PLATFORM}"
    assert {server["dmarc"] for server in told["servers"]} == {"fail"}

    assert platform.office.call("POST", f"/domains/{FIRST}/check").body["verdict"] == "wrong"
    page = platform.browser.page(platform.records_page(FIRST))
    assert expected in page
    assert f"postroom1.{FIRST}.dkim.google.com" in page
    assert "fails DMARC" in platform.browser.page("/settings/servers")
    assert FIRST in _alerts(platform)

    platform.publish(FIRST, lines)
    assert platform.office.call("POST", f"/domains/{FIRST}/check").body["verdict"] in ("ok", "note")
    assert FIRST not in _alerts(platform)


def test_mail_is_signed_as_the_domain_while_its_keys_are_replaced(platform: Place, postfix: Postfix, mary: str) -> None:
    first = _send(platform, postfix, mary)
    assert b"s=postroom1" in first
    assert re.search(rb"^Return-Path: <bounce\S*@company-name\.platform\.example>", first, re.MULTILINE)
    platform.run("domain", "dkim-rotate", FIRST, "--workspace", WORKSPACE, "--on-platform")
    assert b"s=postroom1" in _send(platform, postfix, f"again-{mary}"), "the new key waits to be seen"
    platform.added[FIRST] = ""
    platform.publish_what_is_proposed()
    platform.see_keys(FIRST, states={"active", "retiring"})
    later = _send(platform, postfix, f"later-{mary}")
    assert b"s=postroom2" in later
    assert [_verifies(platform, mail) for mail in (first, later)] == [True, True]


def test_a_report_that_comes_by_mail_says_what_to_mend_before_the_policy_is_tightened(platform: Place) -> None:
    report = EmailMessage()
    report["From"], report["To"], report["Subject"] = "dmarc@receiver.example", f"dmarc-reports@{FIRST}", "A report"
    report.set_content("Attached.")
    name = f"receiver.example!{FIRST}!1763683200!1763769599.zip"
    report.add_attachment(zipped(_report_of_yesterday()), maintype="application", subtype="zip", filename=name)
    with smtplib.SMTP("127.0.0.1", platform.office.postroom.installation.port("MX")) as server:
        server.send_message(report)

    def see() -> str:
        page = unescape(platform.browser.page(platform.records_page(FIRST)))
        return page if "0 of 3 reported messages pass DMARC" in page else ""

    page = eventually(see, what="the report to be shown")
    assert "provider.example sends in your name as itself. If you use it, set up DKIM for your domain there" in page
    assert "There are no reports of mail that passes yet: wait with a stricter policy." in page


def _report_of_yesterday() -> bytes:
    """Of mail that authenticates as its provider alone."""
    now = int(time.time())
    text = XML.replace(b"1763683200", b"%d" % (now - 172_800)).replace(b"1763769599", b"%d" % (now - 86_400))
    text = text.replace(b"<dkim>pass</dkim><spf>fail</spf>", b"<dkim>fail</dkim><spf>fail</spf>")
    text = text.replace(b"<reason><type>mailing_list</type><comment>x</comment></reason>", b"")
    return text.replace(
        b"<selector>s1</selector><result>pass</result>", b"<selector>s1</selector><result>fail</result>"
    )


def _alerts(place: Place) -> list[str]:
    listed = place.office.call("GET", "/alerts").body["alerts"]
    return [alert["subject"] for alert in listed if alert["kind"] == "dns"]


def _send(place: Place, postfix: Postfix, to: str) -> bytes:
    sent = place.office.post(from_=f"Olga <olga@{FIRST}>", to=to)
    place.office.settled(sent["id"])
    (raw,) = postfix.messages(to)
    return raw


def _verifies(place: Place, raw: bytes) -> bool:
    resolver = Resolver(Nameserver("127.0.0.1", place.nameserver.port))

    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        values = resolver.ask(Question(name.decode().rstrip("."), "TXT")).values
        return values[0].encode() if values else None

    return bool(dkim.verify(raw, dnsfunc=txt))
