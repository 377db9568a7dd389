"""Does the verifier that receivers run on Debian accept our signatures?"""

import pytest
from hypothesis import example, given, settings

from postroom.rfc.dkim import Signer, hash_body, public_key_record
from tests.peers.opendkim import Judgement, judge
from tests.rfc.dkim_mail import BODIES, HEADS, INVOICE_BODY, INVOICE_HEAD, SIGNED_AT, make_key, make_signer, sign

pytestmark = pytest.mark.requires("opendkim")

RSA, ED25519 = make_key("rsa"), make_key("ed25519")
SIGNERS = {"rsa": make_signer(RSA, selector="rsa"), "ed25519": make_signer(ED25519, selector="ed25519")}
RECORDS = {
    "rsa._domainkey.company-name.example": public_key_record(RSA),
    "ed25519._domainkey.company-name.example": public_key_record(ED25519),
}


def passes(signer: Signer) -> Judgement:
    return Judgement("pass", signer.domain, signer.selector)


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_opendkim_accepts_an_invoice(signer: Signer) -> None:
    assert judge(sign(signer, INVOICE_HEAD, INVOICE_BODY), RECORDS) == [passes(signer)]


@given(HEADS, BODIES)
@example(INVOICE_HEAD, INVOICE_BODY)
@settings(max_examples=15)
def test_opendkim_accepts_both_signatures_of_one_message_with_odd_space_and_repeated_fields(
    head: bytes, body: bytes
) -> None:
    first, second = SIGNERS.values()
    field = second.sign(head, hash_body(body), signed_at=SIGNED_AT)
    assert judge(field + sign(first, head, body), RECORDS) == [passes(second), passes(first)]


def test_opendkim_refuses_a_changed_body_and_a_second_subject() -> None:
    signer = SIGNERS["rsa"]
    message = sign(signer, INVOICE_HEAD, INVOICE_BODY)
    for changed in (message + b"P.S.\r\n", b"Subject: Another\r\n" + message):
        assert judge(changed, RECORDS) == [passes(signer)._replace(result="fail")]


def test_opendkim_puts_off_mail_whose_key_is_not_published() -> None:
    assert judge(sign(SIGNERS["rsa"], INVOICE_HEAD, INVOICE_BODY), {}) == []
