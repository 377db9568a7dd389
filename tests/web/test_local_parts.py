"""Does the page name every address that a provider must let through?"""

from django.test import Client

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.mailings.models import Template
from postroom.outbound.models import Stream
from postroom.outbound.submit import Submission, submit
from postroom.policy.composition import read_draft
from postroom.workspaces.access import company_of
from postroom.workspaces.models import Workspace


def test_lists_bounce_default_from_administrators_and_templates(owner: Client, workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    save_alias_domain(AliasDomain(workspace=workspace, name="second.com", default_from="office@second.com"))
    Template.objects.create(workspace=workspace, name="Invoice", header_from="billing@company-name.com")
    text = owner.get("/settings/local-part-values").content.decode()
    for address in (
        "bounce@company-name.com", "notifications@company-name.com", "bounce@second.com", "office@second.com",
        f"notifications@{workspace.subdomain}", "olga@company-name.com", "billing@company-name.com",
    ):  # fmt: skip
        assert f">{address}<" in text
    assert "office@second.com@second.com" not in text


def test_lists_whom_campaigns_came_from(owner: Client, workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    for stream, author in (
        (Stream.MASS, '"News" <news@company-name.com>'),
        (Stream.MASS, "news@company-name.com"),
        (Stream.TRANSACTIONAL, "joe@company-name.com"),
    ):
        draft = read_draft({"from": author, "to": "mary@customer.example.com", "subject": "Offers", "text": "Look."})
        submit(
            [
                Submission(
                    content=draft, company=company_of(workspace, None), source="http", stream=stream, campaign="spring"
                )
            ]
        )
    text = owner.get("/settings/local-part-values").content.decode()
    assert text.count(">news@company-name.com<") == 1
    assert "joe@company-name.com" not in text


def test_names_nobody_of_another_workspace(outsider: Client, workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    assert b"company-name.com" not in outsider.get("/settings/local-part-values?workspace=company-name").content


def test_is_for_those_who_see_settings(member: Client) -> None:
    assert member.get("/settings/local-part-values").status_code == 403
