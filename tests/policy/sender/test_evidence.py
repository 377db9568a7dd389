"""Is what proves a mail's sender taken together as DMARC wants it?"""

import pytest

from postroom.policy.dns.answers import Answer, Question, Status
from postroom.policy.sender.evidence import client_of, examine
from postroom.policy.sender.spf import Ask
from postroom.rfc.dkim import hash_body, load_signer
from postroom.rfc.dkim_key import public_key_record
from postroom.rfc.headers import split_message
from tests.rfc.dkim_mail import make_key

MAIL = b"From: Mary <mary@mail.customer.example>\r\nSubject: Hello\r\n\r\nHow are you?\r\n"
SPF = {("bounces.customer.example", "TXT"): ("v=spf1 ip4:192.0.2.1 -all",)}
POLICY = {("_dmarc.customer.example", "TXT"): ("v=DMARC1; p=reject; sp=quarantine",)}
KEY = {("s1._domainkey.customer.example", "TXT"): (public_key_record(make_key("ed25519")),)}


def dns(*zones: dict[tuple[str, str], tuple[str, ...]], away: str = "") -> Ask:
    zone = {name: values for each in zones for name, values in each.items()}

    def ask(question: Question) -> Answer:
        if question.name == away:
            return Answer(Status.TIMEOUT)
        values = zone.get((question.name, question.type), ())
        return Answer(Status.FOUND if values else Status.NXDOMAIN, values)

    return ask


def signed(mail: bytes = MAIL, domain: str = "customer.example") -> bytes:
    head, body = split_message(mail)
    return (
        load_signer(make_key("ed25519"), domain=domain, selector="s1").sign(head, hash_body(body), signed_at=0) + mail
    )


def dmarc(mail: bytes, ask: Ask, peer: str = "192.0.2.1") -> tuple[str, str]:
    client = client_of(peer, "mx.customer.example", "mary@bounces.customer.example")
    verdict = examine(mail, client, ask, now=0).dmarc
    return verdict.result, verdict.policy


def test_passes_with_spf_of_the_same_organisation() -> None:
    assert dmarc(MAIL, dns(SPF, POLICY)) == ("pass", "quarantine")


def test_passes_with_a_signature_whatever_way_it_took() -> None:
    assert dmarc(signed(), dns(SPF, POLICY, KEY), peer="192.0.2.99") == ("pass", "quarantine")
    assert dmarc(signed(), dns(SPF, POLICY, KEY), peer="") == ("pass", "quarantine")


def test_a_mail_from_a_pipe_has_other_line_ends_and_the_same_signature() -> None:
    assert dmarc(signed().replace(b"\r\n", b"\n"), dns(POLICY, KEY), peer="") == ("pass", "quarantine")


def test_fails_when_neither_belongs_to_the_from() -> None:
    assert dmarc(MAIL, dns(SPF, POLICY), peer="192.0.2.99") == ("fail", "quarantine")
    assert dmarc(signed() + b"More.\r\n", dns(SPF, POLICY, KEY), peer="192.0.2.99") == ("fail", "quarantine")


def test_a_strict_policy_wants_the_very_domain() -> None:
    strict = {("_dmarc.customer.example", "TXT"): ("v=DMARC1; p=none; aspf=s; adkim=s",)}
    assert dmarc(signed(), dns(SPF, strict, KEY)) == ("fail", "none")


def test_says_nothing_where_there_is_no_policy_or_the_way_is_not_known() -> None:
    assert dmarc(MAIL, dns(SPF))[0] == "none"
    assert dmarc(MAIL, dns(POLICY), peer="")[0] == "none"


def test_dns_that_is_away_is_no_failure_of_the_mail() -> None:
    assert dmarc(MAIL, dns(SPF, away="_dmarc.mail.customer.example"))[0] == "temperror"
    evidence = examine(signed(), None, dns(POLICY, away="s1._domainkey.customer.example"), now=0)
    assert evidence.dkim[0].result == "temperror"


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\xff\x00",
        b"Subject: Hello\r\n\r\n",
        b"From: a@one.example, b@two.example\r\n\r\n",
        b"From: x@\xff\r\n\r\n",
    ],
)
def test_a_from_that_names_no_single_domain_proves_nothing(mail: bytes) -> None:
    evidence = examine(mail, client_of("::ffff:192.0.2.1", "", ""), dns(), now=0)
    assert evidence.dmarc.result in ("permerror", "none")
    assert evidence.sentence
