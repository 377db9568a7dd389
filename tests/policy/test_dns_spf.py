"""Does the SPF record's verdict say what a receiver would do, and the change what would mend it?"""

import pytest

from postroom.policy.dns.answers import Status
from postroom.policy.dns.facts import Sender
from postroom.policy.dns.findings import Finding, Verdict
from postroom.policy.dns.spf import check_spf
from postroom.servers.presets import preset_named
from tests.policy.zones import Zone, decide

DOMAIN = "company-name.com"
GOOGLE = Sender("Google", "smtp-relay.gmail.com", preset_named("google-workspace-relay"))
BREVO = Sender("Brevo", "smtp-relay.brevo.com", preset_named("brevo"))
OWN = Sender("Own", "smtp.company-name.com")
INCLUDED = {
    ("_spf.google.com", "TXT"): ["v=spf1 include:_netblocks.google.com ~all"],
    ("_netblocks.google.com", "TXT"): ["v=spf1 ip4:192.0.2.0/25 ip6:2001:db8:4000::/36 ~all"],
    ("smtp.company-name.com", "A"): ["198.51.100.7"],
}


def check(*texts: str, senders: tuple[Sender, ...] = (GOOGLE,), **more: object) -> Finding:
    apex: Zone = {(DOMAIN, "TXT"): list(texts)} if texts else {}
    zone = {**INCLUDED, **apex, **more.get("zone", {})}  # type: ignore[dict-item]
    return decide(zone, lambda answers: check_spf(DOMAIN, senders, answers))


def test_a_record_that_includes_the_provider_is_fine() -> None:
    finding = check("google-site-verification=x", "v=spf1 include:_spf.google.com ~all")
    assert (finding.verdict, finding.codes, finding.change) == (Verdict.OK, ("spf-count",), "")
    assert finding.found == ("v=spf1 include:_spf.google.com ~all",)
    assert "2 of 10" in finding.words


def test_without_a_record_the_whole_record_is_proposed() -> None:
    finding = check("google-site-verification=x", senders=(GOOGLE, OWN))
    assert (finding.verdict, finding.codes) == (Verdict.MISSING, ("spf-missing",))
    assert finding.record.value == "v=spf1 include:_spf.google.com a:smtp.company-name.com ~all"
    assert finding.record.value in finding.change


def test_the_include_is_merged_into_the_record_that_is_there() -> None:
    finding = check("v=spf1 include:spf.mailjet.com -all", zone={("spf.mailjet.com", "TXT"): ["v=spf1 -all"]})
    assert (finding.verdict, finding.codes) == (Verdict.WRONG, ("spf-count", "spf-not-allowed"))
    assert finding.change == (
        "Change the SPF record at company-name.com to “v=spf1 include:spf.mailjet.com include:_spf.google.com -all”."
    )


def test_two_records_become_one() -> None:
    finding = check("v=spf1 a -all", "v=spf1 include:_spf.google.com ~all")
    assert finding.codes == ("spf-several",)
    assert finding.record.value == "v=spf1 a include:_spf.google.com -all"
    assert finding.change.startswith("Replace the 2 SPF records")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("v=spf1 include:_spf.google.com include:_spf.google.con ~all", "spf-bad-include"),
        ("v=spf1 include:_spf.google.com ipv4:192.0.2.1 ~all", "spf-syntax"),
        ("v=spf1 include:_spf.google.com +all", "spf-plus-all"),
        ("v=spf1 ~all include:_spf.google.com", "spf-after-all"),
        ("v=spf1 include:company-name.com include:_spf.google.com ~all", "spf-circle"),
        ("v=spf1, include:_spf.google.com ~all", "spf-typo"),
        ("v=spf1 a:x1.example a:x2.example exists:x3.example include:_spf.google.com ~all", "spf-voids"),
        ("v=spf1 include=_spf.google.com ~all", "spf-slip"),
        ("v=spf1 include:_spf.google.com include:open.example ~all", "spf-plus-all"),
        ("v=spf1 redirect=open.example", "spf-plus-all"),
    ],
)
def test_what_makes_spf_fail_is_wrong(text: str, code: str) -> None:
    zone = {("open.example", "TXT"): ["v=spf1 +all"]}
    finding = check(text, zone=zone)
    assert finding.verdict is Verdict.WRONG
    assert code in finding.codes
    assert finding.record.value in finding.change
    assert check(finding.record.value, zone=zone).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("v=spf1 ipv4:192.0.2.1, ipv6:2001:db8::1 -all", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"),
        ("v=spf1 ip4=192.0.2.0/24 2001:db8::/32 -all", "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"),
        ("v=spf1 mx; mx=mail.example ip:192.0.2.1 -all", "v=spf1 mx mx:mail.example ip4:192.0.2.1 -all"),
        ("v=spf1 smtp.company-name.com include:_spf.google.com -all", "v=spf1 include:_spf.google.com -all"),
        ("v=spf1 mx include:gone.example ra=postmaster -all", "v=spf1 mx ra=postmaster -all"),
        ("v=spf1 mx redirect=gone.example", "v=spf1 mx ~all"),
    ],
)
def test_slips_are_corrected_and_what_leads_to_nothing_is_left_out(text: str, mended: str) -> None:
    zone = {(DOMAIN, "MX"): ["10 smtp.company-name.com"]}
    finding = check(text, senders=(), zone=zone)
    assert (finding.verdict, finding.record.value) == (Verdict.WRONG, mended)


def test_more_mail_hosts_than_receivers_look_up_are_told_and_none_is_shut_out() -> None:
    zone = {(DOMAIN, "MX"): [f"10 m{n}.example" for n in range(11)], ("m1.example", "A"): ["192.0.2.1"]}
    finding = check("v=spf1 mx -all", senders=(), zone=zone)
    assert finding.codes == ("spf-many-mx", "spf-count")
    assert finding.record.value == "v=spf1 mx -all"


def test_who_passes_where_others_are_refused_is_not_let_in() -> None:
    zone = {("bad.example", "TXT"): ["v=spf1 ip4:198.51.100.0/24 -all"]}
    assert "spf-not-allowed" in check("v=spf1 -include:bad.example -all", senders=(OWN,), zone=zone).codes
    assert check("v=spf1 include:bad.example -all", senders=(OWN,), zone=zone).verdict is Verdict.OK


def test_a_mended_record_has_what_is_behind_all_before_it_and_lets_nobody_in() -> None:
    assert check("v=spf1 +all include:_spf.google.com").record.value == "v=spf1 include:_spf.google.com ~all"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("v=spf1 include:_spf.google.com ?all", "spf-neutral"),
        ("v=spf1 include:_spf.google.com", "spf-open-end"),
        ("v=spf1 include:_spf.google.com ptr ~all", "spf-ptr"),
        ("v=spf1 include:_spf.google.com ~all redirect=a.example", "spf-dead-redirect"),
    ],
)
def test_what_could_be_better_is_noted(text: str, code: str) -> None:
    finding = check(text)
    assert finding.verdict is Verdict.NOTE
    assert code in finding.codes


def test_look_ups_are_counted_through_the_includes() -> None:
    zone = {(f"s{n}.example", "TXT"): ["v=spf1 a mx -all"] for n in range(4)}
    zone |= {(f"s{n}.example", type_): ["192.0.2.1"] for n in range(4) for type_ in ("A",)}
    zone |= {(f"s{n}.example", "MX"): [f"10 s{n}.example"] for n in range(4)}
    three = " ".join(f"include:s{n}.example" for n in range(3))
    four = f"{three} include:s3.example"
    assert "9 of 10" in check(f"v=spf1 {three} -all", senders=(), zone=zone).words
    finding = check(f"v=spf1 a:s0.example {four} -all", senders=(), zone=zone)
    assert finding.codes == ("spf-lookups", "spf-costs")
    assert "13 DNS look-ups" in finding.words
    costs = "include:s0.example (3), include:s1.example (3), include:s2.example (3), include:s3.example (3)"
    assert finding.words.endswith(f"Look-ups by term: {costs}, a:s0.example (1).")
    assert "spf-lookups-after" in check(f"v=spf1 {three} -all", zone=zone).codes


def test_a_redirect_leads_to_the_record_that_counts() -> None:
    zone = {("_spf.example", "TXT"): ["v=spf1 include:_spf.google.com -all"]}
    assert check("v=spf1 redirect=_spf.example", zone=zone).verdict is Verdict.OK


def test_a_provider_written_out_by_address_passes_too() -> None:
    assert check("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all").verdict is Verdict.OK
    assert "spf-not-allowed" in check("v=spf1 ip4:192.0.2.0/26 ip6:2001:db8::/32 -all").codes


def test_an_own_server_passes_by_name_or_address() -> None:
    for term in ("a:smtp.company-name.com", "ip4:198.51.100.0/24", "a:other.example", "mx"):
        zone = {("other.example", "A"): ["198.51.100.7"], (DOMAIN, "MX"): ["10 smtp.company-name.com"]}
        assert check(f"v=spf1 {term} -all", senders=(OWN,), zone=zone).verdict is Verdict.OK, term


def test_a_server_whose_addresses_nobody_knows_is_named_and_nothing_that_harms_it_proposed() -> None:
    here = Sender("Relay", "127.0.0.1")
    missing = check(senders=(here,))
    assert (missing.verdict, missing.record.value) == (Verdict.MISSING, "")
    assert "It is not known here from which addresses mail through Relay reaches receivers" in missing.words
    assert "such as “v=spf1 ip4:192.0.2.1 ~all”" in missing.change
    present = check("v=spf1 ip4:192.0.2.9 -all", senders=(here,))
    assert (present.verdict, present.change) == (Verdict.NOTE, "")
    assert check("v=spf1 -all", senders=(here, GOOGLE)).record.value == "v=spf1 include:_spf.google.com -all"


def test_what_the_operator_says_goes_before_what_follows_from_the_host() -> None:
    told = Sender("Platform", "127.0.0.1", spf="include:_spf.google.com")
    assert check(senders=(told,)).record.value == "v=spf1 include:_spf.google.com ~all"
    assert check("v=spf1 include:_spf.google.com ~all", senders=(told,)).verdict is Verdict.OK


def test_macros_are_counted_and_not_followed() -> None:
    finding = check("v=spf1 include:_spf.google.com exists:%{i}._spf.%{d} ~all")
    assert finding.verdict is Verdict.OK
    assert finding.codes == ("spf-count", "spf-macros")
    assert "3 of 10" in finding.words


def test_a_provider_with_a_return_path_of_its_own_asks_nothing_of_our_record() -> None:
    assert check("v=spf1 -all", senders=(BREVO,)).verdict is Verdict.OK


@pytest.mark.parametrize("status", [Status.SERVFAIL, Status.TIMEOUT, Status.BOGUS])
def test_no_answer_is_not_taken_for_no_record(status: Status) -> None:
    finding = check(zone={(DOMAIN, "TXT"): status})
    assert (finding.verdict, finding.codes, finding.change) == (Verdict.UNCLEAR, (f"dns-{status}",), "")
    assert finding.record.value == "", "it could stand beside the one that is there"


def test_an_include_that_does_not_answer_leaves_it_open_who_passes() -> None:
    finding = check("v=spf1 include:slow.example ~all", zone={("slow.example", "TXT"): Status.TIMEOUT})
    assert finding.verdict is Verdict.UNCLEAR
    assert "spf-not-allowed" not in finding.codes


def test_a_tree_without_end_is_cut() -> None:
    zone = {
        (f"{'a' * n}.example", "TXT"): [f"v=spf1 include:{'a' * (n + 1)}.example include:{'a' * (n + 1)}.example -all"]
        for n in range(1, 60)
    }
    finding = check("v=spf1 include:a.example -all", senders=(), zone=zone)
    assert "spf-lookups" in finding.codes
