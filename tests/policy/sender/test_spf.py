"""Are servers allowed and refused as the records of RFC 7208 and its examples want it?"""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.dns.answers import Answer, Question, Status
from postroom.policy.sender.spf import SpfResult, check_host
from postroom.policy.sender.spf_macros import Client, expand

# RFC 7208, Appendix A, and what its sections name.
ZONE = {
    ("example.com", "A"): ("192.0.2.10", "192.0.2.11"),
    ("example.com", "MX"): ("10 mail-a.example.com", "20 mail-b.example.com"),
    ("mail-a.example.com", "A"): ("192.0.2.129",),
    ("mail-b.example.com", "A"): ("192.0.2.130",),
    ("mail-b.example.com", "AAAA"): ("2001:db8::130",),
    ("amy.example.com", "A"): ("192.0.2.65",),
    ("10.2.0.192.in-addr.arpa", "PTR"): ("example.com.",),
    ("65.2.0.192.in-addr.arpa", "PTR"): ("amy.example.com.",),
    ("140.2.0.192.in-addr.arpa", "PTR"): ("amy.example.com.",),  # which does not point back
    ("_spf.example.com", "TXT"): ("v=spf1 ip4:192.0.2.128/28 -all",),
    ("broken.example.com", "TXT"): ("v=spf1 ipv4:192.0.2.1 -all",),
    ("soft.example.com", "TXT"): ("v=spf1 ~all",),
    ("mary.lp._spf.example.com", "A"): ("127.0.0.2",),
}


def result_of(record: str, address: str = "192.0.2.129", **more: tuple[str, ...]) -> SpfResult:
    zone = {**ZONE, ("example.com", "TXT"): ("other text", record), ("many.example.com", "MX"): more.get("mx", ())}

    def ask(question: Question) -> Answer:
        if question.name == "away.example.com":
            return Answer(Status.TIMEOUT)
        values = zone.get((question.name, question.type), ())
        return Answer(Status.FOUND if values else Status.NXDOMAIN, values)

    client = Client(ip_address(address), "mail-a.example.com", "mary@example.com")
    return check_host(client, ask).result


@pytest.mark.parametrize(
    ("record", "address", "result"),
    [
        ("v=spf1 +all", "192.0.2.1", "pass"),
        ("v=spf1 a -all", "192.0.2.10", "pass"),
        ("v=spf1 a -all", "192.0.2.12", "fail"),
        ("v=spf1 a/24 ?all", "192.0.2.200", "pass"),
        ("v=spf1 a:example.org -all", "192.0.2.10", "fail"),
        ("v=spf1 mx -all", "192.0.2.129", "pass"),
        ("v=spf1 mx -all", "192.0.2.140", "fail"),
        ("v=spf1 mx//64 -all", "2001:db8::1", "pass"),
        ("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", "pass"),
        ("v=spf1 ptr -all", "192.0.2.10", "pass"),
        ("v=spf1 ptr -all", "192.0.2.65", "pass"),
        ("v=spf1 ptr -all", "192.0.2.140", "fail"),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", "fail"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "2001:db8::7", "pass"),
        ("v=spf1 ip4:192.0.2.0/24 ~all", "2001:db8::7", "softfail"),
        ("v=spf1 include:_spf.example.com ?all", "192.0.2.129", "pass"),
        ("v=spf1 include:_spf.example.com ?all", "192.0.2.1", "neutral"),
        ("v=spf1 include:soft.example.com -all", "192.0.2.1", "fail"),
        ("v=spf1 redirect=_spf.example.com", "192.0.2.1", "fail"),
        ("v=spf1 ?all redirect=_spf.example.com", "192.0.2.1", "neutral"),
        ("v=spf1 exists:%{l}.lp._spf.%{d2} -all", "192.0.2.1", "pass"),
        ("v=spf1", "192.0.2.1", "neutral"),
        ("no record", "192.0.2.1", "none"),
    ],
)
def test_judges_a_client_by_the_record(record: str, address: str, result: str) -> None:
    assert result_of(record, address) == result


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 include:nothing.example.com -all", "permerror"),
        ("v=spf1 include:broken.example.com -all", "permerror"),
        ("v=spf1 redirect=nothing.example.com", "permerror"),
        ("v=spf1 include:example.com -all", "permerror"),  # for ever
        ("v=spf1 a:1.example.org a:2.example.org a:3.example.org -all", "permerror"),  # void lookups
        ("v=spf1 mx:many.example.com -all", "permerror"),
        ("v=spf1 a:away.example.com -all", "temperror"),
    ],
)
def test_says_when_a_record_cannot_be_used(record: str, result: str) -> None:
    assert result_of(record, mx=tuple(f"10 {number}.example.com" for number in range(11))) == result


def test_two_records_are_as_bad_as_a_wrong_one() -> None:
    client = Client(ip_address("192.0.2.1"), "", "mary@example.com")
    verdict = check_host(client, lambda _: Answer(Status.FOUND, ("v=spf1 +all", "v=spf1 -all")))
    assert (verdict.result, verdict.domain) == ("permerror", "example.com")


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{S}%_%%%-", "strong-bad%40email.example.com %%20"),
    ],
)
def test_expands_the_macros_of_rfc_7208_section_7_4(text: str, expanded: str) -> None:
    client = Client(ip_address("192.0.2.3"), "mx.example.org", "strong-bad@email.example.com")
    assert expand(text, client, "email.example.com") == expanded


def test_writes_ipv6_in_nibbles_and_cuts_long_names_from_the_left() -> None:
    client = Client(ip_address("2001:db8::cb01"), "mx.example.org", "strong-bad@email.example.com")
    nibbles = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
    assert expand("%{ir}.%{v}._spf.%{d2}", client, "email.example.com") == f"{nibbles}.ip6._spf.example.com"
    assert len(expand(f"{'a' * 60}." * 5 + "%{d2}", client, "email.example.com")) <= 253


TERMS = "a mx ptr all include: exists: redirect= ip4:192.0.2.1 ip6:::/0 %{ %{ir} } / - ~ . example.com _spf.example.com"
WORDS = st.sampled_from([*TERMS.split(), " "])


@given(st.lists(WORDS, max_size=12).map("".join), st.sampled_from(["192.0.2.1", "2001:db8::1"]))
def test_whatever_a_record_holds_there_is_a_result(terms: str, address: str) -> None:
    assert result_of(f"v=spf1 {terms}", address) in SpfResult
