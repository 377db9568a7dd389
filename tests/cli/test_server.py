"""Can a person set up servers and look at their queues from the command line?"""

from pathlib import Path

import pytest

from postroom.servers.models import OutgoingServer
from tests.cli.conftest import Postroom, run

HERE = ("--workspace", "company-name")


@pytest.fixture(autouse=True)
def workspace(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")


def test_where_there_is_nothing_that_is_said_and_no_line_printed() -> None:
    for command, sentence in {
        ("server", "list"): "There are no outgoing servers: mail leaves through the default server.\n",
        ("server", "queue"): "No server has been given mail yet.\n",
        ("alerts",): "There are no open alerts.\n",
        ("alerts", "--resolved"): "There are no alerts.\n",
        ("suppression", "list"): "No address is suppressed.\n",
        ("suppression", "list", "@a.example"): "None of these is on the list.\n",
        ("webhook", "list"): "There are no webhooks.\n",
        ("alias", "retired"): "There are no retired addresses.\n",
        ("oauth", "list"): "Postroom is registered nowhere yet; see `postroom oauth app`.\n",
        ("thread", "list"): "There are no records.\n",
        ("thread", "list", "--paused"): "There is no such record.\n",
        ("inbound", "desk", "list"): "No such mail waits.\n",
        ("inbound", "desk", "list", "--dropped"): "No such mail was dropped.\n",
        ("inbound", "desk", "rules"): "There are no rules.\n",
    }.items():
        result = run(*command, *HERE)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", sentence)


def test_a_server_is_shown_who_we_are_by_a_certificate(postroom: Postroom, tmp_path: Path) -> None:
    certificate, key = tmp_path / "us.pem", tmp_path / "us.key"
    certificate.write_text("the certificate")
    key.write_text("the key")
    files = ("--certificate-file", str(certificate), "--key-file", str(key))
    place = ("--host", "relay.example.com", "--authentication", "certificate")
    shown = postroom("server", "add", "Relay", *HERE, *place, *files)
    assert "the key" not in shown
    server = OutgoingServer.objects.get()
    assert (server.authentication, server.client_certificate, server.client_key) == (
        "certificate", "the certificate", "the key",
    )  # fmt: skip


def test_what_a_server_bears_is_set_and_stays_until_it_is_changed(postroom: Postroom) -> None:
    wishes = ("--max-bytes", "10000000", "--per-connection", "20", "--log-dialog")
    postroom("server", "add", "Brevo", *HERE, "--host", "relay.example.com", *wishes)
    postroom("server", "add", "Brevo", *HERE, "--no-log-dialog")
    server = OutgoingServer.objects.get()
    assert (server.max_message_bytes, server.max_messages_per_connection, server.logs_dialog) == (10_000_000, 20, False)


@pytest.mark.parametrize(
    "odd",
    [
        ("--port", "0"),
        ("--port", "99999999999999999999"),
        ("--priority", "99999999999999999999"),
        ("--per-day", "0"),
        ("--per-second", "-3"),
        ("--connections", "0"),
        ("--max-bytes", "0"),
        ("--host", "smtp://relay.example.com"),
        ("--host", ""),
        ("--from-filter", "@company-name.com"),
        ("--from-filter", "\x00"),
        ("--authentication", "certificate"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(refused: Postroom, odd: tuple[str, str]) -> None:
    assert refused("server", "add", "Brevo", *HERE, "--host", "relay.example.com", *odd).endswith(".")
    assert not OutgoingServer.objects.exists()


def test_an_archived_server_is_neither_dedicated_nor_forced(postroom: Postroom, refused: Postroom) -> None:
    postroom("server", "add", "Old", *HERE, "--host", "relay.example.com")
    postroom("server", "archive", "old", *HERE)
    assert refused("server", "dedicate", "old", *HERE).startswith("“Old” is archived")
    assert refused("template", "add", "Welcome", *HERE, "--server", "old").startswith("“Old” is archived")


def test_mail_of_a_server_that_does_not_exist_is_not_steered(postroom: Postroom, refused: Postroom) -> None:
    assert "no outgoing server “Bervo”" in refused("mail", "cancel", *HERE, "--server", "Bervo")
    assert postroom("mail", "cancel", *HERE, "--server", "") == "cancel: 0 deliveries.\n"


@pytest.mark.parametrize("option", ["--recipient", "--tag"])
@pytest.mark.parametrize("value", ["", " ", "@"])
def test_an_empty_narrowing_is_not_taken_for_all_mail(option: str, value: str) -> None:
    result = run("mail", "cancel", *HERE, option, value)
    assert result.exit_code == 2
    assert "leave the option out to mean all" in result.stderr


def test_a_time_without_end_is_refused_in_a_sentence() -> None:
    result = run("suppression", "add", "joe@customer.example.com", *HERE, "--days", "99999999999")
    assert (result.exit_code, "is not in the range" in result.stderr) == (2, True)


@pytest.mark.parametrize("option", ["--ca-file", "--password-file", "--certificate-file", "--key-file"])
def test_a_file_that_is_no_text_is_named(refused: Postroom, tmp_path: Path, option: str) -> None:
    file = tmp_path / "key.der"
    file.write_bytes(b"\x30\x82\xd0\xff")
    said = refused("server", "add", "Relay", *HERE, "--host", "relay.example.com", option, str(file))
    assert said == f"{file} is not a text file (UTF-8)."


def test_a_record_of_the_default_server_is_listed_as_that(postroom: Postroom) -> None:
    postroom("server", "add", "Ours", *HERE, "--default-server", "--from-filter", "company-name.example")
    assert postroom("server", "list", *HERE) == "  10  Ours  the default server  company-name.example\n"
