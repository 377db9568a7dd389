"""How do DKIM keys come into being, and who can read them?"""

from datetime import date

import pytest
from django.db import connection

from postroom.domains.keys import SelectorError, SelectorTakenError, begin_rotation, create_dkim_key
from postroom.domains.models import DkimKey
from postroom.errors import AddressError
from postroom.rfc.dkim import hash_body, load_signer
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace


@pytest.fixture
def workspace(db: None) -> Workspace:
    return create_workspace("company-name", company="My Company")


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
def test_a_new_key_signs(workspace: Workspace, algorithm: str) -> None:
    create_dkim_key(workspace, domain="Company-Name.com", selector="s", algorithm=algorithm)
    key = DkimKey.objects.get()
    assert (key.domain, str(key)) == ("company-name.com", "s._domainkey.company-name.com")
    signer = load_signer(key.private_key.encode(), domain=key.domain, selector=key.selector)
    assert b"d=company-name.com" in signer.sign(b"From: a@company-name.com\r\n", hash_body(b"\r\n"), signed_at=1)


def test_the_private_key_is_not_readable_in_the_database(workspace: Workspace) -> None:
    create_dkim_key(workspace, domain="company-name.com", selector="s", algorithm="ed25519")
    with connection.cursor() as cursor:
        cursor.execute("SELECT private_key FROM domains_dkimkey")
        (stored,) = cursor.fetchone()
    assert stored.startswith("v1:")
    assert "PRIVATE KEY" not in stored


@pytest.mark.parametrize("selector", ["", "Ü b", "a..b", "-a", "a" * 64, "a.b." + "c" * 60])
def test_what_cannot_be_a_name_in_dns_is_no_selector(workspace: Workspace, selector: str) -> None:
    with pytest.raises(SelectorError):
        create_dkim_key(workspace, domain="company-name.com", selector=selector)


@pytest.mark.parametrize("domain", ["192.0.2.1", "[192.0.2.1]"])
def test_an_address_has_no_keys(workspace: Workspace, domain: str) -> None:
    with pytest.raises(AddressError, match="is an IP address; give a domain"):
        create_dkim_key(workspace, domain=domain, selector="s")
    with pytest.raises(AddressError):
        begin_rotation(workspace, domain, today=date(2026, 11, 23))


def test_a_selector_is_given_once_for_a_domain(workspace: Workspace) -> None:
    create_dkim_key(workspace, domain="company-name.com", selector="s", algorithm="ed25519")
    with pytest.raises(SelectorTakenError, match=r"company-name\.com has a key “s” already"):
        create_dkim_key(workspace, domain="COMPANY-NAME.com", selector="S")
    create_dkim_key(workspace, domain="company-name.com", selector="t", algorithm="ed25519")
    assert DkimKey.objects.count() == 2
