"""Are the one-time passwords those of RFC 6238?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.rfc.totp import STEP_SECONDS, code_at, matching_step, provisioning_uri, text_of

KEY = b"12345678901234567890"  # RFC 6238, appendix B
NOW = 1_111_111_109


@pytest.mark.parametrize(
    ("seconds", "digits"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_gives_the_digits_of_the_standards_appendix(seconds: int, digits: str) -> None:
    assert code_at(KEY, seconds // STEP_SECONDS) == digits[-6:]


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_takes_a_code_of_the_step_before_and_after(drift: int) -> None:
    step = NOW // STEP_SECONDS + drift
    assert matching_step(KEY, code_at(KEY, step), now=NOW, after=0) == step


@pytest.mark.parametrize("drift", [-2, 2])
def test_refuses_a_code_of_another_minute(drift: int) -> None:
    assert matching_step(KEY, code_at(KEY, NOW // STEP_SECONDS + drift), now=NOW, after=0) is None


def test_takes_no_code_twice() -> None:
    code = code_at(KEY, NOW // STEP_SECONDS)
    used = matching_step(KEY, code, now=NOW, after=0)
    assert used is not None
    assert matching_step(KEY, code, now=NOW, after=used) is None


@given(st.text(max_size=8))
def test_takes_any_text_for_a_code(text: str) -> None:
    right = {code_at(KEY, NOW // STEP_SECONDS + drift) for drift in (-1, 0, 1)}
    assert (matching_step(KEY, text, now=NOW, after=0) is not None) == (text in right)


def test_writes_the_key_as_apps_read_it() -> None:
    assert text_of(KEY) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    uri = provisioning_uri(KEY, issuer="Postroom", account="mary@company-name.com")
    assert uri == f"otpauth://totp/Postroom:mary%40company-name.com?secret={text_of(KEY)}&issuer=Postroom"
