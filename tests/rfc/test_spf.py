"""Are SPF records read as RFC 7208 has it, and merged without breaking what is there?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import SpfSyntaxError
from postroom.rfc.spf import is_spf, merge_spf, parse_spf


@pytest.mark.parametrize(
    ("text", "recognised"),
    [
        ("v=spf1", True),
        ("v=spf1 -all", True),
        ("V=SPF1 -all", True),
        ("v=spf10 -all", False),
        ("v=spf1; -all", False),
        (" v=spf1 -all", False),
        ("spf2.0/pra -all", False),
        ("v=spf1\t-all", False),
    ],
)
def test_only_the_version_and_a_blank_make_an_spf_record(text: str, recognised: bool) -> None:
    assert is_spf(text) == recognised


def test_every_kind_of_term_is_read() -> None:
    text = "v=spf1 A a:host.example/24//64 -mx/28 ip4:192.0.2.0/24 ?ip6:2001:db8::/32 include:_spf.a.example. ptr"
    record = parse_spf(f"{text} exists:%{{ir}}.sbl.example unknown=x%{{d}} ~all redirect=b.example exp=e.b.example")
    terms = [(term.qualifier, term.name, term.domain, term.prefixes) for term in record.terms]
    assert terms[:3] == [("+", "a", "", (32, 128)), ("+", "a", "host.example", (24, 64)), ("-", "mx", "", (28, 128))]
    assert [str(term.network) for term in record.terms if term.network] == ["192.0.2.0/24", "2001:db8::/32"]
    assert [(t.name, t.has_macro) for t in record.terms if t.name in ("include", "exists")] == [
        ("include", False),
        ("exists", True),
    ]
    assert record.all is not None
    assert record.all.qualifier == "~"
    assert record.redirect is not None
    assert record.redirect.domain == "b.example"


@pytest.mark.parametrize(
    "term",
    [
        "includes:a.example", "include", "include:", "include:a", "include:a..example", "ip4:300.1.1.1",
        "ip4:2001:db8::1", "ip6:192.0.2.1", "ip4", "ip4:192.0.2.1/33", "a:host.example/33", "mx//129",
        "all:a.example", "-", "exists",
        "exists:%{x}.a.example", "exists:100%.a.example", "redirect=", "redirect=a", "a:/24x",
        "a:", "+all,", "“all”",
    ],
)  # fmt: skip
def test_what_receivers_stumble_over_is_named(term: str) -> None:
    with pytest.raises(SpfSyntaxError) as refusal:
        parse_spf(f"v=spf1 {term} -all")
    assert term in refusal.value.message


def test_an_unknown_modifier_is_ignored() -> None:
    (term, _) = parse_spf("v=spf1 a=%{d} -all").terms
    assert (term.name, term.qualifier, term.is_slip) == ("a=", "", True)
    (other, _) = parse_spf("v=spf1 ra=postmaster -all").terms
    assert (other.name, other.is_slip) == ("ra=", False)


def test_two_redirects_are_one_too_many() -> None:
    with pytest.raises(SpfSyntaxError):
        parse_spf("v=spf1 redirect=a.example redirect=b.example")


@pytest.mark.parametrize(
    ("texts", "merged"),
    [
        ([], "v=spf1 include:new.example ~all"),
        (["v=spf1 include:_spf.google.com -all"], "v=spf1 include:_spf.google.com include:new.example -all"),
        (["v=spf1 include:NEW.example. ~all"], "v=spf1 include:NEW.example. ~all"),
        (["v=spf1 +include:new.example ?all"], "v=spf1 +include:new.example ?all"),
        (["v=spf1 mx redirect=a.example"], "v=spf1 mx include:new.example redirect=a.example"),
        (["v=spf1 -all exp=e.example a"], "v=spf1 a include:new.example -all exp=e.example"),
        (["v=spf1 a -all", "v=spf1 mx a ~all"], "v=spf1 a mx include:new.example -all"),
        (["v=spf1 a redirect=a.example", "v=spf1 mx ~all"], "v=spf1 a include:a.example mx include:new.example ~all"),
        (["v=spf1"], "v=spf1 include:new.example ~all"),
    ],
)
def test_a_mechanism_is_merged_into_what_is_there(texts: list[str], merged: str) -> None:
    assert merge_spf(texts, ["include:new.example"]) == merged


MECHANISMS = st.sampled_from(
    ["a", "mx", "ip4:192.0.2.1", "include:a.example", "-ip6:2001:db8::1", "exists:%{i}.b.example"]
)
RECORDS = st.builds(
    lambda words, end: " ".join(["v=spf1", *words, *end]),
    st.lists(MECHANISMS, max_size=5),
    st.sampled_from([[], ["~all"], ["-all"], ["redirect=c.example"], ["?all", "exp=e.example"]]),
)


@given(st.lists(RECORDS, max_size=3), st.lists(MECHANISMS, max_size=3))
def test_a_merged_record_is_valid_holds_everything_and_merging_again_changes_nothing(
    texts: list[str], mechanisms: list[str]
) -> None:
    merged = merge_spf(texts, mechanisms)
    held = {term.text for term in parse_spf(merged).terms}
    assert set(mechanisms) <= held
    assert {
        term.text for text in texts for term in parse_spf(text).terms if term.name not in ("all", "redirect", "exp")
    } <= held
    assert merge_spf([merged], mechanisms) == merged
