"""Do we judge the DKIM signatures of others as RFC 6376, 8301 and 8463 say?"""

import base64
import time

import dkim
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from postroom.rfc.dkim import (
    Result,
    Verdict,
    verify,
)
from tests.rfc.dkim_mail import (
    ED25519,
    INVOICE,
    INVOICE_HEAD,
    RECORD,
    RSA,
    SIGNED_AT,
    cached_record,
    edited,
    judge,
    judge_record,
    make_key,
    published,
)


@pytest.mark.parametrize(
    ("record", "result", "reason"),
    [
        (None, "permerror", "there is no key at s1._domainkey.company-name.example"),
        ("", "neutral", "“” is not a tag=value pair"),
        ("v=DKIM1; p=", "permerror", "the key is revoked"),
        ("v=DKIM1; k=rsa", "neutral", "the key record has no p="),
        ("v=DKIM1; p=%%%", "neutral", "“%%%” is not base64"),
        ("v=DKIM1; p=AAAA", "neutral", "p= holds no RSA key"),
        ("v=DKIM2; p=AAAA", "permerror", "the key record is not of version DKIM1"),
        ("p=AAAA; v=DKIM1", "permerror", "the key record is not of version DKIM1"),
        (cached_record(ED25519), "permerror", "the key record holds no rsa key"),
        (f"{RECORD}; p=", "neutral", "the tag p= is given twice"),
        (f"{RECORD}; h=sha1", "permerror", "the key record does not allow sha256"),
        (f"{RECORD}; h=sha1:sha256", "pass", ""),
        (f"{RECORD}; s=tlsrpt", "permerror", "the key record is not meant for mail"),
        (f"{RECORD}; s=tlsrpt : email; t=s; n=a note;", "pass", ""),
        (RECORD.replace("v=DKIM1; k=rsa; ", ""), "pass", ""),
        (cached_record(make_key("rsa-1024")), "fail", "the header has been changed, or the key is another"),
    ],
    ids=range(16),  # not by the keys, which are others in each of xdist's processes
)
def test_the_key_record_decides(record: str | None, result: str, reason: str) -> None:
    verdict = judge_record(record)
    assert (verdict.result, verdict.reason) == (result, reason)
    assert (verdict.domain, verdict.selector, verdict.algorithm) == ("company-name.example", "s1", "rsa-sha256")


def test_a_key_under_test_is_reported() -> None:
    assert not judge_record(RECORD).is_testing
    assert judge_record(f"{RECORD}; t=s:y") == Verdict(
        Result.PASS, "company-name.example", "s1", "rsa-sha256", is_testing=True
    )


def test_a_dns_that_gives_no_answer_is_a_temporary_error() -> None:
    def time_out(name: str) -> None:
        raise TimeoutError("no answer in 5 s")

    assert verify(INVOICE, time_out) == (
        Verdict(
            Result.TEMPERROR,
            "company-name.example",
            "s1",
            "rsa-sha256",
            "the key could not be looked up: no answer in 5 s",
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "result", "reason"),
    [
        (b"a=rsa-sha256", b"a=rsa-sha1", "permerror", "rsa-sha1 is no longer accepted (RFC 8301)"),
        (b"a=rsa-sha256", b"a=md5", "permerror", "the algorithm md5 is not known"),
        (b"v=1;", b"v=2;", "permerror", "the signature is not of version 1"),
        (b"v=1;", b"", "neutral", "the signature has no v="),
        (b"v=1;", b"v=1; v=1;", "neutral", "the tag v= is given twice"),
        (b"v=1;", b"v=1; nonsense;", "neutral", "“nonsense” is not a tag=value pair"),
        (b"v=1;", b"v=1; q=http;", "permerror", "the signature names no way to find the key that is known here"),
        (b"v=1;", b"v=1; z=\xff;", "neutral", "the signature is not UTF-8"),
        (b"v=1;", b"v=1; l=-1;", "neutral", "l= is not a number"),
        (b"v=1;", b"v=1; l=" + b"9" * 76 + b";", "permerror", "the body is shorter than l= says"),
        (b"v=1;", b"v=1; x=1;", "neutral", "the signature expires before it was made"),
        (b"v=1;", b"v=1; i=a@evil.example;", "permerror", "the identity i= is not in the domain d="),
        (b"v=1;", b"v=1; i=a@notcompany-name.example;", "permerror", "the identity i= is not in the domain d="),
        (b"v=1;", b"v=1; i=nobody;", "neutral", "i= holds no domain"),
        (b"relaxed/relaxed", b"relaxed/", "permerror", "the canonicalisation relaxed/ is not known"),
        (b"relaxed/relaxed", b"relaxed", "fail", "the body has been changed"),
        (b"h=from:from:", b"h=", "permerror", "From is not signed"),
        (b"d=company-name", b"d=company name", "neutral", "“company name.example” is not a domain"),
        (b" bh=", b" bh=!", "neutral", "“!"),
        (b"t=1", b"t=2", "fail", "the header has been changed, or the key is another"),
        (b" b=", b" b=AAAA", "fail", "the header has been changed, or the key is another"),
    ],
)
def test_a_signature_that_is_not_good_says_why(before: bytes, after: bytes, result: str, reason: str) -> None:
    verdict = judge(edited(INVOICE, before, after), RSA)
    assert verdict.result == result
    assert verdict.reason.startswith(reason)


def test_an_identity_in_a_sub_domain_passes_unless_the_key_forbids_it() -> None:
    mail = INVOICE_HEAD + b"\r\n"
    signed = dkim.sign(mail, b"s1", b"company-name.example", RSA, identity=b"a@mail.company-name.example") + mail
    assert judge(signed, RSA).result == "pass"
    [verdict] = verify(signed, lambda name: f"{RECORD}; t=s")
    assert verdict.reason == "the key does not sign for sub-domains (t=s)"


def test_an_unsigned_message_has_one_verdict_none() -> None:
    for message in (b"", b"\r\n", b"Subject: x\r\n\r\nDKIM-Signature: v=1\r\n"):
        [verdict] = verify(message, published(RSA))
        assert verdict.result == Result.NONE


def test_only_ten_signatures_are_looked_at() -> None:
    asked: list[str] = []
    field = INVOICE.partition(b"From:")[0]
    verdicts = verify(field * 12 + INVOICE, asked.append)
    assert (len(asked), len(verdicts)) == (10, 13)
    assert verdicts[10].result == Result.NEUTRAL


TAGS = st.sampled_from(
    [b"v=1", b"a=rsa-sha256", b"a=ed25519-sha256", b"d=a.example", b"s=s", b"h=from", b"bh=", b"b=", b"b=AA==", b"i=@"]
)
NOISE = st.binary(max_size=20) | st.sampled_from([b"\r\n", b"\r\n ", b":", b";", b"=", b"\r", b"\n", b"\xc3\xbc."])


@given(
    tags=st.lists(TAGS | NOISE, max_size=14),
    rest=st.lists(NOISE | st.just(b"From:"), max_size=8),
    record=st.none()
    | st.text(max_size=20)
    | st.binary(max_size=70).map(lambda key: "p=" + base64.b64encode(key).decode()),
)
@example(
    tags=[b"v=1", b"a=ed25519-sha256", b"d=a.example", b"s=s", b"h=from", b"bh=", b"b="],
    rest=[],
    record="k=ed25519; p=" + "A" * 43 + "=",
)
@settings(max_examples=100)
def test_nothing_in_a_message_or_record_raises(tags: list[bytes], rest: list[bytes], record: str | None) -> None:
    message = b"DKIM-Signature: " + b";".join(tags) + b"\r\n" + b"".join(rest)
    assert all(verdict.result != Result.PASS for verdict in verify(message, lambda name: record, now=SIGNED_AT))


@pytest.mark.parametrize(
    "hostile",
    [
        b" " * 100_000,
        b" \t" * 50_000 + b"x",
        b"\r\n" * 100_000,
        b"\r\n" * 100_000 + b"\n",
        b"a:\r\n" * 20_000,
        b"DKIM-Signature:" + b"b=;" * 20_000 + b"\r\n",
        b"DKIM-Signature:" + b" ;\r\n" * 20_000 + b"\r\n",
        b"DKIM-Signature: v=1;a=rsa-sha256;d=a.example;s=s;bh=;b=;h=from"
        + b":a" * 80_000
        + b"\r\n"
        + b"a:\r\n" * 20_000,
        b"DKIM-Signature: v=1;a=rsa-sha256;s=s;bh=;b=;h=from;d=" + "ü.".encode() * 40_000 + b"\r\n",
        b"DKIM-Signature: v=1\r\n" * 8_000,
    ],
    ids=range(10),
)
def test_hostile_messages_take_no_longer_than_others(hostile: bytes) -> None:
    started = time.process_time()
    for message in (hostile, INVOICE + hostile, edited(INVOICE, b"From:", hostile + b"\r\nFrom:")):
        verify(message, published(RSA))
    assert time.process_time() - started < 2  # what is quadratic takes many times as long
