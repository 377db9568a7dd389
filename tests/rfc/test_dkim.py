"""Are our DKIM signatures what others verify, as RFC 6376, 8301 and 8463 say?"""

import base64
import importlib.util
from itertools import product
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given, settings

from postroom.errors import AddressError, MissingFromError, SigningKeyError
from postroom.rfc.dkim import (
    Result,
    Signer,
    Verdict,
    hash_body,
    key_name,
    load_signer,
    public_key_record,
    split_txt,
    verify,
)
from postroom.rfc.dkim_canonical import relax_body, relaxed_fields, simplify_body
from postroom.rfc.headers import get_field
from tests.rfc.dkim_mail import (
    BODIES,
    ED25519,
    HEADS,
    INVOICE,
    INVOICE_BODY,
    INVOICE_HEAD,
    RECORD,
    RSA,
    SIGNED_AT,
    cached_record,
    edited,
    judge,
    judge_record,
    make_key,
    make_signer,
    sign,
)

KEYS = pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
FORMS = pytest.mark.parametrize("forms", list(product([b"relaxed", b"simple"], repeat=2)))

# RFC 8463 appendix A.
FOOTBALL_RECORDS = {
    "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6"
    "NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9P"
    "zoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
}
FOOTBALL = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")


# Agreement with the standard and with dkimpy


def test_the_example_of_rfc_8463_passes() -> None:
    assert [(verdict.result, verdict.selector) for verdict in verify(FOOTBALL, FOOTBALL_RECORDS.get)] == [
        ("pass", "brisbane"),
        ("pass", "test"),
    ]


def is_accepted_by_dkimpy(message: bytes, key: bytes) -> bool:
    if b"a=ed25519" in message and importlib.util.find_spec("nacl") is None:
        pytest.skip("dkimpy verifies Ed25519 only when PyNaCl is installed, and it is not")
    return bool(dkim.verify(message, dnsfunc=lambda name, timeout=5: cached_record(key).encode()))


@KEYS
@given(head=HEADS, body=BODIES)
@settings(max_examples=20)
def test_dkimpy_accepts_what_we_sign(key: bytes, head: bytes, body: bytes) -> None:
    message = sign(make_signer(key), head, body)
    assert judge(message, key).result == Result.PASS
    assert is_accepted_by_dkimpy(message, key)


@FORMS
@given(head=HEADS, body=BODIES)
@settings(max_examples=15)
def test_we_accept_what_dkimpy_signs(forms: tuple[bytes, bytes], head: bytes, body: bytes) -> None:
    # dkimpy takes white space in an unended last line for content; on the wire every line is ended.
    mail = head + b"\r\n" + body + (b"" if body.endswith(b"\r\n") else b"\r\n")
    key = make_key("rsa-1024")
    assert judge(dkim.sign(mail, b"s1", b"company-name.example", key, canonicalize=forms) + mail, key).result == "pass"


@FORMS
def test_we_accept_a_body_length_of_dkimpy_and_say_what_it_leaves_open(forms: tuple[bytes, bytes]) -> None:
    mail = INVOICE_HEAD + b"\r\nHello\r\n"
    message = dkim.sign(mail, b"s1", b"company-name.example", RSA, canonicalize=forms, length=True) + mail
    assert judge(message, RSA).reason == ""
    assert judge(message + b"Buy now!\r\n", RSA) == Verdict(
        Result.PASS, "company-name.example", "s1", "rsa-sha256", "only the first 7 octets of the body are signed"
    )
    assert judge(message.removesuffix(b"llo\r\n"), RSA).result == "permerror"


# Canonicalisation


@pytest.mark.parametrize(
    ("body", "relaxed", "simple"),
    [
        (b"", b"", b"\r\n"),
        (b"\r\n\r\n", b"", b"\r\n"),
        (b" \t\r\n \r\n", b"", b" \t\r\n \r\n"),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n", b" C \r\nD \t E\r\n"),  # RFC 6376 §3.4.5
        (b"a", b"a\r\n", b"a\r\n"),
        (b"a \t", b"a\r\n", b"a \t\r\n"),
        (b"a\n\r\n\r\n", b"a\n\r\n", b"a\n\r\n"),
        (b"a\r\r\n\r\n", b"a\r\r\n", b"a\r\r\n"),
    ],
)
def test_bodies_become_canonical(body: bytes, relaxed: bytes, simple: bytes) -> None:
    assert relax_body(body) == relaxed
    assert simplify_body(body) == simple


def test_header_fields_become_relaxed() -> None:
    # RFC 6376 §3.4.5, and one name twice
    assert relaxed_fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\na:\r\n") == {
        b"a": [b"a:X\r\n", b"a:\r\n"],
        b"b": [b"b:Y Z\r\n"],
    }


# Signing


def signed_names(head: bytes) -> list[str]:
    field = make_signer(ED25519).sign(head, hash_body(b""), signed_at=SIGNED_AT)
    return field.replace(b"\r\n ", b"").decode().partition("h=")[2].partition(";")[0].split(":")


def test_the_unsubscribe_fields_are_signed_and_transport_fields_are_not() -> None:
    assert {"list-unsubscribe", "list-unsubscribe-post", "mime-version"} <= set(signed_names(INVOICE_HEAD))
    transport = b"Return-Path: <b@company-name.example>\r\nReceived: x\r\nBcc: c@customer.example.com\r\n"
    assert signed_names(transport + INVOICE_HEAD) == signed_names(INVOICE_HEAD)


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID", "Content-Type"])
def test_a_second_field_of_what_people_see_breaks_the_signature(name: str) -> None:
    head = b"Cc: a@customer.example.com\r\nReply-To: sales@company-name.example\r\n" + INVOICE_HEAD
    signed = sign(make_signer(ED25519), head, INVOICE_BODY)
    added = name.encode() + b": another\r\n"
    for changed in (added + signed, edited(signed, b"\r\n\r\n", b"\r\n" + added + b"\r\n")):
        assert judge(changed, ED25519).result == Result.FAIL


def test_white_space_before_a_colon_hides_no_field() -> None:
    head = edited(INVOICE_HEAD, b"From:", b"From \t:")
    signed = sign(make_signer(ED25519), head, INVOICE_BODY)
    assert get_field(signed, "From") == get_field(INVOICE_HEAD, "From")
    assert judge(signed, ED25519).result == Result.PASS
    assert judge(b"From : thief@evil.example\r\n" + signed, ED25519).result == Result.FAIL


def test_a_relay_may_add_the_to_date_and_message_id_that_were_missing() -> None:
    signed = sign(make_signer(ED25519), b"From: a@company-name.example\r\n", b"")
    added = b"To: undisclosed-recipients:;\r\nDate: now\r\nMessage-ID: <1@x.example>\r\n"
    assert judge(added + signed, ED25519).result == Result.PASS
    assert judge(b"Reply-To: thief@evil.example\r\n" + signed, ED25519).result == Result.FAIL


def test_changing_any_visible_character_breaks_the_signature() -> None:
    spare_bits = INVOICE.index(b"==\r\n") - 1  # base64 decodes to the same octets
    for position, octet in enumerate(INVOICE):
        if octet > 0x20 and position != spare_bits:
            changed = INVOICE[:position] + bytes([octet ^ 2]) + INVOICE[position + 1 :]
            assert judge(changed, RSA).result != Result.PASS, changed[:position]


@KEYS
def test_the_same_arguments_give_the_same_field_in_short_lines(key: bytes) -> None:
    body_hash = hash_body(INVOICE_BODY)
    first, second = (make_signer(key).sign(INVOICE_HEAD, body_hash, signed_at=SIGNED_AT) for _ in range(2))
    assert first == second
    assert max(map(len, first.split(b"\r\n"))) <= 78
    assert b"t=%d;" % SIGNED_AT in first


def test_an_expiry_is_written_and_kept() -> None:
    signer = make_signer(ED25519)
    field = signer.sign(INVOICE_HEAD, hash_body(b""), signed_at=SIGNED_AT, expires_at=SIGNED_AT + 60)
    message = field + INVOICE_HEAD + b"\r\n"
    assert judge(message, ED25519, now=SIGNED_AT + 60).result == Result.PASS
    assert judge(message, ED25519, now=SIGNED_AT + 61).reason == "the signature has expired"
    assert judge(message, ED25519).result == Result.PASS


def test_international_domains_are_signed_for_as_a_labels() -> None:
    signer = load_signer(ED25519, domain="Bücher.example", selector="März")
    assert (signer.domain, signer.selector) == ("xn--bcher-kva.example", "xn--mrz-qla")
    assert key_name(domain="Bücher.example", selector="s1") == "s1._domainkey.xn--bcher-kva.example"
    unicode_signature = edited(sign(signer, INVOICE_HEAD, b""), b"d=xn--bcher-kva", "d=bücher".encode())
    asked: list[str] = []
    verify(unicode_signature, asked.append)
    assert asked == ["xn--mrz-qla._domainkey.xn--bcher-kva.example"]  # RFC 8616 §5


def test_a_message_without_from_is_not_signed() -> None:
    with pytest.raises(MissingFromError, match="cannot be signed"):
        make_signer(RSA).sign(b"Subject: x\r\n", hash_body(b""), signed_at=SIGNED_AT)


@pytest.mark.parametrize("name", ["", "a b", "s1; d=evil.example", "[192.0.2.1]", "a..b", "x" * 64, "s\r\n"])
def test_what_is_no_dns_name_is_refused(name: str) -> None:
    with pytest.raises(AddressError):
        load_signer(ED25519, domain="company-name.example", selector=name)
    with pytest.raises(AddressError):
        load_signer(ED25519, domain=name, selector="s1")


# Keys


def test_weak_rsa_keys_are_reported_and_too_weak_ones_refused() -> None:
    short: Signer = make_signer(make_key("rsa-1024"))
    assert (short.key_bits, short.is_key_short) == (1024, True)
    assert not make_signer(RSA).is_key_short
    assert (make_signer(ED25519).key_bits, make_signer(ED25519).is_key_short) == (None, False)


def pem(key: Any, encryption: Any = None) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        (b"", "give an RSA"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "give an RSA"),
        (pem(generate_ec_key(SECP256R1())), "make an RSA or Ed25519 key"),
        (pem(load_pem_private_key(ED25519, None), BestAvailableEncryption(b"secret")), "openssl pkey"),
        (
            load_pem_private_key(ED25519, None)
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "give the private one",
        ),
    ],
    ids=["nothing", "damaged", "elliptic curve", "pass phrase", "public"],
)
def test_a_bad_key_is_refused_with_what_to_do(key: bytes, advice: str) -> None:
    with pytest.raises(SigningKeyError, match=advice):
        load_signer(key, domain="company-name.example", selector="s1")


# 768 bits: no library makes one any more.
SHORT_RSA = b"""\
-----BEGIN PRIVATE KEY-----
MIIB5wIBADANBgkqhkiG9w0BAQEFAASCAdEwggHNAgEAAmEA92WD77gm+6gz64H4
dEFhB3n2avAX3bmuNVt38JaF9fZVebFRG8LzDeDz6s/zSUt/5CG+CxV4AKiynHBW
51WwgaSzQ+lZFEhUVacU9UMzmI6HNffDCsfhaxGkxWN7JZSvAgMBAAECYQDCtr5x
5TGhblB28pOXBIIWvVJJ9nACTgsj6brru7zxypCZuAqLXBOqf7vauxLTRDx3IC1a
ksSY/HCHs/uTg7XzaMg+n+qjH874B0SECgPickFvqmZuQftHfnwXIBfiB5ECMQD/
9hHgTtbc16STgXjWijuiCQbaeLq1FJNwEF3t+J4YvKQpPs86Ygsx1XIRZ9aw9ucC
MQD3bxz/q8nQP5CczNgfUfpqBPtIbgRF/NEcqu1EsRi16WH18BYuFqsSgm636a5X
YvkCMQCGsz97FOJb/Bv/CF7IQJzbS/bQWEKhcv+YNPTJfFHu4K9fiU9TAS+0/Qf3
gvbn0DcCMQDX+Bk0pEpTxZfA9R9TPye2sEBwuO5r9D7Fqf/NbFKoPVvu4a9KbSjG
0Cg5yPMOfWkCMQCThTk/NqBWhAVWkWaCASscsl5dIcRkvcvfgNi4i9LgKozdYSCD
c3R++mcNls4cLvo=
-----END PRIVATE KEY-----
"""


def test_an_rsa_key_under_1024_bits_is_refused() -> None:
    with pytest.raises(SigningKeyError, match="768 bits"):
        make_signer(SHORT_RSA)
    octets = load_pem_private_key(SHORT_RSA, None).public_key()
    der = base64.b64encode(octets.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    assert judge_record(f"p={der}").reason == "the RSA key has 768 bits, fewer than 1024"


@KEYS
def test_both_halves_of_a_key_give_the_same_record(key: bytes) -> None:
    public = load_pem_private_key(key, None).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert public_key_record(public) == public_key_record(key)
    with pytest.raises(SigningKeyError):
        public_key_record(public.replace(b"A", b"!"))


def test_a_record_is_cut_into_strings_that_dns_takes() -> None:
    strings = split_txt(RECORD)
    assert "".join(strings) == RECORD
    assert [len(string) for string in strings] == [255, len(RECORD) - 255]
