"""Which outgoing servers can be stored, and what is a person told of the others (requirement C1)?"""

from dataclasses import replace

import pytest
from pytest_django import Settings

from postroom.servers.endpoints import BlockedPortError
from postroom.servers.models import OutgoingServer
from postroom.servers.save import InvalidServerError, save_server, warnings
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace

Authentication = OutgoingServer.Authentication


@pytest.fixture
def workspace(db: None) -> Workspace:
    return create_workspace("company-name", company="My Company")


def server(workspace: Workspace, **fields: object) -> OutgoingServer:
    return OutgoingServer(workspace=workspace, **{"name": "Company mail", "host": "smtp.example.com", **fields})


def test_a_new_server_has_the_usual_values(workspace: Workspace) -> None:
    saved = save_server(server(workspace))
    assert (saved.priority, saved.port, saved.encryption, saved.authentication) == (10, 587, "starttls", "login")
    assert (saved.verifies_certificate, saved.is_active, saved.max_connections) == (True, True, 5)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": "  "}, "name", "name to recognise it by"),
        ({"name": "x" * 201}, "name", "at most 200 characters"),
        ({"host": ""}, "host", "host name, as your provider gives it"),
        ({"host": "smtp://smtp.example.com"}, "host", "is not a host name"),
        ({"host": "smtp.example.com:587"}, "host", "the port in its own field"),
        ({"host": "two words"}, "host", "is not a host name"),
        ({"host": "smtp.example.com\r\nX: y"}, "host", "is not a host name"),
        ({"host": "mün chen.example"}, "host", "is not a host name"),
        ({"port": 0}, "port", "from 1 to 65535"),
        ({"port": 65536}, "port", "from 1 to 65535"),
        ({"port": "many"}, "port", "must be an integer"),
        ({"priority": 10**12}, "priority", "less than or equal to"),
        ({"encryption": "rot13"}, "encryption", "not a valid choice"),
        ({"authentication": "magic"}, "authentication", "not a valid choice"),
        ({"max_connections": 0}, "max_connections", "at least 1"),
        ({"max_messages_per_connection": 0}, "max_messages_per_connection", "at least 1"),
        ({"max_messages_per_minute": 0}, "max_messages_per_minute", "at least 1"),
        ({"max_message_bytes": -1}, "max_message_bytes", "greater than or equal to"),
        ({"from_filter": "company-name.com, not a domain"}, "from_filter", "not a domain"),
        ({"dkim_selectors": "s1, two words"}, "dkim_selectors", "“two words” is not a DKIM selector"),
        ({"signed_by": "nobody"}, "signed_by", "not a valid choice"),
        ({"authentication": Authentication.CERTIFICATE}, "client_certificate", "needs the certificate and its key"),
    ],
)
def test_a_wrong_field_is_named_with_what_to_write(
    workspace: Workspace, fields: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(InvalidServerError) as refusal:
        save_server(server(workspace, **fields))
    assert refusal.value.field == field
    assert words in refusal.value.message
    assert refusal.value.message.endswith(".")
    assert not OutgoingServer.objects.exists()


@pytest.mark.parametrize(
    ("host", "stored"),
    [
        (" smtp.example.com ", "smtp.example.com"),
        ("smtp-relay.example.com", "smtp-relay.example.com"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("mail_server", "mail_server"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("::1", "::1"),
    ],
)
def test_a_host_is_a_name_or_an_address(workspace: Workspace, host: str, stored: str) -> None:
    assert save_server(server(workspace, host=host)).host == stored


def test_selectors_are_cut_out_of_what_a_console_shows(workspace: Workspace) -> None:
    saved = save_server(server(workspace, dkim_selectors=" S1 ,, s2._domainkey.company-name.com,"))
    assert saved.dkim_selectors == "s1, s2"


def test_the_default_server_needs_no_host(workspace: Workspace) -> None:
    assert save_server(server(workspace, host="", authentication=Authentication.DEFAULT_SERVER)).pk


def test_an_empty_filter_is_warned_about_with_advice(workspace: Workspace) -> None:
    (warning,) = warnings(server(workspace))
    assert "under the notification address" in warning
    assert warnings(server(workspace, from_filter="company-name.com")) == []


def test_port_25_is_refused_on_a_hosted_platform_alone(workspace: Workspace, settings: Settings) -> None:
    """Requirement C3."""
    assert save_server(server(workspace, name="Here", port=25)).port == 25
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True)
    with pytest.raises(BlockedPortError, match="port 465, 587 or 2525") as refusal:
        save_server(server(workspace, port=25))
    assert refusal.value.field == "port"
    default = server(workspace, authentication=Authentication.DEFAULT_SERVER, port=25)
    assert save_server(default).pk, "the platform's own server is not reached at the row's port"
