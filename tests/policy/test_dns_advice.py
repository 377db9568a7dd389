"""Does the advice for a whole domain name every record, and tell how each server's mail will fare?"""

import json
from dataclasses import replace

import pytest

from postroom.policy.dns.advice import Advice, advise
from postroom.policy.dns.answers import Status
from postroom.policy.dns.dmarc import LADDER, next_rung
from postroom.policy.dns.facts import DomainFacts, KeyState, OwnKey, Sender, SignedBy
from postroom.policy.dns.findings import Finding, Purpose, Verdict
from postroom.policy.dns.standing import Outcome
from postroom.policy.dns.writing import letter, tell, told_records, zone_file
from postroom.rfc.dkim_key import public_key_record
from postroom.rfc.dmarc import Disposition
from postroom.servers.presets import preset_named
from tests.policy.zones import Zone, decide
from tests.rfc.dkim_mail import make_key

DOMAIN = "company-name.com"
RSA, ED25519 = public_key_record(make_key("rsa")), public_key_record(make_key("ed25519"))
KEYS = (OwnKey("r1", RSA), OwnKey("e1", ED25519))
GOOGLE = Sender("Google", "smtp-relay.gmail.com", preset_named("google-workspace-relay"))
BREVO = Sender("Brevo", "smtp-relay.brevo.com", preset_named("brevo"), SignedBy.PROVIDER)
POSTMARK = Sender("Postmark", "smtp.postmarkapp.com", preset_named("postmark"), SignedBy.PROVIDER, ("20260101pm",))
OWN = Sender("Own", "smtp.company-name.com")
GOOD: Zone = {
    (DOMAIN, "TXT"): ["v=spf1 a:smtp.company-name.com include:_spf.google.com ~all"],
    ("_spf.google.com", "TXT"): ["v=spf1 ip4:192.0.2.0/25 ~all"],
    ("smtp.company-name.com", "A"): ["198.51.100.7"],
    (DOMAIN, "MX"): ["10 mx.company-name.com"],
    ("mx.company-name.com", "A"): ["198.51.100.8"],
    (f"r1._domainkey.{DOMAIN}", "TXT"): [RSA],
    (f"e1._domainkey.{DOMAIN}", "TXT"): [ED25519],
    (f"google._domainkey.{DOMAIN}", "TXT"): [RSA],
    (f"_dmarc.{DOMAIN}", "TXT"): [f"v=DMARC1; p=quarantine; rua=mailto:dmarc-reports@{DOMAIN}"],
    (f"_smtp._tls.{DOMAIN}", "TXT"): [f"v=TLSRPTv1; rua=mailto:dmarc-reports@{DOMAIN}"],
    (f"brevo1._domainkey.{DOMAIN}", "CNAME"): ["b1.company-name-com.dkim.brevo.com"],
    (f"brevo2._domainkey.{DOMAIN}", "CNAME"): ["b2.company-name-com.dkim.brevo.com"],
    ("b1.company-name-com.dkim.brevo.com", "TXT"): [RSA],
    ("b2.company-name-com.dkim.brevo.com", "TXT"): [RSA],
    (f"20260101pm._domainkey.{DOMAIN}", "TXT"): [RSA],
}


def judge(zone: Zone = GOOD, *, without: tuple[tuple[str, str], ...] = (), **changes: object) -> Advice:
    facts = DomainFacts(DOMAIN, DOMAIN, (OWN,), KEYS, report_address=f"dmarc-reports@{DOMAIN}")
    zone = {key: value for key, value in zone.items() if key not in without}
    return decide(zone, lambda answers: advise(replace(facts, **changes), answers))  # type: ignore[arg-type]


def finding(advice: Advice, name: str) -> Finding:
    (found,) = [one for one in advice.findings if one.record.name == name and one.record.type != "MX"]
    return found


def at(name: str, *values: str, type_: str = "TXT") -> Zone:
    return {**GOOD, (f"{name}.{DOMAIN}" if name else DOMAIN, type_): list(values)}


def test_a_domain_that_is_set_up_has_no_faults() -> None:
    advice = judge(senders=(OWN, GOOGLE, BREVO, POSTMARK))
    assert [(f.record.name, f.codes) for f in advice.faults] == []
    assert [(s.server, s.dkim, s.dmarc) for s in advice.standings] == [
        (name, Outcome.PASS, Outcome.PASS) for name in ("Own", "Google", "Brevo", "Postmark")
    ]
    assert [(s.server, s.spf, s.spf_domain) for s in advice.standings] == [
        ("Own", Outcome.PASS, DOMAIN),
        ("Google", Outcome.PASS, DOMAIN),
        ("Brevo", Outcome.FAIL, ""),
        ("Postmark", Outcome.FAIL, ""),
    ]
    assert advice.next_policy == LADDER[2]


def test_an_empty_zone_misses_everything_and_the_records_fill_it() -> None:
    advice = judge({})
    assert {f.record.purpose for f in advice.faults} == {Purpose.SPF, Purpose.DKIM, Purpose.DMARC, Purpose.MX}
    (standing,) = advice.standings
    assert (standing.spf, standing.dkim, standing.dmarc) == (Outcome.FAIL, Outcome.FAIL, Outcome.FAIL)
    filled = {(r.name, r.type): [r.value] for r in advice.records}
    filled |= {key: GOOD[key] for key in ((DOMAIN, "MX"), ("mx.company-name.com", "A"), ("smtp.company-name.com", "A"))}
    assert judge(filled).faults == ()


# --- DKIM ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([RSA[:255]], "dkim-truncated"),
        ([public_key_record(make_key("rsa-1024"))], "dkim-other-key"),
        (["v=DKIM1; k=rsa; p="], "dkim-revoked"),
        ([RSA.replace("k=rsa", "k=ed25519")], "dkim-kind"),
        ([RSA + "; h=sha1"], "dkim-hash"),
        ([RSA, RSA], "dkim-several"),
        ([RSA.replace("v=DKIM1", "v=DKIM2")], "dkim-unusable"),
        ([RSA + "; s=other"], "dkim-unusable"),
        (["v=spf1 -all"], "dkim-no-record"),
        (["hello"], "dkim-unusable"),
    ],
)
def test_a_key_that_receivers_cannot_use_is_wrong(values: list[str], code: str) -> None:
    advice = judge(at("r1._domainkey", *values))
    found = finding(advice, f"r1._domainkey.{DOMAIN}")
    assert (found.verdict, found.codes) == (Verdict.WRONG, (code,))
    assert found.change


def test_a_key_with_blanks_in_it_is_the_same_key_and_one_under_test_is_noted() -> None:
    assert finding(judge(at("r1._domainkey", RSA.replace("p=MII", "p=M I I"))), f"r1._domainkey.{DOMAIN}").holds
    assert finding(judge(at("r1._domainkey", RSA + "; t=y:s")), f"r1._domainkey.{DOMAIN}").codes == ("dkim-testing",)


def test_a_pointer_must_lead_to_the_providers_key() -> None:
    assert finding(judge(senders=(BREVO,)), f"brevo1._domainkey.{DOMAIN}").verdict is Verdict.OK
    wrong = judge(at("brevo1._domainkey", "b1.other-com.dkim.brevo.com", type_="CNAME"), senders=(BREVO,))
    assert finding(wrong, f"brevo1._domainkey.{DOMAIN}").codes == ("dkim-dangling",)
    stolen = {**at("brevo1._domainkey", "evil.example", type_="CNAME"), ("evil.example", "TXT"): [RSA]}
    assert "dkim-wrong-target" in finding(judge(stolen, senders=(BREVO,)), f"brevo1._domainkey.{DOMAIN}").codes
    copied = {**GOOD, (f"brevo1._domainkey.{DOMAIN}", "TXT"): [RSA]}
    assert finding(judge(copied, senders=(BREVO,)), f"brevo1._domainkey.{DOMAIN}").verdict is Verdict.NOTE


def test_a_pointer_to_the_platforms_key_may_stand_in_for_our_own() -> None:
    keys = (OwnKey("postroom1", RSA, pointer="postroom1._domainkey.platform.example"),)
    name = f"postroom1._domainkey.{DOMAIN}"
    assert finding(judge(keys=keys), name).verdict is Verdict.MISSING
    target = "postroom1._domainkey.platform.example"
    zone = {**GOOD, (name, "CNAME"): [target], (target, "TXT"): [RSA]}
    assert finding(judge(zone, keys=keys), name).verdict is Verdict.OK


def test_a_waiting_key_does_not_count_for_signing_and_a_retired_one_may_go() -> None:
    waiting = judge(keys=(OwnKey("r1", RSA, KeyState.WAITING),))
    assert waiting.standings[0].dkim is Outcome.FAIL
    retired = finding(judge(keys=(OwnKey("r1", RSA, KeyState.RETIRED),)), f"r1._domainkey.{DOMAIN}")
    assert (retired.verdict, retired.codes) == (Verdict.NOTE, ("dkim-retired",))
    gone = judge(keys=(OwnKey("r0", RSA, KeyState.RETIRED),))
    assert finding(gone, f"r0._domainkey.{DOMAIN}").verdict is Verdict.OK


def test_without_any_key_one_is_asked_for_and_unknown_selectors_are_told() -> None:
    assert "dkim-no-key" in [code for f in judge(keys=()).findings for code in f.codes]
    unknown = replace(POSTMARK, selectors=())
    (found,) = [f for f in judge(senders=(unknown,)).findings if f.codes == ("dkim-selector-unknown",)]
    assert found.verdict is Verdict.UNCLEAR


# --- DMARC ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "verdict", "code"),
    [
        ("v=DMARC1; p=reject; rua=mailto:x@company-name.com", Verdict.OK, "dmarc-reject"),
        ("v=DMARC1; p=none", Verdict.NOTE, "dmarc-no-reports"),
        ("v=dmarc1; p=none", Verdict.WRONG, "dmarc-typo"),
        ("v=DMARC1; p=quarantaine; rua=mailto:x@company-name.com", Verdict.WRONG, "dmarc-syntax"),
        ("v=DMARC1; p=reject; sp=none; rua=mailto:x@company-name.com", Verdict.NOTE, "dmarc-subdomains"),
        ("v=DMARC1; p=reject; pct=10; rua=mailto:x@company-name.com", Verdict.NOTE, "dmarc-percent"),
        ("v=DMARC1; p=reject; t=y; rua=mailto:x@company-name.com", Verdict.NOTE, "dmarc-testing"),
        ("v=DMARC1; p=reject; aspf=s; rua=mailto:x@mail.company-name.com", Verdict.OK, "dmarc-strict-aspf"),
        ("v=DMARC1; p=none; rua=mailto:x@reports.example", Verdict.WRONG, "dmarc-reports-refused"),
    ],
)
def test_a_policy_is_told_with_what_it_changes(value: str, verdict: Verdict, code: str) -> None:
    found = finding(judge(at("_dmarc", value)), f"_dmarc.{DOMAIN}")
    assert found.verdict is verdict
    assert code in found.codes
    assert bool(found.change) == (verdict is Verdict.WRONG)


@pytest.mark.parametrize(
    ("value", "mended"),
    [
        (
            "v=DMARC1; p=reject; sp=quarantine; np=reject; rua=mailto:d@company-name.com; pct=abc; adkim=s",
            "v=DMARC1; p=reject; sp=quarantine; np=reject; adkim=s; rua=mailto:d@company-name.com",
        ),
        ("v=DMARC1; p=reject; rua=d@company-name.com", "v=DMARC1; p=reject; rua=mailto:dmarc-reports@company-name.com"),
        ("v=DMARC1 p=reject", "v=DMARC1; p=none; rua=mailto:dmarc-reports@company-name.com"),
        ("v=DMARC1; rua=mailto:d@company-name.com", "v=DMARC1; p=none; rua=mailto:d@company-name.com"),
        (
            "v=DMARC1; p=reject; rua=mailto:x@reports.example,mailto:d@company-name.com; ruf=mailto:f@company-name.com",
            "v=DMARC1; p=reject; ruf=mailto:f@company-name.com; rua=mailto:d@company-name.com",
        ),
    ],
)
def test_a_policy_with_a_fault_is_mended_without_being_weakened(value: str, mended: str) -> None:
    found = finding(judge(at("_dmarc", value)), f"_dmarc.{DOMAIN}")
    assert (found.verdict, found.record.value) == (Verdict.WRONG, mended)
    assert mended in found.change
    assert finding(judge(at("_dmarc", mended)), f"_dmarc.{DOMAIN}").verdict is Verdict.OK


def test_whose_consent_is_missing_for_reports_is_told_with_the_record() -> None:
    found = finding(judge(at("_dmarc", "v=DMARC1; p=reject; rua=mailto:x@reports.example")), f"_dmarc.{DOMAIN}")
    assert found.change.endswith(
        "Or let the TXT record “v=DMARC1” be published at company-name.com._report._dmarc.reports.example."
    )


def test_under_test_receivers_do_the_next_milder_thing() -> None:
    for policy, words in (
        ("reject", "into the spam folder."),
        ("quarantine", "deliver it all the same, and report it."),
    ):
        zone = at("_dmarc", f"v=DMARC1; p={policy}; t=y; rua=mailto:x@{DOMAIN}")
        (standing,) = judge({**zone, (DOMAIN, "TXT"): []}, keys=()).standings
        assert standing.words.endswith(words)


def test_reports_may_go_elsewhere_where_the_receiver_agrees() -> None:
    zone = {
        **at("_dmarc", "v=DMARC1; p=none; rua=mailto:x@reports.example"),
        (f"{DOMAIN}._report._dmarc.reports.example", "TXT"): ["v=DMARC1"],
    }
    assert finding(judge(zone), f"_dmarc.{DOMAIN}").verdict is Verdict.OK


def test_a_sub_domain_inherits_the_policy_for_sub_domains() -> None:
    zone = at("_dmarc", f"v=DMARC1; p=reject; sp=quarantine; rua=mailto:x@{DOMAIN}")
    advice = judge(zone, domain=f"mail.{DOMAIN}", from_domain=f"mail.{DOMAIN}", keys=())
    found = finding(advice, f"_dmarc.mail.{DOMAIN}")
    assert found.codes == ("dmarc-inherited",)
    assert "“quarantine”" in found.words
    assert advice.standings[0].words.endswith("receivers put it into the spam folder.")


def test_a_sub_domain_that_does_not_exist_yet_inherits_the_policy_for_those() -> None:
    zone = at("_dmarc", f"v=DMARC1; p=reject; sp=quarantine; np=none; rua=mailto:x@{DOMAIN}")
    own = finding(judge(zone), f"_dmarc.{DOMAIN}")
    assert (own.verdict, own.codes[-1]) == (Verdict.NOTE, "dmarc-nonexistent")
    here = {"domain": f"mail.{DOMAIN}", "from_domain": f"mail.{DOMAIN}"}
    assert "“none”" in finding(judge(zone, **here), f"_dmarc.mail.{DOMAIN}").words
    exists = {**zone, (f"mail.{DOMAIN}", "MX"): ["10 mx.company-name.com"]}
    assert "“quarantine”" in finding(judge(exists, **here), f"_dmarc.mail.{DOMAIN}").words


def test_what_an_asterisk_in_the_zone_stands_for_hides_no_policy_above() -> None:
    zone = {**GOOD, (f"_dmarc.mail.{DOMAIN}", "TXT"): ["v=spf1 -all"]}
    found = finding(judge(zone, domain=f"mail.{DOMAIN}", from_domain=f"mail.{DOMAIN}"), f"_dmarc.mail.{DOMAIN}")
    assert found.codes == ("dmarc-inherited",)


def test_a_policy_that_dns_does_not_tell_is_not_written_anew() -> None:
    advice = judge(at("_dmarc") | {(f"_dmarc.{DOMAIN}", "TXT"): Status.TIMEOUT})
    assert [record.name for record in advice.records if record.purpose is Purpose.DMARC] == []


def test_a_registry_that_does_not_answer_leaves_no_doubt_but_ones_own_domain_does() -> None:
    silent = {**GOOD, ("_dmarc.com", "TXT"): Status.SERVFAIL}
    missing = judge(silent, without=((f"_dmarc.{DOMAIN}", "TXT"),))
    assert finding(missing, f"_dmarc.{DOMAIN}").codes == ("dmarc-missing",)
    own = {**silent, (f"_dmarc.{DOMAIN}", "TXT"): Status.TIMEOUT}
    unclear = judge(own, domain=f"mail.{DOMAIN}", from_domain=f"mail.{DOMAIN}")
    assert finding(unclear, f"_dmarc.mail.{DOMAIN}").codes == ("dmarc-unclear",)


def test_two_policies_are_none() -> None:
    found = finding(judge(at("_dmarc", "v=DMARC1; p=none", "v=DMARC1; p=reject")), f"_dmarc.{DOMAIN}")
    assert found.codes == ("dmarc-several",)
    assert found.record.value == f"v=DMARC1; p=none; rua=mailto:dmarc-reports@{DOMAIN}"
    strict, mild = (
        f"v=DMARC1; p=reject; rua=mailto:a@{DOMAIN}",
        f"v=DMARC1; p=quarantine; sp=none; rua=mailto:b@{DOMAIN}",
    )
    found = finding(judge(at("_dmarc", strict, mild)), f"_dmarc.{DOMAIN}")
    assert found.record.value == f"v=DMARC1; p=quarantine; sp=none; rua=mailto:a@{DOMAIN},mailto:b@{DOMAIN}"
    assert found.change == f"Replace the 2 DMARC records at _dmarc.{DOMAIN} by one: “{found.record.value}”."


def test_the_ladder_leads_from_none_over_quarantine_to_reject() -> None:
    steps = [next_rung(Disposition.NONE), next_rung(Disposition.QUARANTINE), next_rung(Disposition.REJECT)]
    assert [step.policy if step else None for step in steps] == ["quarantine", "reject", None]


def test_each_step_of_the_ladder_is_told_with_the_record_that_takes_it() -> None:
    own = "v=DMARC1; p=quarantine; sp=none; rua=mailto:a@company-name.com"
    steps = judge(at("_dmarc", own)).ladder
    assert [(step.policy, step.is_present) for step in steps] == [
        ("none", False), ("quarantine", True), ("reject", False),
    ]  # fmt: skip
    assert steps[2].record == own.replace("p=quarantine", "p=reject")
    assert all(step.changes and step.before for step in steps)
    without = judge(without=((f"_dmarc.{DOMAIN}", "TXT"),)).ladder
    assert [step.record for step in without] == [
        f"v=DMARC1; p={policy}; rua=mailto:dmarc-reports@{DOMAIN}" for policy in ("none", "quarantine", "reject")
    ]
    assert not any(step.is_present for step in without)
    assert judge(at("_dmarc") | {(f"_dmarc.{DOMAIN}", "TXT"): Status.TIMEOUT}).ladder == ()


def test_a_record_that_receivers_give_up_on_lets_nobody_pass() -> None:
    for text in ("v=spf1 include:_spf.google.com include:gone.example ~all", "v=spf1 include:_spf.google.com a:"):
        (standing,) = judge(at("", text), senders=(GOOGLE,)).standings
        assert standing.spf is Outcome.FAIL, text


# --- alignment -----------------------------------------------------------------------------------------------------


def test_strict_alignment_needs_the_very_domain() -> None:
    elsewhere = {"domain": f"bounces.{DOMAIN}", "keys": (), "senders": (GOOGLE,)}
    relaxed = {**GOOD, (f"bounces.{DOMAIN}", "TXT"): ["v=spf1 include:_spf.google.com -all"]}
    strict = {**relaxed, (f"_dmarc.{DOMAIN}", "TXT"): ["v=DMARC1; p=reject; aspf=s; rua=mailto:x@company-name.com"]}
    without = ((f"google._domainkey.{DOMAIN}", "TXT"),)
    assert judge(relaxed, without=without, **elsewhere).standings[0].dmarc is Outcome.PASS
    (standing,) = judge(strict, without=without, **elsewhere).standings
    assert standing.dmarc is Outcome.FAIL
    assert standing.words.endswith("So DMARC fails, and by the policy of company-name.com receivers refuse it.")


def test_a_from_elsewhere_does_not_align_with_our_bounce_domain() -> None:
    (standing,) = judge(from_domain="other.example", keys=()).standings
    assert (standing.spf, standing.dmarc) == (Outcome.FAIL, Outcome.FAIL)


def test_a_return_path_that_only_the_console_knows_is_pointed_to() -> None:
    ses = Sender("SES", "email-smtp.eu-west-1.amazonaws.com", preset_named("amazon-ses"), SignedBy.PROVIDER, ("abc",))
    found = finding(judge(senders=(ses,)), f"<sub-domain>.{DOMAIN}")
    assert (found.codes, found.verdict, found.servers) == (("return-path-console",), Verdict.NOTE, ("SES",))
    assert not found.record.is_publishable


def test_where_errors_return_to_the_operator_only_the_signature_counts() -> None:
    """A hosted platform's server, whatever the bounce address of the domain is."""
    platform = replace(OWN, name="Platform", spf="include:_spf.google.com", keeps_return_path=False)
    (standing,) = judge(senders=(platform,)).standings
    assert (standing.spf, standing.spf_domain, standing.dkim, standing.dmarc) == (
        Outcome.FAIL, "", Outcome.PASS, Outcome.PASS,
    )  # fmt: skip
    assert "Platform sends under a return path of its own" in standing.words
    assert judge(senders=(platform,), keys=()).standings[0].dmarc is Outcome.FAIL


def test_mail_that_ends_in_the_capture_server_is_judged_by_nobody_yet() -> None:
    caught = replace(OWN, is_captured=True)
    assert [s.is_captured for s in judge(senders=(caught, OWN)).standings] == [True, False]
    assert "No receiver sees it so far" in judge(senders=(caught,)).standings[0].words
    assert judge(senders=(caught,)).facts.is_captured
    assert not judge(senders=(caught, OWN)).facts.is_captured
    assert not judge(senders=()).facts.is_captured


def test_the_capture_server_needs_nothing_of_the_spf_record_beside_servers_that_lead_outside() -> None:
    caught = replace(OWN, name="Caught", host="127.0.0.1", preset=None, is_captured=True)
    assert "through Caught" in finding(judge({}, senders=(caught,)), DOMAIN).words
    assert "through Caught" not in finding(judge({}, senders=(caught, OWN)), DOMAIN).words


def test_a_delegated_return_path_aligns() -> None:
    zone = {**at("pm-bounces", "pm.mtasv.net", type_="CNAME"), ("pm.mtasv.net", "A"): ["192.0.2.9"]}
    (standing,) = judge(zone, senders=(POSTMARK,)).standings
    assert (standing.spf, standing.spf_domain) == (Outcome.PASS, f"pm-bounces.{DOMAIN}")
    wrong = judge(at("pm-bounces", "pm.example", type_="CNAME"), senders=(POSTMARK,))
    assert finding(wrong, f"pm-bounces.{DOMAIN}").codes == ("return-path-wrong",)


# --- receiving -----------------------------------------------------------------------------------------------------

WITHOUT_MX = {key: value for key, value in GOOD.items() if key != (DOMAIN, "MX")}
ALIASED = {("www.a.example", "CNAME"): ["mx.company-name.com"]}


@pytest.mark.parametrize(
    ("zone", "verdict", "code"),
    [
        (at("", "0 ", type_="MX"), Verdict.WRONG, "mx-null"),
        (at("", "10 gone.example", type_="MX"), Verdict.WRONG, "mx-no-address"),
        (at("", "10 mx.company-name.com", "20 gone.example", type_="MX"), Verdict.NOTE, "mx-no-address"),
        (at("", "10 www.a.example", type_="MX") | ALIASED, Verdict.NOTE, "mx-cname"),
        (WITHOUT_MX | {(DOMAIN, "A"): ["192.0.2.1"]}, Verdict.NOTE, "mx-implicit"),
        (WITHOUT_MX, Verdict.MISSING, "mx-missing"),
        ({**GOOD, (DOMAIN, "MX"): Status.SERVFAIL}, Verdict.UNCLEAR, "dns-servfail"),
    ],
)  # fmt: skip
def test_where_mail_goes_is_judged(zone: Zone, verdict: Verdict, code: str) -> None:
    (found,) = [f for f in judge(zone).findings if f.record.type == "MX"]
    assert found.verdict is verdict
    assert code in found.codes


def test_mail_that_should_come_to_us_must_not_go_elsewhere() -> None:
    (found,) = [f for f in judge(mx_hosts=("in.postroom.example",)).findings if f.record.type == "MX"]
    assert "mx-elsewhere" in found.codes
    assert found.record.value == "10 in.postroom.example"


def test_postroom_offers_to_receive_only_where_nobody_else_does() -> None:
    """An MX record beside a server that takes the domain's mail today would take it away from there."""
    for zone, expected in (
        (WITHOUT_MX, "10 mx.postroom.example"),
        (WITHOUT_MX | {(DOMAIN, "A"): ["192.0.2.1"]}, ""),
        (GOOD, ""),
    ):
        (found,) = [f for f in judge(zone, own_mx="mx.postroom.example").findings if f.record.type == "MX"]
        assert found.record.value == expected
    (missing,) = [f for f in judge(WITHOUT_MX, own_mx="mx.postroom.example").findings if f.record.type == "MX"]
    assert "“10 mx.postroom.example”, and Postroom takes all of its mail" in missing.change
    zone = at("", "10 mx.postroom.example", type_="MX") | {("mx.postroom.example", "A"): ["192.0.2.7"]}
    (published,) = [f for f in judge(zone, own_mx="mx.postroom.example").findings if f.record.type == "MX"]
    assert published.verdict is Verdict.OK
    assert "mx-own" in published.codes


# --- words and files -----------------------------------------------------------------------------------------------


def test_unclear_answers_are_no_faults() -> None:
    zone = dict.fromkeys(GOOD, Status.TIMEOUT)
    advice = judge(zone)
    assert advice.faults == ()
    assert advice.verdict is Verdict.UNCLEAR
    assert {s.dmarc for s in advice.standings} == {Outcome.UNCLEAR}


def test_the_zone_file_splits_long_texts_and_ends_names_with_a_dot() -> None:
    text = zone_file(judge({}, mx_hosts=("a.example", "b.example")).records)
    lines = [line for line in text.splitlines() if not line.startswith(";")]
    key = next(line for line in lines if line.startswith("r1._domainkey.company-name.com. IN TXT "))
    assert all(len(part) <= 255 for part in key.split('"')[1::2])
    assert "".join(key.split('"')[1::2]) == RSA
    assert "company-name.com. IN MX 10 a.example." in lines
    assert "company-name.com. IN MX 10 b.example." in lines


def test_a_record_is_published_only_where_its_value_is_known() -> None:
    advice = judge(at("", "v=spf1 a:smtp.company-name.com ?all"), senders=(OWN, BREVO))
    names = [record.name for record in advice.records]
    assert DOMAIN in names
    assert f"brevo1._domainkey.{DOMAIN}" not in names


def test_each_record_says_whose_mail_needs_it() -> None:
    advice = judge({}, senders=(OWN, BREVO, POSTMARK, replace(BREVO, name="Brevo 2")))
    servers = {(found.record.purpose, found.record.name): found.servers for found in advice.findings}
    assert servers[Purpose.SPF, DOMAIN] == ("Own", "Brevo", "Postmark", "Brevo 2")
    assert servers[Purpose.DKIM, f"r1._domainkey.{DOMAIN}"] == ("Own",)
    assert servers[Purpose.DKIM, f"brevo1._domainkey.{DOMAIN}"] == ("Brevo", "Brevo 2")
    assert servers[Purpose.RETURN_PATH, f"pm-bounces.{DOMAIN}"] == ("Postmark",)
    assert servers[Purpose.DMARC, f"_dmarc.{DOMAIN}"] == servers[Purpose.MX, DOMAIN] == ()


def test_what_is_told_can_be_kept_and_read_again() -> None:
    advice = judge(at("", "v=spf1 -all"), senders=(OWN, BREVO), mx_hosts=("in.postroom.example",))
    kept = json.loads(json.dumps(tell(advice)))
    assert told_records(kept) == list(advice.records)
    assert letter(kept) == letter(tell(advice))


def test_the_letter_to_the_administrator_names_each_change() -> None:
    subject, text = letter(tell(judge(at("", "v=spf1 -all"))))
    assert DOMAIN in subject
    assert "   - v=spf1 -all\n" in text
    assert f"   + {DOMAIN}  TXT  v=spf1 a:smtp.company-name.com -all\n" in text
    assert "v=spf1 a:smtp.company-name.com -all" in text
    assert "nothing is to be done" in letter(tell(judge()))[1].lower()
