"""Are a provider's answers understood, and the challenge of PKCE computed as the standard has it?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.rfc.oauth import Grant, Refusal, code_challenge, read_token_answer, with_parameters


def test_the_challenge_is_the_standards_example() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_reads_a_token() -> None:
    """RFC 6749 §5.1."""
    answer = b'{"access_token":"2Yotn","token_type":"Bearer","expires_in":3600,"refresh_token":"tGzv3","scope":"a b"}'
    assert read_token_answer(answer) == Grant("2Yotn", "tGzv3", 3600, "a b")


def test_a_token_without_what_is_optional() -> None:
    assert read_token_answer(b'{"access_token":"2Yotn","token_type":"bearer"}') == Grant("2Yotn", "", None, "")


@pytest.mark.parametrize(("written", "seconds"), [('"3599"', 3599), ("-1", None), ('"soon"', None), ("1e999", None)])
def test_reads_a_lifetime_however_it_is_written(written: str, seconds: int | None) -> None:
    answer = read_token_answer(f'{{"access_token":"t","token_type":"Bearer","expires_in":{written}}}'.encode())
    assert isinstance(answer, Grant)
    assert answer.expires_in == seconds


def test_reads_a_refusal_and_shortens_its_words() -> None:
    """RFC 6749 §5.2; Microsoft explains itself at length."""
    answer = read_token_answer(
        json.dumps({"error": "invalid_grant", "error_description": "AADSTS70000 " * 99}).encode()
    )
    assert isinstance(answer, Refusal)
    assert (answer.error, len(answer.description)) == ("invalid_grant", 500)
    assert str(Refusal("invalid_client", "")) == "invalid_client"


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"access_token":"t","token_type":"mac"}', b"\xff"])
def test_what_is_neither_is_nothing(content: bytes) -> None:
    assert read_token_answer(content) is None


@given(st.binary())
def test_never_fails(content: bytes) -> None:
    read_token_answer(content)


def test_a_token_is_not_shown_with_its_answer() -> None:
    assert "2Yotn" not in repr(Grant("2Yotn", "tGzv3", None, ""))


def test_parameters_join_those_of_the_address() -> None:
    assert with_parameters("https://a.example/auth?p=1#x", {"q": "ä b"}) == "https://a.example/auth?p=1&q=%C3%A4+b"
