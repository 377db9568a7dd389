"""Are DMARC records read as receivers read them (RFC 9989, RFC 7489), and is the organisation found?"""

import pytest

from postroom.errors import DmarcSyntaxError
from postroom.rfc.dmarc import Disposition, is_dmarc, parse_dmarc, walk_domains
from postroom.rfc.organisation import organisational_domain


@pytest.mark.parametrize(
    ("text", "recognised"),
    [
        ("v=DMARC1; p=none", True),
        ("v = DMARC1 ;p=none", True),
        ("v=DMARC1", True),
        ("v=dmarc1; p=none", False),
        ("v=DMARC1, p=none", False),
        ("p=none; v=DMARC1", False),
        ("v=DMARC12; p=none", False),
    ],
)
def test_the_version_comes_first_and_in_capitals(text: str, recognised: bool) -> None:
    assert is_dmarc(text) == recognised
    if not recognised:
        with pytest.raises(DmarcSyntaxError):
            parse_dmarc(text)


def test_all_tags_are_read() -> None:
    record = parse_dmarc(
        "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=S; t=y; psd=n; pct=20; fo=1; "
        "rua=mailto:a@company-name.com!10m, mailto:b@reports.example"
    )
    policies = (record.policy, record.subdomain_policy, record.nonexistent_policy)
    assert policies == (Disposition.REJECT, Disposition.QUARANTINE, Disposition.NONE)
    assert (record.is_dkim_strict, record.is_spf_strict, record.is_testing) == (True, True, True)
    assert (record.percent, record.psd) == (20, "n")
    assert record.report_addresses == ("a@company-name.com", "b@reports.example")
    assert record.faults == ()


def test_what_is_absent_follows_from_the_policy() -> None:
    record = parse_dmarc("v=DMARC1;p=quarantine;")
    assert (record.subdomain_policy, record.nonexistent_policy) == (Disposition.QUARANTINE, Disposition.QUARANTINE)
    assert (record.is_dkim_strict, record.percent, record.report_addresses, record.faults) == (False, 100, (), ())


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ("p=quarantaine", "p=quarantaine is not none"),
        ("rua=mailto:a@b.example", "p= is missing"),
        ("p=none sp=reject", "p=none sp=reject is not"),
        ("p=none; pct=150", "pct=150"),
        ("p=none; pct=½", "pct="),
        ("p=none; adkim=strict", "adkim=strict"),
        ("p=none; rua=a@b.example", "rua=a@b.example is not mailto:"),
        ("p=none; rua=mailto:a@b.example mailto:c@d.example", "is not mailto:"),
        ("p=none; hello", "“hello” is not tag=value"),
    ],
)
def test_a_wrong_tag_takes_its_default_and_is_named(tags: str, words: str) -> None:
    record = parse_dmarc(f"v=DMARC1; {tags}")
    assert record.policy is Disposition.NONE
    assert any(words in fault for fault in record.faults)


def test_the_walk_asks_at_most_eight_times() -> None:
    assert walk_domains("mail.company-name.com") == ("mail.company-name.com", "company-name.com", "com")
    long = walk_domains("a.b.c.d.e.f.g.h.i.j.mail.example.com")
    assert (len(long), long[1], long[-1]) == (8, "g.h.i.j.mail.example.com", "com")


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("Mail.Company-Name.com", "company-name.com"),
        ("a.b.company.co.uk", "company.co.uk"),
        ("co.uk", "co.uk"),
        ("someone.github.io", "someone.github.io"),
        ("shop.xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("a.company.example", "company.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
    ],
)
def test_the_public_suffix_list_finds_the_organisation(domain: str, organisation: str) -> None:
    assert organisational_domain(domain) == organisation
