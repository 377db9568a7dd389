"""Where and how is each kind of server connected to?"""

from dataclasses import replace

import pytest
from pytest_django import Settings

from postroom.servers.endpoints import BlockedPortError, NoDefaultServerError, NotConnectedError, endpoint_of
from postroom.servers.models import OutgoingServer
from postroom.smtp.endpoint import Password, Security, Timeouts
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace

Authentication = OutgoingServer.Authentication


def server(**fields: object) -> OutgoingServer:
    workspace = create_workspace("company-name", company="My Company")
    return OutgoingServer(workspace=workspace, **{"name": "Company mail", "host": "smtp.example.com", **fields})


def use_default_server(settings: Settings, url: str | None) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, default_server=url)


@pytest.mark.parametrize(
    ("encryption", "security"),
    [
        ("none", Security.NONE),
        ("opportunistic", Security.OPPORTUNISTIC),
        ("starttls", Security.STARTTLS),
        ("tls", Security.TLS),
    ],
)
def test_a_server_with_a_login(db: None, encryption: str, security: Security) -> None:
    endpoint = endpoint_of(server(encryption=encryption, port=465, username="mary", password="secret"))
    assert (endpoint.host, endpoint.port, endpoint.security) == ("smtp.example.com", 465, security)
    assert endpoint.credentials == Password("mary", "secret")
    assert (endpoint.ehlo_name, endpoint.verify, endpoint.ca_data) == ("company-name.example", True, None)


def test_silence_is_borne_no_longer_than_is_set(db: None, settings: Settings) -> None:
    patient = server()
    assert endpoint_of(patient).timeouts == Timeouts()
    settings.POSTROOM = replace(settings.POSTROOM, smtp_patience=20)
    assert endpoint_of(patient).timeouts.message == 20
    assert endpoint_of(patient).timeouts.quit == Timeouts().quit


def test_a_server_without_a_username_is_not_logged_in_to(db: None) -> None:
    assert endpoint_of(server(password="left over")).credentials is None


def test_a_server_that_proves_itself_otherwise(db: None) -> None:
    endpoint = endpoint_of(server(ca_certificate="PEM", verifies_certificate=False))
    assert (endpoint.ca_data, endpoint.verify) == ("PEM", False)


def test_a_server_with_a_client_certificate(db: None) -> None:
    fields = {"client_certificate": "CERTIFICATE", "client_key": "KEY"}
    certificate = endpoint_of(server(authentication=Authentication.CERTIFICATE, **fields)).client_certificate
    assert certificate is not None
    assert (certificate.certificate, certificate.key) == (b"CERTIFICATE", b"KEY")


def test_a_certificate_that_is_no_longer_chosen_is_not_shown(db: None) -> None:
    assert endpoint_of(server(client_certificate="CERTIFICATE", client_key="KEY")).client_certificate is None


@pytest.mark.parametrize("authentication", [Authentication.GMAIL, Authentication.OUTLOOK])
def test_an_account_that_is_not_connected_says_so(db: None, authentication: str) -> None:
    with pytest.raises(NotConnectedError, match="not connected"):
        endpoint_of(server(authentication=authentication))


@pytest.mark.parametrize(
    ("url", "host", "port", "security"),
    [
        ("smtp://127.0.0.1", "127.0.0.1", 25, Security.NONE),
        ("smtp://relay.example.com:2525", "relay.example.com", 2525, Security.NONE),
        ("smtp+starttls://relay.example.com", "relay.example.com", 587, Security.STARTTLS),
        ("smtps://relay.example.com", "relay.example.com", 465, Security.TLS),
        ("smtps://[2001:db8::1]:4465", "2001:db8::1", 4465, Security.TLS),
    ],
)
def test_the_default_server_is_read_from_its_url(
    settings: Settings, url: str, host: str, port: int, security: Security
) -> None:
    use_default_server(settings, url)
    endpoint = endpoint_of(None)
    assert (endpoint.host, endpoint.port, endpoint.security) == (host, port, security)
    assert (endpoint.credentials, endpoint.ehlo_name) == (None, "example")


def test_a_login_in_the_url_may_hold_any_character(settings: Settings) -> None:
    use_default_server(settings, "smtps://mary%40company-name.com:p%3Aa%2Fss%20word@relay.example.com")
    assert endpoint_of(None).credentials == Password("mary@company-name.com", "p:a/ss word")


def test_a_record_of_the_default_server_leads_to_it_whatever_its_own_fields_say(db: None, settings: Settings) -> None:
    use_default_server(settings, "smtp://relay.example.com:2525")
    record = server(authentication=Authentication.DEFAULT_SERVER, username="mary", password="secret")
    assert endpoint_of(record) == endpoint_of(None)


def test_without_a_default_server_a_person_is_told_what_to_set(settings: Settings) -> None:
    use_default_server(settings, None)
    with pytest.raises(NoDefaultServerError, match="POSTROOM_DEFAULT_SERVER"):
        endpoint_of(None)


def test_a_hosted_platform_reaches_workspaces_servers_on_the_internet_alone(db: None, settings: Settings) -> None:
    use_default_server(settings, "smtp://127.0.0.1:25")
    assert not endpoint_of(server(port=25)).is_public_only
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True)
    assert endpoint_of(OutgoingServer(workspace=Workspace.objects.get(), host="smtp.example.com")).is_public_only
    assert not endpoint_of(None).is_public_only, "the platform chooses where its own server is"
    stored_before = OutgoingServer(workspace=Workspace.objects.get(), host="smtp.example.com", port=25)
    with pytest.raises(BlockedPortError):
        endpoint_of(stored_before)
