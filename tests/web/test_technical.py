"""Do parameters, aliases, templates and scheduled actions show what holds, and refuse what cannot be?"""

import json

import pytest
from django.db import connection
from django.test import Client

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.aliases import save_alias
from postroom.domains.models import Alias, AliasDomain, RetiredAddress
from postroom.mailings.models import Template
from postroom.policy.permission import Role
from postroom.servers.models import OutgoingServer
from postroom.web.parameter_words import KNOWN
from postroom.workspaces import parameters
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Change, SystemParameter, Workspace
from tests.inbound.mail import letter, take
from tests.web.conversations import make_record
from tests.web.samples import make_member

PARAMETERS, ALIASES, TEMPLATES = "/settings/parameters", "/settings/aliases", "/settings/templates"
ACTIONS = "/settings/scheduled-actions"
ALIAS = {"local_part": "Sales", "alias_domain": "", "policy": "everyone", "defaults": "{}"}


@pytest.fixture
def manager(workspace: Workspace) -> Client:
    browser = Client()
    browser.force_login(make_member(workspace, "max@company-name.com", role=Role.MANAGER))
    return browser


def text_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_known_parameters_are_explained_and_others_are_allowed(owner: Client, workspace: Workspace) -> None:
    SystemParameter.objects.create(workspace=workspace, key="crm.team", value="2")
    text = text_of(owner, PARAMETERS)
    assert "mail.catchall.domain.allowed" in text
    assert "keeps its sender" in text
    assert "Postroom does not read it" in text


def test_every_parameter_that_the_program_reads_is_explained() -> None:
    named = {value for name, value in vars(parameters).items() if name.isupper() and isinstance(value, str)}
    assert set(KNOWN) == named


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("mail.default.from_filter", "company-name.com, Brevo", "“Brevo” is neither"),
        ("mail.catchall.domain.allowed", "company-name.com, not a domain", "“not a domain” is no domain"),
        ("mail.reply.address", "nobody", "Write one of: signed, catchall"),
        ("mail.gateway.loop.minutes", "0", "Write a whole number"),
        ("mail.gateway.loop.threshold", "²", "Write a whole number"),
        ("mail.gateway.loop.threshold", "9" * 5000, "Write a whole number"),
    ],
)
def test_a_known_parameter_is_checked(owner: Client, workspace: Workspace, key: str, value: str, words: str) -> None:
    SystemParameter.objects.all().delete()
    assert words in owner.post(f"{PARAMETERS}/new", {"key": key, "value": value}).content.decode()
    assert not SystemParameter.objects.exists()


def test_a_parameter_is_set_changed_and_removed(owner: Client, workspace: Workspace) -> None:
    owner.post(f"{PARAMETERS}/new", {"key": "mail.reply.address", "value": "catchall"})
    row = SystemParameter.objects.get(key="mail.reply.address")
    assert "set already" in owner.post(f"{PARAMETERS}/new", {"key": row.key, "value": "signed"}).content.decode()
    owner.post(f"{PARAMETERS}/{row.pk}", {"key": row.key, "value": "signed"})
    row.refresh_from_db()
    assert row.value == "signed"
    owner.post(f"{PARAMETERS}/{row.pk}/remove", {"typed": row.key})
    assert not SystemParameter.objects.filter(key="mail.reply.address").exists()
    assert Change.objects.filter(kind="system parameter").count() == 3


def test_an_alias_is_made_and_its_name_made_clean(owner: Client, workspace: Workspace) -> None:
    domain = save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    wanted = ALIAS | {"alias_domain": domain.pk, "local_part": "Équipe Ventes", "record_type": "crm.lead"}
    owner.post(f"{ALIASES}/new", wanted | {"defaults": '{"team": 2}', "policy": "known", "refusal": "Call us."})
    alias = Alias.objects.get()
    assert (alias.address, alias.defaults, alias.policy) == ("equipe-ventes@company-name.com", {"team": 2}, "known")
    text = text_of(owner, ALIASES)
    assert all(words in text for words in ("equipe-ventes@company-name.com", "known contacts", "not tested"))
    assert Change.objects.filter(kind="alias").exists()


def test_the_form_of_a_new_alias_is_empty(owner: Client) -> None:
    text = text_of(owner, f"{ALIASES}/new")
    assert "object at" not in text
    assert " selected>everyone" in text


def test_an_alias_that_somebody_holds_is_refused_by_name(owner: Client, workspace: Workspace) -> None:
    domain = save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    text = owner.post(f"{ALIASES}/new", ALIAS | {"alias_domain": domain.pk, "local_part": "bounce"}).content.decode()
    assert "is already the bounce address of the alias domain company-name.com" in text


@pytest.mark.parametrize("defaults", ["[1]", "{", '"x"'])
def test_default_values_are_an_object(owner: Client, defaults: str) -> None:
    assert owner.post(f"{ALIASES}/new", ALIAS | {"defaults": defaults}).context["form"].errors.keys() == {"defaults"}


def test_an_alias_changes_and_goes_and_its_addresses_are_retired(owner: Client, workspace: Workspace) -> None:
    alias = save_alias(Alias(workspace=workspace, local_part="sales"))
    owner.post(f"{ALIASES}/{alias.pk}", ALIAS | {"local_part": "contact", "confirmed": "yes"})
    assert Alias.objects.get().local_part == "contact"
    owner.post(f"{ALIASES}/{alias.pk}/remove", {"typed": "contact"})
    assert set(RetiredAddress.objects.values_list("address", flat=True)) == {
        f"{name}@{workspace.subdomain}" for name in ("sales", "contact")
    }
    assert owner.get(f"{ALIASES}/{alias.pk}").status_code == 404


def test_who_uses_an_alias_is_told_before_it_changes_or_goes(owner: Client, workspace: Workspace) -> None:
    first, second = (
        save_alias_domain(AliasDomain(workspace=workspace, name=f"{name}-company.com")) for name in ("first", "second")
    )
    leads = make_record(workspace).type.key
    alias = Alias(workspace=workspace, local_part="info", alias_domain=first, record_type=leads)
    save_alias(alias, further_domains=[second])
    take(letter(), "info@first-company.com")
    page, fields = f"{ALIASES}/{alias.pk}", ALIAS | {"alias_domain": first.pk, "record_type": leads}
    same = fields | {"local_part": "Info", "further_domains": [second.pk]}
    assert owner.post(page, same).status_code == 302
    text = owner.post(page, fields | {"local_part": "info"}).content.decode()
    assert "info@second-company.com is used by no open conversation and no unsent message." in text
    assert "info@first-company.com is used" not in text
    text = owner.post(page, same | {"local_part": "hello"}).content.decode()
    assert "info@first-company.com is used by 1 open conversation and 0 unsent messages." in text
    assert Alias.objects.get().local_part == "info"
    assert "info@first-company.com is used by 1 open conversation" in text_of(owner, f"{page}/remove")
    owner.post(page, same | {"local_part": "hello", "confirmed": "yes"})
    assert Alias.objects.get().local_part == "hello"


def test_a_template_has_a_from_and_a_server(owner: Client, workspace: Workspace) -> None:
    server = OutgoingServer.objects.create(workspace=workspace, name="Brevo", host="mx.example.com")
    wanted = {"name": "Invoice", "header_from": "Billing <billing@company-name.com>", "server": server.pk}
    owner.post(f"{TEMPLATES}/new", wanted)
    template = Template.objects.get()
    assert (template.header_from, template.server) == ('"Billing" <billing@company-name.com>', server)
    assert "There is a template of that name" in owner.post(f"{TEMPLATES}/new", wanted).content.decode()
    bad = owner.post(f"{TEMPLATES}/{template.pk}", wanted | {"header_from": "nobody"})
    assert bad.context["form"].errors.keys() == {"header_from"}
    assert "Brevo" in text_of(owner, TEMPLATES)
    owner.post(f"{TEMPLATES}/{template.pk}/remove", {"typed": "Invoice"})
    assert not Template.objects.exists()


def test_what_belongs_to_others_is_neither_found_nor_chosen(owner: Client) -> None:
    other = create_workspace("third-name", company="Third")
    alias = save_alias(Alias(workspace=other, local_part="sales"))
    template = Template.objects.create(workspace=other, name="Invoice")
    server = OutgoingServer.objects.create(workspace=other, name="Brevo", host="mx.example.com")
    for path in (
        f"{ALIASES}/{alias.pk}", f"{ALIASES}/{alias.pk}/remove", f"{TEMPLATES}/{template.pk}",
        f"{PARAMETERS}/{other.parameters.get().pk}",
    ):  # fmt: skip
        assert owner.get(path).status_code == 404
    answer = owner.post(f"{TEMPLATES}/new", {"name": "Invoice", "header_from": "", "server": server.pk})
    assert answer.context["form"].errors.keys() == {"server"}


def test_a_manager_looks_and_changes_nothing(manager: Client, workspace: Workspace) -> None:
    alias = save_alias(Alias(workspace=workspace, local_part="sales"))
    for path in (PARAMETERS, ALIASES, TEMPLATES, ACTIONS):
        text_of(manager, path)
    assert manager.post(f"{ALIASES}/{alias.pk}", ALIAS).status_code == 403
    assert manager.get(f"{TEMPLATES}/new").status_code == 403


def test_scheduled_actions_are_listed_and_run_on_demand(owner: Client) -> None:
    assert "Remove mail that is no longer kept" in text_of(owner, ACTIONS)
    path = f"{ACTIONS}/outbound.prune/run"
    assert "as soon as a worker is free" in owner.post(path, follow=True).content.decode()
    assert "It is to run already" in owner.post(path, follow=True).content.decode()
    assert "runs, or is about to" in text_of(owner, ACTIONS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_name, args FROM procrastinate_jobs WHERE task_name = 'outbound.prune'")
        ((queue, arguments),) = cursor.fetchall()
    told = arguments if isinstance(arguments, dict) else json.loads(arguments)
    assert (queue, list(told)) == ("chores", ["timestamp"])
    assert owner.post(f"{ACTIONS}/servers.try_server/run").status_code == 404
