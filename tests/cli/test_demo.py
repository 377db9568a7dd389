"""Is the sample workspace complete, and may it be set up again?"""

import json
import os
from pathlib import Path
from stat import S_IMODE

import pytest
from django.contrib.auth import authenticate
from pytest_django import Settings

from postroom import demo
from postroom.config.env import Environment, load
from postroom.domains.models import AliasDomain, DkimKey
from postroom.domains.senders import alias_domain_of
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.keys import find_key
from postroom.workspaces.models import ApiKey, Company, User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hashing one as slowly as the product does takes a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def environment(home: Path, **settings: str) -> Environment:
    names = {f"POSTROOM_{name.upper()}": value for name, value in settings.items()}
    return load({"POSTROOM_HOME": str(home), "POSTROOM_CONFIG": os.environ["POSTROOM_CONFIG"], **names})


def facts(home: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((home / "demo.json").read_text())
    return content


def test_two_companies_send_under_their_domains_through_the_capture_server(tmp_path: Path) -> None:
    demo.set_up(environment(tmp_path, capture_port="3025"))
    domains = {c.name: alias_domain_of(c).name for c in Company.objects.select_related("workspace")}
    assert domains == {"My Company": "company-name.com", "Second Company": "second-company.com"}
    servers = OutgoingServer.objects.order_by("priority").values_list("host", "port", "from_filter")
    assert list(servers) == [
        ("127.0.0.1", 3025, "company-name.com"),
        ("127.0.0.1", 3025, "second-company.com"),
        ("127.0.0.1", 3025, "news@company-name.com"),
    ]
    assert DedicatedServer.objects.get().server.name == "Mailings"
    assert set(DkimKey.objects.values_list("domain", flat=True)) == {"company-name.com", "second-company.com"}


def test_the_facts_open_the_door_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    demo.set_up(environment(tmp_path, http_port="3080", submission_port="3587"))
    known = facts(tmp_path)
    assert set(known) == {"url", "admin_email", "admin_password", "api_key", "submission"}
    assert (known["url"], known["submission"]) == ("http://127.0.0.1:3080", {"host": "127.0.0.1", "port": 3587})
    assert S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
    key = find_key(str(known["api_key"]))
    assert key is not None
    assert key.workspace.slug == demo.WORKSPACE
    assert authenticate(username=known["admin_email"], password=known["admin_password"]) == User.objects.get()


def test_a_second_run_changes_nothing_but_the_ports(tmp_path: Path) -> None:
    demo.set_up(environment(tmp_path))
    before = facts(tmp_path)
    demo.set_up(environment(tmp_path, capture_port="4025", http_port="4080", submission_port="4587"))
    after = facts(tmp_path)
    assert after == before | {"url": "http://127.0.0.1:4080", "submission": {"host": "127.0.0.1", "port": 4587}}
    counts = [m.objects.count() for m in (Workspace, Company, AliasDomain, OutgoingServer, User, ApiKey, DkimKey)]
    assert counts == [1, 2, 2, 3, 1, 1, 2]
    assert set(OutgoingServer.objects.values_list("port", flat=True)) == {4025}
    assert S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600


def test_a_second_run_keeps_what_a_person_has_changed(tmp_path: Path) -> None:
    demo.set_up(environment(tmp_path))
    OutgoingServer.objects.filter(name="Company mail").update(from_filter="changed.example", priority=7)
    DedicatedServer.objects.update(server=OutgoingServer.objects.get(name="Company mail"))
    AliasDomain.objects.filter(name="company-name.com").update(bounce="returns")
    demo.set_up(environment(tmp_path))
    server = OutgoingServer.objects.get(name="Company mail")
    assert (server.from_filter, server.priority, DedicatedServer.objects.get().server) == ("changed.example", 7, server)
    assert AliasDomain.objects.get(name="company-name.com").bounce == "returns"


@pytest.mark.parametrize("lost", ["nothing at all", '{"half": ', "{}"])
def test_lost_facts_are_made_anew_and_work(tmp_path: Path, lost: str) -> None:
    demo.set_up(environment(tmp_path))
    (tmp_path / "demo.json").write_text(lost)
    (tmp_path / "demo.tmp").write_text("left behind")
    demo.set_up(environment(tmp_path))
    known = facts(tmp_path)
    assert find_key(str(known["api_key"])) is not None
    assert authenticate(username=known["admin_email"], password=known["admin_password"]) is not None
    assert User.objects.count() == 1
