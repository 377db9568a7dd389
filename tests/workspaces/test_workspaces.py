"""What does a new workspace have, and who gets into it?"""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from postroom.workspaces.access import UnknownCompanyError, company_of, workspaces_of
from postroom.workspaces.create import create_workspace
from postroom.workspaces.keys import create_key, find_key
from postroom.workspaces.models import ApiKey, Company, Membership, User, Workspace
from postroom.workspaces.parameters import DEFAULT_FROM_FILTER, parameter, set_parameter

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return create_workspace("company-name", company="My Company")


def test_a_new_workspace_has_a_company_and_may_send_from_its_sub_domain(workspace: Workspace) -> None:
    assert workspace.subdomain == "company-name.example"
    assert [company.name for company in workspace.companies.all()] == ["My Company"]
    assert parameter(workspace, DEFAULT_FROM_FILTER) == "company-name.example"


@pytest.mark.parametrize("slug", ["", "Company", "two words", "-a", "a-", "a.b", "a_b", "ä", "x" * 64, "a\n"])
def test_a_name_that_cannot_be_a_sub_domain_is_refused_and_nothing_stored(slug: str) -> None:
    with pytest.raises(ValidationError):
        create_workspace(slug, company="My Company")
    assert not Workspace.objects.exists()
    assert not Company.objects.exists()


def test_a_workspace_name_is_given_once(workspace: Workspace) -> None:
    with pytest.raises(ValidationError, match="already exists"):
        create_workspace("company-name", company="Another Company")


def test_a_company_is_found_by_name_in_any_case_and_the_first_one_without(workspace: Workspace) -> None:
    second = Company.objects.create(workspace=workspace, name="Second Company")
    assert company_of(workspace, "SECOND company") == second
    assert company_of(workspace, None).name == "My Company"


def test_an_unknown_company_is_refused_with_those_there_are(workspace: Workspace) -> None:
    create_workspace("other", company="Secret Company")
    with pytest.raises(UnknownCompanyError) as refusal:
        company_of(workspace, "Secret Company")
    assert refusal.value.message == "There is no company “Secret Company”; this workspace has “My Company”."
    assert refusal.value.field == "company"


def test_an_empty_parameter_is_as_good_as_none(workspace: Workspace) -> None:
    set_parameter(workspace, DEFAULT_FROM_FILTER, "")
    assert parameter(workspace, DEFAULT_FROM_FILTER) is None
    set_parameter(workspace, DEFAULT_FROM_FILTER, "company-name.com")
    assert parameter(workspace, DEFAULT_FROM_FILTER) == "company-name.com"
    assert workspace.parameters.count() == 1


def test_a_key_opens_its_workspace_and_only_its_hash_is_kept(workspace: Workspace) -> None:
    key = create_key(workspace, name="shop")
    found = find_key(key)
    assert found is not None
    assert found.workspace == workspace
    with connection.cursor() as cursor:
        cursor.execute("SELECT json_agg(k)::text FROM workspaces_apikey AS k")
        (stored,) = cursor.fetchone()
    assert key not in stored
    assert key[9:] not in stored
    assert key[:9] in stored


def test_a_wrong_or_revoked_key_opens_nothing(workspace: Workspace) -> None:
    key = create_key(workspace, name="shop")
    assert find_key(key + "x") is None
    assert find_key("") is None
    ApiKey.objects.update(revoked_at=timezone.now())
    assert find_key(key) is None


def test_what_a_key_brings_of_its_workspace_is_as_it_is_stored(workspace: Workspace) -> None:
    Workspace.objects.update(signs_return_path=True, routing_policy="prefer-notification-server")
    found = find_key(create_key(workspace, name="shop"))
    assert found is not None
    stored = Workspace.objects.get()
    for field in Workspace._meta.concrete_fields:
        assert getattr(found.workspace, field.attname) == getattr(stored, field.attname)


def test_a_person_sees_the_workspaces_they_belong_to_while_active(workspace: Workspace) -> None:
    create_workspace("other", company="Other Company")
    mary, outsider = (User.objects.create_user(f"{name}@example.com", "secret word") for name in ("mary", "outsider"))
    Membership.objects.create(workspace=workspace, user=mary, role=Membership.Role.READER)
    assert list(workspaces_of(mary)) == [workspace]
    assert list(workspaces_of(outsider)) == []
    User.objects.update(is_active=False)
    assert list(workspaces_of(mary)) == []


def test_people_sign_in_with_one_address_whatever_its_case() -> None:
    assert User.objects.create_user("Mary@Example.COM", "secret word").email == "mary@example.com"
