"""Is an identifier made as peers expect it, and found in whatever they write?"""

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.errors import HeaderError
from postroom.rfc.headers import encode_identifiers, field_value
from postroom.rfc.message_id import make_message_id, parse_message_ids

words = st.text("azAZ09!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=20)
atoms = words | words.map("{}.9".format)
identifiers = st.builds(lambda unique, domain: make_message_id(unique, domain=domain), atoms, atoms)


@given(st.lists(identifiers, min_size=1, max_size=5))
def test_written_identifiers_are_read_back(written: list[str]) -> None:
    assert parse_message_ids(field_value(encode_identifiers("References", written))) == tuple(written)


@pytest.mark.parametrize(
    ("unique", "domain"), [("", "a"), ("a", ""), ("a b", "c"), ("a@b", "c"), ("a", "b\r\n"), ("ü", "a")]
)
def test_refuses_what_peers_would_mistreat(unique: str, domain: str) -> None:
    with pytest.raises(HeaderError, match="Message-ID"):
        make_message_id(unique, domain=domain)


def test_a_domain_literal_may_stand_for_the_domain() -> None:
    assert make_message_id("1", domain="[192.0.2.1]") == "<1@[192.0.2.1]>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a@b>\r\n <c@d>", ("<a@b>", "<c@d>")),
        ("<a@b><c@d>,<e@f>", ("<a@b>", "<c@d>", "<e@f>")),
        ("<a@b> (see <c@d>)", ("<a@b>", "<c@d>")),
        ("(Joe's (old) note of a@b) <c@d>", ("<c@d>",)),
        ('Your message of "Tue, joe@example.com" <a@b>', ("<a@b>",)),
        ("a@b, c@d", ("<a@b>", "<c@d>")),
        ("<a@b", ("<a@b>",)),
        ('<"a b>"@c>', ('<"a b>"@c>',)),
        ('<a"b@c>', ('<a"b@c>',)),
        ("<folded.\r\n inside@b>", ("<folded.inside@b>",)),
        ("<no-at-sign>", ("<no-at-sign>",)),
        ("", ()),
        ("<> @ word", ()),
    ],
)
def test_finds_the_identifiers(text: str, expected: tuple[str, ...]) -> None:
    assert parse_message_ids(text) == expected


@settings(max_examples=100)
@given(st.text(st.sampled_from('<>"\\()@a \r\n,é')))
def test_never_raises_and_gives_angle_brackets(text: str) -> None:
    for identifier in parse_message_ids(text):
        assert identifier[0] + identifier[-1] == "<>"


@pytest.mark.parametrize("piece", ['<"\\"', '<"<\\"', "<", "(", "(a(", "a", '"', '<a"', "()", " "])
def test_a_hundred_kilobytes_of_anything_is_read_in_a_moment(piece: str) -> None:
    started = perf_counter()
    parse_message_ids("<(" + piece * (100_000 // len(piece)))
    assert perf_counter() - started < 2  # quadratic would take many times as long
