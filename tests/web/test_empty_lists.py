"""Does each list that has nothing in it say so, and what to do next?"""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Workspace
from tests.web.conversations import make_record

LISTS = (
    "messages", "records", "inbox", "contacts", "desk", "desk-rules", "nobodys-mail", "suppressed", "captured-list",
    "alerts", "servers", "incoming-servers", "alias-domains", "aliases", "templates", "keys", "audit-log",
)  # fmt: skip
# Always something in them: oneself, what the program knows, the first company.
NEVER_EMPTY = {
    "companies", "people", "sessions", "parameters", "scheduled-actions", "oauth-apps", "local-parts", "receiving",
    "platform-oauth-apps",
}  # fmt: skip
SEARCHED = (
    "messages?text=nowhere", "messages?status=held", "records?text=nowhere", "contacts?text=nowhere",
    "desk?author=nobody@example.com", "desk?state=dropped", "suppressed?text=nowhere@example.com",
    "captured-list?text=nowhere", "inbox?show=all", "alerts?state=over", "nobodys-mail?state=dropped",
)  # fmt: skip
CARD = re.compile(r'<div class="card empty-state.*?</div>', re.DOTALL)
SENTENCE = re.compile(r"<p[^>]*>[^<]{20,}")
STEP = re.compile(r'<a [^>]*href="|<button|<pre')  # a command to copy is a step too


def empty_state(client: Client, name: str) -> str:
    route, _, query = name.partition("?")
    answer = client.get(f"{reverse(route)}?{query}")
    assert answer.status_code == 200
    page = answer.content.decode()
    found = CARD.search(page)
    assert found, f"{name} says nothing where there is nothing"
    # What can be filled in on the page itself is the next step, too.
    return found[0] + "".join(
        re.findall(r'<form method="post"(?! action="/(?:pref|logout)).*?</form>', page, re.DOTALL)
    )


@pytest.mark.parametrize("name", LISTS)
def test_says_what_to_do_next(owner: Client, workspace: Workspace, name: str) -> None:
    OutgoingServer.objects.all().delete()
    workspace.alias_domains.all().delete()
    told = empty_state(owner, name)
    assert SENTENCE.search(told), told
    assert STEP.search(told), told


@pytest.mark.parametrize("name", SEARCHED)
def test_leads_back_from_a_search_that_finds_nothing(owner: Client, workspace: Workspace, name: str) -> None:
    make_record(workspace)
    assert STEP.search(empty_state(owner, name))


def test_says_what_to_do_where_nobody_follows(owner: Client, workspace: Workspace) -> None:
    record = make_record(workspace)
    told = owner.get(reverse("followers", args=[record.pk])).content.decode()
    assert SENTENCE.search(CARD.findall(told)[0])


def test_the_platforms_lists_lead_back_too(owner: Client, workspace: Workspace, settings: Any) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True)
    person = workspace.memberships.latest("pk").user
    person.is_platform_administrator = True
    person.save(update_fields=["is_platform_administrator"])
    assert STEP.search(empty_state(owner, "platform?text=nowhere"))
