"""Is an address proven by a mail that really comes back: redirected, by MX, or fetched from a mailbox?"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.peers import dovecot
from tests.peers.dovecot import Dovecot, run_dovecot
from tests.peers.postfix import Postfix, run_postfix, why_unavailable
from tests.stories.browser import Browser
from tests.stories.gateway import inline
from tests.stories.office import Office, Postroom, statuses
from tests.stories.threads import Application, eventually

pytestmark = [
    pytest.mark.story,
    pytest.mark.skipif(dovecot.why_unavailable() is not None, reason=str(dovecot.why_unavailable())),
]
# Workspaces, by the way in which mail to their domains comes back.
REDIRECTED, BY_MX, BY_IMAP, BY_POP3 = "probed-redirected", "probed-mx", "probed-imap", "probed-pop3"
LOCAL_PARTS = ("bounce", "catchall", "notifications", "dmarc-reports", "info")
ACTIONS = "/settings/scheduled-actions"


@pytest.fixture(scope="module")
def mailboxes() -> Iterator[Dovecot]:
    with run_dovecot() as mailboxes:
        yield mailboxes


@pytest.fixture(scope="module")
def outside(postroom: Postroom, mailboxes: Dovecot) -> Iterator[Postfix]:
    """The mail server of everybody's domain: it redirects one, hands over one, and has a mailbox for each other.

    It refuses `gone@`.
    """
    if why := why_unavailable():
        pytest.skip(why)
    to_us = f"smtp:[127.0.0.1]:{postroom.installation.port('MX')}"
    transports = {
        f"{REDIRECTED}.example": to_us,  # the workspace's sub-domain
        f"{BY_MX}.example.com": to_us,
        "boxes.example.com": f"lmtp:inet:127.0.0.1:{mailboxes.lmtp}",
    }
    redirections = {
        f"@{REDIRECTED}.example.com": f"@{REDIRECTED}.example",
        f"@{BY_IMAP}.example.com": f"{BY_IMAP}@boxes.example.com",
        f"@{BY_POP3}.example.com": f"{BY_POP3}@boxes.example.com",
    }
    settings = {
        "relay_domains": " ".join(transports),
        "transport_maps": inline(transports),
        "virtual_alias_domains": " ".join(address.removeprefix("@") for address in redirections),
        "virtual_alias_maps": inline(redirections),
    }
    with run_postfix("own.example.com", settings=settings, replies={"gone@": "550 5.1.1 User unknown"}) as server:
        yield server


def begin(postroom: Postroom, outside: Postfix, way: str) -> Application:
    """A workspace with an alias, whose mail leaves through the outside."""
    app = Application.of(postroom.new_workspace(way), port=outside.port, domain=f"{way}.example.com")
    app.add_alias()
    return app


def fetch_from(app: Application, mailboxes: Dovecot, folder: Path, *, protocol: str) -> None:
    (folder / "password").write_text(dovecot.PASSWORD)
    place = ("--protocol", protocol, "--host", "127.0.0.1", "--port", str(getattr(mailboxes, protocol)))
    login = ("--username", f"{app.office.slug}@boxes.example.com", "--password-file", str(folder / "password"))
    options = ("--encryption", "none", "--poll-seconds", "30")
    app.office.postroom.run("incoming", "add", "Box", "--workspace", app.office.slug, *place, *login, *options)


def probe(office: Office, address: str) -> None:
    asked = office.call("POST", "/aliases/probe", {"address": address})
    assert (asked.status, asked.body["proof"]) == (202, "waiting")


def proofs(office: Office) -> dict[str, tuple[str, str]]:
    """By local part, how each address stands, and the way its probe came by."""
    listed = office.call("GET", "/aliases/proven").body["addresses"]
    return {each["address"].partition("@")[0]: (each["proof"], each["source"]) for each in listed}


def all_proven_by(office: Office, source: str) -> None:
    expected = dict.fromkeys(LOCAL_PARTS, ("valid", source))
    eventually(lambda: proofs(office) == expected, what=f"probes to come back by {source}")


def test_redirected_addresses_are_proven_on_demand_and_again_each_week(
    postroom: Postroom, outside: Postfix, browser: Browser
) -> None:
    app = begin(postroom, outside, REDIRECTED)
    said = postroom.run("alias", "probe", "--workspace", REDIRECTED, "--wait", "40")
    assert f"info@{app.domain}  came back by mx" in said
    all_proven_by(app.office, "mx")
    (alias,) = app.ask("/aliases")["aliases"]
    assert alias["status"] == "valid"

    with psycopg.connect(postroom.installation.environ["POSTROOM_DATABASE_URL"]) as connection:
        week = "UPDATE inbound_addressprobe SET sent_at = now() - interval '8 days', arrived_at = NULL"
        connection.execute(week + " WHERE address LIKE %s", (f"%@{app.domain}",))
    assert set(proofs(app.office).values()) == {("waiting", "mx")}
    browser.press(ACTIONS, f"{ACTIONS}/inbound.send_probes/run")
    all_proven_by(app.office, "mx")


def test_a_domain_whose_mail_comes_here_is_proven(postroom: Postroom, outside: Postfix) -> None:
    app = begin(postroom, outside, BY_MX)
    postroom.run("alias", "probe", "--workspace", BY_MX)
    all_proven_by(app.office, "mx")


@pytest.mark.parametrize(("way", "protocol"), [(BY_IMAP, "imap"), (BY_POP3, "pop3")])
def test_addresses_whose_mailbox_is_fetched_are_proven(
    postroom: Postroom, outside: Postfix, mailboxes: Dovecot, tmp_path: Path, way: str, protocol: str
) -> None:
    app = begin(postroom, outside, way)
    fetch_from(app, mailboxes, tmp_path, protocol=protocol)
    for local_part in LOCAL_PARTS:
        probe(app.office, f"{local_part}@{app.domain}")
    all_proven_by(app.office, protocol)
    postroom.run("incoming", "remove", "Box", "--workspace", way)


def test_an_address_that_its_server_does_not_know_is_told(outside: Postfix, browser: Browser, office: Office) -> None:
    app = Application.of(office, port=outside.port, domain="own.example.com")
    app.add_alias("gone")
    address = f"gone@{app.domain}"
    probe(office, address)
    (message,) = office.messages()
    assert statuses(office.settled(message["id"])) == {address: "bounced"}
    browser.press(ACTIONS, f"{ACTIONS}/inbound.judge_probes/run")
    eventually(lambda: proofs(office)["gone"][0] == "invalid", what="the verdict")
    (alert,) = (alert for alert in app.ask("/alerts")["alerts"] if alert["kind"] == "address_probe")
    assert address in alert["what_happened"]
    assert "User unknown" in alert["what_happened"]
