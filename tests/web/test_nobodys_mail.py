"""Do those who look after the installation find mail that belongs to no workspace, and nobody else?"""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.inbound.handle import handle_received
from postroom.inbound.models import IncomingMessage, State
from postroom.workspaces.models import Workspace
from tests.inbound.mail import letter, take
from tests.web.samples import make_member

PATH = "/installation/mail"


@pytest.fixture
def lost(workspace: Workspace) -> IncomingMessage:
    return take(letter("To: info@unknown.example", subject="Whose roof?"), "info@unknown.example")


def shown(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response
    return response.content.decode()


def decide(client: Client, row: IncomingMessage, act: str, **fields: str) -> IncomingMessage:
    assert client.post(f"{PATH}/decide", {"act": act, "mail": row.pk, **fields}).status_code == 302
    handle_received()
    row.refresh_from_db()
    return row


def test_home_leads_to_it_and_shows_what_it_says(owner: Client, lost: IncomingMessage) -> None:
    assert f'href="{PATH}"' in shown(owner, "/")
    assert "Whose roof?" in shown(owner, PATH)
    page = shown(owner, f"{PATH}/{lost.pk}")
    assert "How are you?" in page
    assert lost.reason in page
    assert b"Whose roof?" in owner.get(f"{PATH}/{lost.pk}/raw").content


def test_a_workspace_gets_it_on_its_desk(owner: Client, lost: IncomingMessage, workspace: Workspace) -> None:
    row = decide(owner, lost, "give", to="no-such-name")
    assert row.workspace is None
    row = decide(owner, lost, "give", to=workspace.slug)
    assert (row.workspace, row.state) == (workspace, State.UNROUTED)
    assert "Whose roof?" in shown(owner, "/desk")
    assert "Whose roof?" not in shown(owner, PATH)
    assert owner.get(f"{PATH}/{lost.pk}").status_code == 404


def test_it_finds_its_place_once_the_domain_is_there(
    owner: Client, lost: IncomingMessage, workspace: Workspace
) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="unknown.example"))
    assert decide(owner, lost, "replay").workspace == workspace


def test_it_is_dropped_and_restored(owner: Client, lost: IncomingMessage) -> None:
    assert decide(owner, lost, "drop").state == State.DROPPED
    assert "None waits" in shown(owner, PATH)
    assert "Whose roof?" in shown(owner, f"{PATH}?state=dropped")
    assert decide(owner, lost, "restore").state == State.UNROUTED
    assert owner.post(f"{PATH}/decide", {"act": "burn", "mail": lost.pk}).status_code == 400


def test_on_a_hosted_platform_its_administrators_alone_see_it(
    owner: Client, member: Client, lost: IncomingMessage, settings: Any
) -> None:
    assert member.get(PATH).status_code == 404
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True)
    assert owner.get(PATH).status_code == 404
    assert PATH not in shown(owner, "/")
    person = make_member(None, "root@platform.example")
    person.is_platform_administrator = True
    person.save()
    client = Client()
    client.force_login(person)
    assert "Whose roof?" in shown(client, PATH)


def test_mail_of_a_workspace_is_not_to_be_reached_by_it(owner: Client, workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    row = take(letter(), "nobody@company-name.com")
    assert owner.get(f"{PATH}/{row.pk}/raw").status_code == 404
    assert decide(owner, row, "drop").state == State.UNROUTED
