"""Does the live check see what a real name server (NSD) holds, good and broken, and tell failures from absence?"""

from collections.abc import Callable, Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from postroom.domains.dns_check import check, facts_of_stranger, report_address
from postroom.domains.nameserver import Nameserver, parse_nameserver
from postroom.domains.resolver import Resolver
from postroom.policy.dns.advice import Advice
from postroom.policy.dns.answers import Question, Status
from postroom.policy.dns.facts import DomainFacts, OwnKey, Sender, SignedBy
from postroom.policy.dns.findings import Purpose, Verdict
from postroom.policy.dns.standing import Outcome
from postroom.policy.dns.writing import zone_file
from postroom.rfc.dkim_key import public_key_record, split_txt
from postroom.servers.presets import preset_named
from tests.peers.nsd import run_nsd, run_odd_server
from tests.peers.waiting import PATIENCE_SECONDS
from tests.rfc.dkim_mail import make_key

RSA, OTHER = public_key_record(make_key("rsa")), public_key_record(make_key("rsa-1024"))
ED25519 = public_key_record(make_key("ed25519"))
KEY_STRINGS = " ".join(f'"{part}"' for part in split_txt(RSA))

GOOD = f"""\
@ TXT "v=spf1 include:_spf." "good.example ~all"
@ TXT "site-verification=1"
@ MX 10 mail
mail A 192.0.2.25
_spf TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a:mail.good.example -all"
r1._domainkey TXT {KEY_STRINGS}
e1._domainkey TXT "{ED25519}"
p1._domainkey CNAME p1.keys
p1.keys CNAME end.keys
end.keys TXT {KEY_STRINGS}
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc-reports@good.example"
"""
MANY = "\n".join(f'i{n} TXT "v=spf1 a:mail.lookups.example -all"' for n in range(6))
ZONES = {
    "good.example": GOOD,
    "twice.example": '@ TXT "v=spf1 a -all"\n@ TXT "v=spf1 mx -all"\n@ MX 10 mail\nmail A 192.0.2.1',
    "lookups.example": f"mail A 192.0.2.1\n{MANY}\n"
    f'@ TXT "v=spf1 {" ".join(f"include:i{n}.lookups.example" for n in range(6))} -all"',
    "wrong.example": '@ TXT "v=spf1 include:_spf.googel.wrong.example ~all"\n@ MX 0 .\n'
    f'r1._domainkey TXT "{RSA[:255]}"\ne1._domainkey TXT "{OTHER}"\n'
    "p1._domainkey CNAME p2._domainkey\np2._domainkey CNAME p1._domainkey\n"
    "p3._domainkey CNAME nowhere.wrong.example.\np4._domainkey CNAME gone.good.example.\n"
    '_dmarc TXT "v=DMARC1; p=quarantaine; rua=mailto:dmarc-reports@wrong.example"',
    "strict.example": '_dmarc TXT "v=DMARC1; p=reject; sp=none; pct=50; aspf=s; adkim=s; rua=mailto:x@strict.example"\n'
    '@ TXT "v=spf1 ip4:198.51.100.9 -all"\nbounces TXT "v=spf1 ip4:198.51.100.9 -all"\n'
    "@ A 192.0.2.1\nmail A 198.51.100.9",
    "broken.example": "broken",
    "long.example": "\n".join(f"c{n} CNAME c{n + 1}" for n in range(20)) + '\nc20 TXT "here"\nbig TXT '
    + " ".join(f'"{"x" * 250}{n}"' for n in range(20)),
}  # fmt: skip


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with run_nsd(ZONES) as port:
        yield port


pytestmark = pytest.mark.requires("nsd")


@pytest.fixture
def resolver(port: int) -> Resolver:
    return Resolver(Nameserver("127.0.0.1", port), seconds=PATIENCE_SECONDS)


def facts(domain: str, *senders: Sender, keys: tuple[OwnKey, ...] = (), **fields: str) -> DomainFacts:
    names = {"domain": domain, "from_domain": domain, "report_address": report_address(domain), **fields}
    return DomainFacts(senders=senders, keys=keys, **names)  # type: ignore[arg-type]


def codes(advice: Advice, purpose: Purpose, name: str = "") -> tuple[str, ...]:
    (finding,) = [f for f in advice.findings if f.record.purpose is purpose and f.record.name.startswith(name)]
    return finding.codes


def test_a_domain_that_is_set_up_has_no_faults_and_its_mail_passes(resolver: Resolver) -> None:
    keys = (OwnKey("r1", RSA), OwnKey("e1", ED25519), OwnKey("p1", RSA, pointer="p1.keys.good.example"))
    advice = check(facts("good.example", Sender("Own", "mail.good.example"), keys=keys), resolver)
    assert [(f.record.name, f.words) for f in advice.faults] == []
    assert "2 of 10" in next(f.words for f in advice.findings if f.record.purpose is Purpose.SPF)
    (standing,) = advice.standings
    assert (standing.spf, standing.dkim, standing.dmarc) == (Outcome.PASS, Outcome.PASS, Outcome.PASS)


def test_strings_are_joined_and_pointers_followed(resolver: Resolver) -> None:
    spf = resolver.ask(Question("good.example", "TXT"))
    assert spf.values == ("site-verification=1", "v=spf1 include:_spf.good.example ~all")
    key = resolver.ask(Question("p1._domainkey.good.example", "TXT"))
    assert (key.values, key.chain) == ((RSA,), ("p1.keys.good.example", "end.keys.good.example"))
    assert resolver.ask(Question("p1._domainkey.good.example", "CNAME")).values == ("p1.keys.good.example",)


def test_a_pointer_into_another_zone_is_followed_too(resolver: Resolver) -> None:
    answer = resolver.ask(Question("p4._domainkey.wrong.example", "TXT"))
    assert (answer.status, answer.chain) == (Status.NXDOMAIN, ("gone.good.example",))


@pytest.mark.parametrize(
    ("name", "type_", "status"),
    [
        ("good.example", "A", Status.NODATA),
        ("nothing.good.example", "TXT", Status.NXDOMAIN),
        ("keys.good.example", "TXT", Status.NODATA),  # an empty non-terminal exists, RFC 8020
        ("broken.example", "TXT", Status.SERVFAIL),
        ("elsewhere.example", "TXT", Status.SERVFAIL),  # refused
        ("p1._domainkey.wrong.example", "TXT", Status.LOOP),
        ("c0.long.example", "TXT", Status.LOOP),
        ("c15.long.example", "TXT", Status.FOUND),
        ("big.long.example", "TXT", Status.FOUND),  # by TCP
        (f"{'x' * 64}.good.example", "TXT", Status.NXDOMAIN),
        ("a..good.example", "TXT", Status.NXDOMAIN),
    ],
)
def test_absence_and_failure_are_told_apart(resolver: Resolver, name: str, type_: str, status: Status) -> None:
    assert resolver.ask(Question(name, type_)).status is status


def test_two_spf_records_are_seen(resolver: Resolver) -> None:
    assert codes(check(facts("twice.example"), resolver), Purpose.SPF) == ("spf-several",)


def test_look_ups_are_counted(resolver: Resolver) -> None:
    advice = check(facts("lookups.example"), resolver)
    assert codes(advice, Purpose.SPF) == ("spf-lookups", "spf-costs")
    assert "12 DNS look-ups" in advice.findings[0].words
    assert codes(advice, Purpose.MX) == ("mx-missing",)


def test_broken_records_are_named_one_by_one(resolver: Resolver) -> None:
    keys = tuple(OwnKey(selector, RSA) for selector in ("r1", "e1", "p1", "p3", "p4", "p5"))
    advice = check(facts("wrong.example", keys=keys), resolver)
    found = {f.record.name.partition(".")[0]: f.codes for f in advice.findings if f.record.purpose is Purpose.DKIM}
    assert found == {
        "r1": ("dkim-truncated",),
        "e1": ("dkim-other-key",),
        "p1": ("dns-loop",),
        "p3": ("dkim-dangling",),
        "p4": ("dkim-dangling",),
        "p5": ("dkim-missing",),
    }
    assert "spf-bad-include" in codes(advice, Purpose.SPF)
    assert "dmarc-syntax" in codes(advice, Purpose.DMARC)
    assert codes(advice, Purpose.MX) == ("mx-null",)


def test_strict_alignment_and_partial_policies_are_told(resolver: Resolver) -> None:
    sender = Sender("Own", "mail.strict.example", None, SignedBy.POSTROOM)
    advice = check(facts("bounces.strict.example", sender, from_domain="strict.example"), resolver)
    assert {"dmarc-percent", "dmarc-subdomains", "dmarc-strict-aspf", "dmarc-strict-adkim"} <= set(
        codes(advice, Purpose.DMARC)
    )
    assert advice.standings[0].spf is Outcome.FAIL
    same = check(facts("strict.example", sender), resolver)
    assert same.standings[0].spf is Outcome.PASS
    assert "mx-implicit" in codes(same, Purpose.MX)


def test_a_domain_that_does_not_exist_misses_everything(resolver: Resolver) -> None:
    advice = check(facts("none.good.example"), resolver)
    assert codes(advice, Purpose.SPF) == ("spf-missing",)
    assert codes(advice, Purpose.DMARC) == ("dmarc-inherited",)


@pytest.mark.parametrize("domain", ["broken.example", "elsewhere.example"])
def test_a_name_server_that_fails_is_unclear_and_no_fault(resolver: Resolver, domain: str) -> None:
    sender = Sender("Google", "smtp-relay.gmail.com", preset_named("google-workspace-relay"))
    advice = check(facts(domain, sender, keys=(OwnKey("r1", RSA),)), resolver)
    assert (advice.verdict, advice.faults) == (Verdict.UNCLEAR, ())
    assert advice.standings[0].dmarc is Outcome.UNCLEAR


def test_what_is_proposed_for_an_empty_zone_satisfies_the_check(port: int) -> None:
    wanted = facts("new.example", Sender("Own", "ns.new.example"), keys=(OwnKey("r1", RSA), OwnKey("e1", ED25519)))
    before = check(wanted, Resolver(Nameserver("127.0.0.1", port)))
    assert before.verdict is Verdict.UNCLEAR
    with run_nsd({"new.example": "@ MX 10 ns"}) as empty:
        proposed = zone_file(check(wanted, Resolver(Nameserver("127.0.0.1", empty))).records)
    with run_nsd({"new.example": "@ MX 10 ns\n" + proposed}) as filled:
        after = check(wanted, Resolver(Nameserver("127.0.0.1", filled)))
    assert [(f.record.name, f.words) for f in after.faults] == []


# --- servers that behave oddly -------------------------------------------------------------------------------------


def test_a_server_that_is_silent_or_gone_times_out() -> None:
    with run_odd_server(lambda _: None) as port:
        answer = Resolver(Nameserver("127.0.0.1", port), seconds=0.1).ask(Question("good.example", "TXT"))
    assert answer.status is Status.TIMEOUT
    assert answer.is_unclear


def reply_with(
    rcode: int, *lines: str, flags: int = 0, when: Callable[[dns.message.Message], bool] = lambda _: True
) -> Callable[[bytes], bytes]:
    def reply(text: bytes) -> bytes:
        query = dns.message.from_wire(text)
        response = dns.message.make_response(query)
        if not when(query):
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        response.set_rcode(dns.rcode.Rcode(rcode))
        response.flags |= flags
        response.answer = [dns.rrset.from_text_list(query.question[0].name, 60, "IN", "TXT", lines)] if lines else []
        return response.to_wire()

    return reply


def test_a_resolver_that_vouches_for_the_answer_is_heard() -> None:
    for flags, vouched in ((dns.flags.AD, True), (0, False)):
        with run_odd_server(reply_with(dns.rcode.NOERROR, '"hello"', flags=flags)) as port:
            answer = Resolver(Nameserver("127.0.0.1", port)).ask(Question("good.example", "TXT"))
        assert (answer.values, answer.is_authenticated) == (("hello",), vouched)


def test_wrong_signatures_are_told_from_a_server_that_fails() -> None:
    only_unchecked = reply_with(dns.rcode.NOERROR, '"hello"', when=lambda query: bool(query.flags & dns.flags.CD))
    with run_odd_server(only_unchecked) as port:
        answer = Resolver(Nameserver("127.0.0.1", port)).ask(Question("good.example", "TXT"))
    assert (answer.status, answer.values) == (Status.BOGUS, ())


def test_an_old_server_that_refuses_edns_is_asked_without() -> None:
    with run_odd_server(reply_with(dns.rcode.NOERROR, '"hello"', when=lambda query: query.edns < 0)) as port:
        assert Resolver(Nameserver("127.0.0.1", port)).ask(Question("good.example", "TXT")).values == ("hello",)


def test_garbage_is_no_answer() -> None:
    with run_odd_server(lambda query: query[:2] + b"\xff" * 20) as port:
        answer = Resolver(Nameserver("127.0.0.1", port), seconds=0.2).ask(Question("good.example", "TXT"))
    assert answer.is_unclear


def test_a_hostile_zone_is_asked_a_bounded_number_of_questions() -> None:
    asked: list[str] = []

    def reply(text: bytes) -> bytes:
        query = dns.message.from_wire(text)
        asked.append(str(query.question[0].name))
        number = len(asked)
        includes = " ".join(f"include:x{number}-{n}.example" for n in range(9))
        return reply_with(dns.rcode.NOERROR, f'"v=spf1 {includes} -all"')(text)

    with run_odd_server(reply) as port:
        advice = check(facts_of_stranger("hostile.example"), Resolver(Nameserver("127.0.0.1", port)))
    assert "spf-lookups" in codes(advice, Purpose.SPF)
    assert len(asked) <= 220


# --- where to ask --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("127.0.0.1:5353", Nameserver("127.0.0.1", 5353)),
        ("192.0.2.1", Nameserver("192.0.2.1", 53)),
        ("[::1]:53", Nameserver("::1", 53)),
        ("localhost:5300", Nameserver("127.0.0.1", 5300)),
    ],
)
def test_a_name_server_is_written_by_address_and_port(text: str, server: Nameserver) -> None:
    assert parse_nameserver(text) == server
    assert parse_nameserver(str(server)) == server


@pytest.mark.parametrize("text", ["", "dns.example:53", "127.0.0.1:x", "127.0.0.1:99999", "::1"])
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:53"):
        parse_nameserver(text)
