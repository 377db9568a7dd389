"""Does the token in a return path lead to its delivery, and only a token that we made?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.return_path import make_token, read_token, tag_return_path, untag_return_path

IDS = st.integers(0, 2**63 - 1)
KEYS = st.binary(min_size=16, max_size=32)


@given(IDS, KEYS, KEYS)
def test_a_token_is_read_back_in_any_case_and_with_any_of_the_keys(
    delivery_id: int, key: bytes, old_key: bytes
) -> None:
    token = make_token(delivery_id, key=old_key)
    assert read_token(token, keys=[key, old_key]) == delivery_id
    assert read_token(token.upper(), keys=[old_key]) == delivery_id
    assert key == old_key or read_token(token, keys=[key]) is None


@given(st.data(), IDS, KEYS)
def test_a_token_with_one_character_changed_added_or_lost_is_refused(
    data: st.DataObject, delivery_id: int, key: bytes
) -> None:
    token = make_token(delivery_id, key=key)
    position = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("0123456789abcdef_+- g\u0661\uff11") | st.characters())
    before, character, after = token[:position], token[position], token[position + 1 :]
    changed = [before + other + character + after, before + after]
    if other.lower() != character:
        changed.append(before + other + after)
    assert [read_token(text, keys=[key]) for text in changed] == [None] * len(changed)


@pytest.mark.parametrize("token", ["", "0", "-" * 21, "-1" + "0" * 20, "é" * 30, "0" * 64, "\ud800" * 22, "x" * 10_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert read_token(token, keys=[b"k" * 16]) is None


def test_a_negative_number_is_a_bug() -> None:
    with pytest.raises(ValueError, match="not negative"):
        make_token(-1, key=b"k" * 16)


@given(st.sampled_from(["bounce@company-name.com", "a+b@company-name.com", '"odd one"@company-name.com']), IDS, KEYS)
def test_a_tagged_return_path_gives_back_its_two_halves(address: str, delivery_id: int, key: bytes) -> None:
    token = make_token(delivery_id, key=key)
    tagged = tag_return_path(address, token)
    assert untag_return_path(tagged) == (address, token)
    assert len(tagged.rpartition("@")[0]) <= 64


def test_the_tag_is_a_sub_address() -> None:
    assert tag_return_path("bounce@company-name.com", "07ab") == "bounce+07ab@company-name.com"


def test_a_local_part_that_would_grow_too_long_stays_untagged() -> None:
    token = make_token(2**63 - 1, key=b"k" * 16)
    assert len(token) == 36
    assert tag_return_path(f"{'b' * 27}@a.example", token) == f"{'b' * 27}+{token}@a.example"
    assert tag_return_path(f"{'b' * 28}@a.example", token) == f"{'b' * 28}@a.example"


@pytest.mark.parametrize("address", ["bounce@company-name.com", '"+x"@company-name.com'])
def test_an_address_without_a_tag_has_none(address: str) -> None:
    bare, token = untag_return_path(address)
    assert token is None
    assert bare in (address, "+x@company-name.com")
