"""Do the periodic tasks do their work in a thread of their own, as the worker calls them?"""

import asyncio
from dataclasses import replace

import pytest
from django.conf import settings

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.keys import begin_rotation, record_of
from postroom.domains.models import AliasDomain, DkimKey, DomainCheck
from postroom.domains.nameserver import Nameserver
from postroom.domains.tasks import rotate_dkim_keys
from postroom.policy.dns.facts import KeyState
from postroom.policy.dns.writing import zone_line
from postroom.servers.tasks import check_domains
from postroom.workspaces.create import create_workspace
from tests.domains.test_rotation import DAY, NAME
from tests.peers.nsd import run_nsd


@pytest.mark.requires("nsd")
def test_domains_are_checked_and_keys_looked_for(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = create_workspace("company-name", company="My Company")
    save_alias_domain(AliasDomain(workspace=workspace, name=NAME))
    lines = "\n".join(zone_line(record_of(key)) for key in begin_rotation(workspace, NAME, today=DAY))
    with run_nsd({NAME: lines}) as port:
        asked = replace(settings.POSTROOM, resolver=Nameserver("127.0.0.1", port))
        monkeypatch.setattr(settings, "POSTROOM", asked)
        asyncio.run(rotate_dkim_keys(timestamp=0))
        asyncio.run(check_domains(timestamp=0))
    assert {key.state for key in DkimKey.objects.all()} == {KeyState.SEEN}
    assert DomainCheck.objects.get().report["domain"] == NAME
