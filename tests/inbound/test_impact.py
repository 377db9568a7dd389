"""Does it show, before an address is changed, whose mail names it?"""

from copy import copy
from typing import Any

import pytest

from postroom.domains.models import Alias, AliasDomain
from postroom.inbound.impact import impact_of
from postroom.outbound.models import Delivery
from postroom.workspaces.parameters import REPLY_ADDRESS, set_parameter
from tests.inbound.mail import letter, take
from tests.threads.desk import MARY, Desk


@pytest.fixture
def leads(desk: Desk) -> Desk:
    """Two leads that Mary was told of, one of them by mail that has not left."""
    desk.add_server()
    for name in ("One", "Two"):
        lead = desk.add_record(name)
        desk.follow(lead, MARY)
        desk.write(lead, None)
        Delivery.objects.filter(message__subject="One").update(status="sent")
    return desk


def changed(domain: AliasDomain, **fields: Any) -> AliasDomain:
    after = copy(AliasDomain.objects.get(pk=domain.pk))
    for name, value in fields.items():
        setattr(after, name, value)
    return after


def said(desk: Desk, **fields: Any) -> list[str]:
    return list(map(str, impact_of(desk.domain, changed(desk.domain, **fields))))


def test_each_address_that_is_given_up_names_its_threads_and_unsent_mail(leads: Desk) -> None:
    assert said(leads, bounce="returns") == [
        "2 open threads and 1 unsent message use bounce@company-name.com (bounce)."
    ]
    assert said(leads, default_from="hello") == [
        "2 open threads and 1 unsent message use notifications@company-name.com (notification)."
    ]
    assert said(leads, catchall="answers") == [
        "0 open threads and 0 unsent messages use catchall@company-name.com (catchall)."
    ]
    assert said(leads, priority=3) == []


def test_a_domain_that_is_renamed_or_removed_gives_up_all_with_its_reply_and_alias_addresses(leads: Desk) -> None:
    leads.call("/aliases", {"local_part": "info", "domains": ["company-name.com"], "record_type": "crm.lead"})
    take(letter(), "info@company-name.com")
    removed = impact_of(leads.domain, None)
    assert {each.address: (each.threads, each.unsent) for each in removed} == {
        "bounce@company-name.com": (2, 1), "catchall@company-name.com": (0, 0),
        "notifications@company-name.com": (2, 1), "reply@company-name.com": (2, 1), "info@company-name.com": (1, 0),
    }  # fmt: skip
    assert impact_of(leads.domain, changed(leads.domain, name="company-name.fr")) == removed


def test_answers_that_go_to_the_catchall_or_an_alias_count_for_it(leads: Desk) -> None:
    set_parameter(leads.workspace, REPLY_ADDRESS, "catchall")
    assert [each.threads for each in impact_of(leads.domain, changed(leads.domain, catchall="x"))] == [2]
    leads.call("/record-types", {"key": "crm.lead", "label": "Lead", "owns_alias": True})
    leads.call("/aliases", {"local_part": "info", "domains": ["company-name.com"], "record_type": "crm.lead"})
    alias = Alias.objects.get()
    assert [(each.address, each.threads, each.unsent) for each in impact_of(alias, None)] == [
        ("info@company-name.com", 2, 1)
    ]
    assert [each.threads for each in impact_of(leads.domain, changed(leads.domain, catchall="x"))] == [0]
