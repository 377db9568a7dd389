"""Is mail fetched from a real server's mailboxes, once, whatever goes wrong in between? Dovecot answers."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from postroom.inbound.mailboxes import collect as collecting
from postroom.inbound.mailboxes.access import open_mailbox
from postroom.inbound.mailboxes.accounts import wanted_by
from postroom.inbound.mailboxes.collect import MAX_TRIES, collect, try_again
from postroom.inbound.mailboxes.fetcher import Fetcher
from postroom.inbound.mailboxes.mailbox import MailboxError, Step
from postroom.inbound.mailboxes.save import remove_incoming_server, save_incoming_server, set_fields
from postroom.inbound.mailboxes.trial import try_server
from postroom.inbound.mailboxes.visit import Waiters, fetch_once, visit
from postroom.inbound.models import IncomingContent, IncomingMessage, IncomingServer
from postroom.servers.models import OAuthAccount
from postroom.servers.oauth import sign_in
from postroom.servers.oauth.sign_in import Starter, begin
from postroom.servers.oauth.tokens import NotConnectedError
from postroom.workspaces.alerts import open_alerts
from tests.inbound.mail import letter
from tests.outbound.office import Office
from tests.peers import dovecot
from tests.peers.dovecot import PASSWORD, Dovecot, run_dovecot
from tests.peers.oauth_provider import Provider, run_oauth_provider
from tests.peers.waiting import wait_until
from tests.servers.oauth.connecting import agree, connect, make_app, parameters

pytestmark = pytest.mark.skipif(dovecot.why_unavailable() is not None, reason=str(dovecot.why_unavailable()))


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def running(provider: Provider) -> Iterator[Dovecot]:
    with run_dovecot(provider) as running:
        yield running


@pytest.fixture
def peer(running: Dovecot) -> Dovecot:
    """With Mary's mailbox empty."""
    with running.client("mary") as client:
        client.select("INBOX")
        client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
    return running


def make_server(office: Office, peer: Dovecot, **fields: Any) -> IncomingServer:
    server = IncomingServer(workspace=office.workspace)
    usual = {"name": "Box", "host": "localhost", "username": "mary", "password": PASSWORD, "encryption": "none"}
    given = {**usual, "ca_certificate": peer.authority, **fields}
    name = given.get("protocol", "imap") + ("s" if given["encryption"] == "tls" else "")
    set_fields(server, {"port": getattr(peer, name), **given})
    return save_incoming_server(server)


def subjects() -> list[str]:
    return list(IncomingContent.objects.order_by("id").values_list("subject", flat=True))


# --- each way in ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("encryption", ["none", "starttls", "tls"])
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_fetches_what_waits(office: Office, peer: Dovecot, protocol: str, encryption: str) -> None:
    raw = b"Return-Path: <mary@customer.example.com>\r\n" + letter("X-Long: " + "x" * 5_000) + b".\r\n..\r\n"
    peer.append(raw)
    server = make_server(office, peer, protocol=protocol, encryption=encryption)
    assert (fetch_once(server), fetch_once(server)) == (1, 0)
    content = IncomingContent.objects.get()
    assert (bytes(content.raw), content.source, content.server) == (raw, protocol, server)
    assert content.return_path == "mary@customer.example.com"
    row = IncomingMessage.objects.get()
    assert (row.workspace, row.recipient) == (office.workspace, "")


@pytest.mark.django_db
@pytest.mark.parametrize(("protocol", "port"), [("imap", "imap"), ("pop3", "pop3")])
def test_logs_in_with_the_token_of_a_connected_account(
    office: Office, peer: Dovecot, provider: Provider, protocol: str, port: str
) -> None:
    make_app(provider)
    connect(office.add_server(name="Gmail", authentication="gmail", username="mary@gmail.example"), provider)
    provider.let_expire()  # Dovecot refuses; the token looks good to us
    peer.append(letter(), user="mary@gmail.example")
    server = make_server(
        office, peer, protocol=protocol, authentication="gmail", username="mary@gmail.example", password=""
    )
    assert server.oauth_account is not None
    server.oauth_account.renewed_at = None
    server.oauth_account.save()
    assert fetch_once(server) >= 1


@pytest.mark.django_db
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_logs_in_with_an_account_that_was_connected_for_it_alone(
    office: Office, peer: Dovecot, provider: Provider, protocol: str
) -> None:
    make_app(provider)
    peer.append(letter(), user="leads@gmail.example")
    gmail = {"authentication": "gmail", "username": "leads@gmail.example", "password": ""}
    server = make_server(office, peer, protocol=protocol, **gmail)
    assert try_server(server)[-1].words == str(NotConnectedError())
    agree(wanted_by(server), provider)
    server.refresh_from_db()
    assert server.account_state == "connected"
    assert fetch_once(server) >= 1
    provider.revoke_all()
    OAuthAccount.objects.update(renewed_at=None, renew_at=None)
    with pytest.raises(MailboxError) as fault:
        fetch_once(server)
    assert "permission to use leads@gmail.example has ended" in fault.value.message
    assert "incoming server that logs in as leads@gmail.example" in open_alerts().get().what_to_do


@pytest.mark.django_db
def test_asks_microsoft_for_pop3_where_that_is_spoken(office: Office, peer: Dovecot) -> None:
    scopes = [
        wanted_by(make_server(office, peer, protocol=protocol, name=protocol, authentication="outlook")).scopes
        for protocol in ("imap", "pop3")
    ]
    assert scopes == [(), ("https://outlook.office.com/POP.AccessAsUser.All",)]


@pytest.mark.django_db
def test_an_account_that_was_connected_to_send_is_asked_once_more_for_pop3(
    office: Office, peer: Dovecot, provider: Provider
) -> None:
    make_app(provider, provider="microsoft", secret_expires_on=timezone.now().date() + timedelta(days=90))
    name = "mary@outlook.example"
    sender = office.add_server(name="Outlook", authentication="outlook", username=name)
    connect(sender, provider)
    peer.append(letter(), user=name)
    server = make_server(office, peer, protocol="pop3", authentication="outlook", username=name, password="")
    assert server.oauth_account == sender.oauth_account
    assert server.account_state == "needs_sign_in"
    assert try_server(server)[-1].words == str(NotConnectedError())
    agree(wanted_by(server), provider)
    server = IncomingServer.objects.get()
    assert server.account_state == "connected"
    assert fetch_once(server) == 1
    again = parameters(begin(sign_in.wanted_by(sender), Starter("of a browser")))["scope"].split()
    assert "https://outlook.office.com/POP.AccessAsUser.All" in again  # connecting it to send takes nothing away
    assert len(again) == len(set(again))


@pytest.mark.django_db(transaction=True)
def test_is_not_visited_before_its_account_is_connected(
    busy_office: Office, peer: Dovecot, provider: Provider, fetcher: Fetcher
) -> None:
    make_app(provider)
    peer.append(letter(), user="later@gmail.example")
    server = make_server(busy_office, peer, authentication="gmail", username="later@gmail.example", password="")
    box = make_server(busy_office, peer, name="Other")
    fetcher.start()
    assert wait_until(lambda: IncomingServer.objects.get(pk=box.pk).fetched_at is not None, 15)
    assert not open_alerts().exists()
    agree(wanted_by(server), provider)
    assert wait_until(lambda: committed_subjects() == ["Hello"], 15)


@pytest.mark.django_db
def test_fetches_from_a_folder_whose_name_is_not_ascii(office: Office, peer: Dovecot) -> None:
    peer.append(letter(), user="joerg", folder='"Entw&APw-rfe &- mehr"')
    server = make_server(office, peer, username="joerg", folder="Entwürfe & mehr")
    assert fetch_once(server) == 1


# --- what becomes of it there --------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("afterwards", "flags"), [("seen", [{"\\Seen"}]), ("delete", []), ("keep", [set()])])
def test_does_on_the_server_what_it_is_told(
    office: Office, peer: Dovecot, afterwards: str, flags: list[set[str]]
) -> None:
    peer.append(letter())
    server = make_server(office, peer, afterwards=afterwards)
    assert (fetch_once(server), fetch_once(server)) == (1, 0)
    assert [each - {"\\Recent"} for each in peer.flags()] == flags


@pytest.mark.django_db
@pytest.mark.parametrize(("afterwards", "left"), [("delete", 0), ("keep", 1)])
def test_deletes_or_keeps_by_pop3(office: Office, peer: Dovecot, afterwards: str, left: int) -> None:
    peer.append(letter())
    server = make_server(office, peer, protocol="pop3", afterwards=afterwards)
    assert (fetch_once(server), fetch_once(server)) == (1, 0)
    assert len(peer.flags()) == left


@pytest.mark.django_db
def test_leaves_what_is_read_already(office: Office, peer: Dovecot) -> None:
    with peer.client("mary") as client:
        client.append("INBOX", r"(\Seen)", None, letter())  # type: ignore[arg-type] # no date
    assert fetch_once(make_server(office, peer)) == 0


# --- what goes wrong -----------------------------------------------------------------------------------------------


class PowerCutError(BaseException):
    """What no code catches, as nothing runs after a kill."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_handles_once_what_was_stored_when_it_died_before_marking(
    busy_office: Office, peer: Dovecot, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.append(letter())
    server = make_server(busy_office, peer, protocol=protocol, afterwards="delete")

    def die(*_: object) -> None:
        raise PowerCutError

    with open_mailbox(server) as mailbox, monkeypatch.context() as patch:
        patch.setattr(mailbox, "settle", die)
        with pytest.raises(PowerCutError):
            collect(mailbox, server, threading.Event())
    assert subjects() == ["Hello"]
    assert len(peer.flags()) == 1
    assert fetch_once(server) == 0
    assert subjects() == ["Hello"]
    assert peer.flags() == []


@pytest.mark.django_db
def test_marks_nothing_that_could_not_be_stored(office: Office, peer: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    for subject in ("Broken", "Fine"):
        peer.append(letter(subject=subject))

    def refuse_some(arrival: collecting.Arrival) -> tuple[int, ...]:
        if b"Broken" in arrival.raw:
            raise ValueError("a bug")
        return receive(arrival)

    receive = collecting.receive
    server = make_server(office, peer)
    with monkeypatch.context() as patch:
        patch.setattr(collecting, "receive", refuse_some)
        assert [fetch_once(server) for _ in range(MAX_TRIES + 1)] == [1, 0, 0, 0]
    assert subjects() == ["Fine"]
    assert [("\\Seen" in flags) for flags in peer.flags()] == [False, True]
    assert "UID" in open_alerts().get().what_happened
    assert fetch_once(server) == 0  # given up
    try_again(server)
    assert fetch_once(server) == 1
    assert not open_alerts().exists()


@pytest.mark.django_db
def test_leaves_what_is_too_large_and_says_so_once(office: Office, peer: Dovecot, settings: Any) -> None:
    limit = settings.POSTROOM.max_message_bytes
    peer.append(letter(subject="Huge") + b"x" * 76 * (limit // 76 + 1))
    peer.append(letter(subject="Small"))
    server = make_server(office, peer)
    assert (fetch_once(server), fetch_once(server)) == (1, 0)
    assert subjects() == ["Small"]
    assert f"{limit:,}" in open_alerts().get().what_happened
    assert peer.flags()[0] - {"\\Recent"} == set()


@pytest.mark.django_db
def test_fetches_a_mailbox_anew_whose_uids_have_changed(
    office: Office, peer: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.append(letter())
    server = make_server(office, peer, afterwards="keep")
    assert fetch_once(server) == 1
    with open_mailbox(server) as mailbox:
        monkeypatch.setattr(mailbox, "epoch", "another")
        assert collect(mailbox, server, threading.Event()) == 1  # `handle` will name it a copy
    assert server.entries.get().epoch == "another"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "step"),
    [
        ({"host": "no-such-host.invalid"}, Step.RESOLVE),
        ({"port": 1}, Step.CONNECT),
        ({"encryption": "tls", "ca_certificate": ""}, Step.TLS),
        ({"encryption": "starttls", "ca_certificate": ""}, Step.TLS),
        ({"password": "wrong"}, Step.LOGIN),
        ({"password": "wrong", "protocol": "pop3"}, Step.LOGIN),
        ({"folder": "Nowhere"}, Step.FOLDER),
    ],
)
def test_says_at_which_step_it_fails(office: Office, peer: Dovecot, fields: dict[str, Any], step: Step) -> None:
    server = make_server(office, peer, **fields)
    with pytest.raises(MailboxError) as fault:
        fetch_once(server)
    assert fault.value.step is step
    *passed, last = try_server(server)
    assert (last.step, last.is_ok, last.words != "") == (step, False, True)
    assert all(finding.is_ok for finding in passed)


@pytest.mark.django_db
def test_tries_every_step_and_changes_nothing(office: Office, peer: Dovecot) -> None:
    peer.append(letter())
    findings = try_server(make_server(office, peer, encryption="tls"))
    assert [finding.step for finding in findings] == [
        "resolve",
        "connect",
        "tls",
        "greeting",
        "login",
        "folder",
        "list",
    ]
    assert findings[-1].words == "1 to fetch; is told of new mail at once"
    assert subjects() == []


# --- visits --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fetcher(busy_office: Office) -> Iterator[Fetcher]:
    fetcher = Fetcher(look_seconds=0.1)
    yield fetcher
    fetcher.stop()


def committed_subjects() -> list[str]:
    connection.close()
    return subjects()


@pytest.mark.django_db(transaction=True)
def test_hears_of_new_mail_with_idle(busy_office: Office, peer: Dovecot, fetcher: Fetcher) -> None:
    server = make_server(busy_office, peer, poll_seconds=3600)
    peer.append(letter(subject="First"))
    fetcher.start()
    assert wait_until(lambda: committed_subjects() == ["First"])
    peer.append(letter(subject="Second"))
    assert wait_until(lambda: committed_subjects() == ["First", "Second"])
    server.refresh_from_db()
    assert (server.held_by is not None, server.failures) == (True, 0)


@pytest.mark.django_db(transaction=True)
def test_one_servers_fault_delays_no_other_and_raises_one_alert(
    busy_office: Office, peer: Dovecot, fetcher: Fetcher
) -> None:
    wrong = make_server(busy_office, peer, name="Wrong", password="wrong")
    make_server(busy_office, peer, name="Right", protocol="pop3")
    peer.append(letter())
    fetcher.start()
    assert wait_until(lambda: committed_subjects() == ["Hello"])
    assert wait_until(lambda: IncomingServer.objects.get(pk=wrong.pk).failures == 1)
    assert "Wrong" in open_alerts().get().what_happened
    wrong.refresh_from_db()
    assert wrong.due_at > wrong.changed_at
    wrong.password = PASSWORD
    save_incoming_server(wrong)
    assert wait_until(lambda: IncomingServer.objects.get(pk=wrong.pk).fetched_at is not None)
    assert not open_alerts().exists()


@pytest.mark.django_db
def test_its_alert_goes_with_the_server(office: Office, peer: Dovecot) -> None:
    server = make_server(office, peer, password="wrong")
    visit(server, threading.Event(), Waiters(0))
    assert open_alerts().count() == 1
    remove_incoming_server(server)
    assert not open_alerts().exists()
    visit(server, threading.Event(), Waiters(0))  # that was under way still
    assert not open_alerts().exists()


@pytest.mark.django_db(transaction=True)
def test_ends_a_visit_when_the_server_is_switched_off(busy_office: Office, peer: Dovecot, fetcher: Fetcher) -> None:
    server = make_server(busy_office, peer)
    fetcher.start()
    assert wait_until(lambda: IncomingServer.objects.get(pk=server.pk).fetched_at is not None)
    server.is_active = False
    save_incoming_server(server)
    assert wait_until(lambda: IncomingServer.objects.get(pk=server.pk).held_by is None)


@pytest.mark.django_db
def test_reaches_nothing_inside_of_a_hosted_platforms_network(office: Office, peer: Dovecot, settings: Any) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True)
    with pytest.raises(MailboxError) as fault:
        fetch_once(make_server(office, peer))
    assert fault.value.step is Step.CONNECT
