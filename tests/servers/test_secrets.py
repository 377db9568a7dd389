"""Who can read a server's password (requirement C4)?"""

import json

import pytest
from django.db import connection
from pytest_django import Settings

from postroom.servers.endpoints import endpoint_of
from postroom.servers.models import OutgoingServer
from postroom.servers.save import save_server
from postroom.vault import SealBrokenError, seal, unseal
from postroom.workspaces.create import create_workspace

SECRET = "correct horse battery"


@pytest.fixture
def server(db: None) -> OutgoingServer:
    workspace = create_workspace("company-name", company="My Company")
    return save_server(
        OutgoingServer(
            workspace=workspace,
            name="Company mail",
            host="smtp.example.com",
            authentication=OutgoingServer.Authentication.CERTIFICATE,
            username="mary",
            password=SECRET,
            client_certificate="-----BEGIN CERTIFICATE-----",
            client_key=SECRET,
        )
    )


def stored() -> str:
    """The rows as they are in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT json_agg(s) FROM servers_outgoingserver AS s")
        return json.dumps(cursor.fetchone())


def test_passwords_and_keys_are_encrypted_in_the_database(server: OutgoingServer) -> None:
    assert SECRET not in stored()
    with connection.cursor() as cursor:
        cursor.execute("SELECT password, client_key FROM servers_outgoingserver")
        password, key = cursor.fetchone()
    assert password.startswith("v1:")
    assert password != key  # the same text twice does not show
    assert OutgoingServer.objects.get().password == OutgoingServer.objects.get().client_key == SECRET


def test_changes_past_save_are_encrypted_too(server: OutgoingServer) -> None:
    OutgoingServer.objects.update(password="another secret")
    OutgoingServer.objects.bulk_create(
        [OutgoingServer(workspace=server.workspace, name="Second", password="another secret")]
    )
    assert "another secret" not in stored()
    assert OutgoingServer.objects.get(name="Second").password == "another secret"


def test_no_password_stays_no_password(server: OutgoingServer) -> None:
    OutgoingServer.objects.update(password="")
    assert OutgoingServer.objects.get().password == ""
    assert endpoint_of(OutgoingServer.objects.get()).host == "smtp.example.com"


def test_a_server_and_its_endpoint_do_not_show_the_password(server: OutgoingServer) -> None:
    endpoint = endpoint_of(server)
    for shown in (repr(server), str(server), repr(endpoint), str(endpoint), f"{[endpoint.credentials]}"):
        assert SECRET not in shown


def test_with_another_secret_key_a_person_is_told_which_setting_to_restore(
    server: OutgoingServer, settings: Settings
) -> None:
    settings.SECRET_KEY = "another key"
    with pytest.raises(SealBrokenError) as refusal:
        OutgoingServer.objects.get()
    assert "POSTROOM_SECRET_KEY" in refusal.value.message
    assert SECRET not in refusal.value.message


@pytest.mark.parametrize("stored", ["", "plain text", "v1:", "v1:é", "v2:" + "A" * 100])
def test_what_was_not_sealed_is_refused(stored: str) -> None:
    with pytest.raises(SealBrokenError):
        unseal(stored)


def test_a_secret_altered_anywhere_is_refused() -> None:
    sealed = seal(SECRET)
    for place in range(len("v1:"), len(sealed) - 4, 7):
        altered = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(SealBrokenError):
            unseal(altered)


def test_any_text_can_be_sealed() -> None:
    for text in (SECRET, "пароль 🔑", "x" * 10_000):
        assert unseal(seal(text)) == text
