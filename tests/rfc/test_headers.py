"""Is a header block read whatever its sender got wrong, and changed without touching another byte?"""

from collections import Counter
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.rfc.dkim_canonical import relaxed_fields, simple_fields
from postroom.rfc.headers import (
    field_value,
    get_field,
    iter_fields,
    normalise_line_ends,
    remove_field,
    set_field,
    split_message,
)

HEAD = b"From: a@example.com\r\nSubject: one\r\n two\r\nX-8: \xe9\xff\r\nsubject: three\r\nTo : b@example.com\r\n"
PIECES = [b"A: 1", b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b"From ", b"\xff", b"\0", b"x", b"=?utf-8?q?=FF?="]


@pytest.mark.parametrize(
    ("raw", "head", "body"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nbody\n", b"A: 1\r\nB: 2\r\n", b"body\n"),
        (b"A: 1\nB: 2\n\nbody\n", b"A: 1\r\nB: 2\r\n", b"body\n"),
        (b"A: 1\rB: 2\r\rbody\r", b"A: 1\r\nB: 2\r\n", b"body\r\n"),
        (b"A: 1\r\nno field\r\nbody", b"A: 1\r\n", b"no field\r\nbody"),
        (b"A: 1\r\n", b"A: 1\r\n", b""),
        (b"A: 1", b"A: 1\r\n", b""),
        (b"A: 1\r\n \r\nfolded: yes\r\n\r\nx", b"A: 1\r\n \r\nfolded: yes\r\n", b"x"),
        (b"\r\nbody", b"", b"body"),
        (b"no head\nat all", b"", b"no head\nat all"),
        (b"", b"", b""),
        (b"From a@b Mon Jan  1\nA: 1\n\nx", b"A: 1\r\n", b"x"),
        (b">From a@b Mon Jan  1\nA: 1\n\nx", b"A: 1\r\n", b"x"),
        (b"oops\nA: 1\n\nx", b"A: 1\r\n", b"x"),
        (b"\xef\xbb\xbfA: 1\n\nx", b"A: 1\r\n", b"x"),
        (b"  A: 1\nB: 2\n\nx", b"A: 1\r\nB: 2\r\n", b"x"),
        (b"A: 1\nquite Delivered-To: x\nB: 2\n\nx", b"A: 1\r\nB: 2\r\n", b"x"),
        (b"A : 1\n\nx", b"A : 1\r\n", b"x"),
        (b"A: 1\nno field\nTo: b\n\nx", b"A: 1\r\nTo: b\r\n", b"x"),
        (b"To: b\n__\n  <b@x>\nSubject: c\n\nx", b"To: b\r\n  <b@x>\r\nSubject: c\r\n", b"x"),
        (b"A: 1\n\nTo: b\nx", b"A: 1\r\n", b"To: b\nx"),
    ],
)
def test_finds_the_end_of_the_head(raw: bytes, head: bytes, body: bytes) -> None:
    assert split_message(raw) == (head, body)


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PIECES)).map(b"".join))
def test_never_raises_and_makes_a_well_formed_head(raw: bytes) -> None:
    head, _ = split_message(raw)
    assert head == b"" or head.endswith(b"\r\n")
    assert head.count(b"\r\n") == head.count(b"\n")
    assert b"".join(field for _, field in iter_fields(head)) == head
    assert all(name and get_field(head, name) is not None for name, _ in iter_fields(head))


@given(st.lists(st.sampled_from([*PIECES, b"A : 1\r\n"])).map(b"".join))
def test_a_signature_covers_the_very_fields_that_are_read(raw: bytes) -> None:
    head, _ = split_message(raw)
    read = Counter(name.encode() for name, _ in iter_fields(head))
    for forms in (relaxed_fields(head), simple_fields(head)):
        assert {name: len(fields) for name, fields in forms.items()} == read


@pytest.mark.parametrize(
    "piece", [b"A: 1\r\n", b"A", b":", b" ", b"\t\n", b"\n", b"\r", b"A:\n ", b"x y:\n", b"=?", b"A: =?a?q?b?=\n"]
)
def test_a_hundred_kilobytes_of_anything_is_read_in_a_moment(piece: bytes) -> None:
    raw = b"A: 1\n" + piece * (100_000 // len(piece))
    started = perf_counter()
    head, _ = split_message(raw)
    get_field(set_field(remove_field(head, "x"), b"Y: 1\r\n"), "z")
    get_field(head, "a")
    assert perf_counter() - started < 2  # quadratic would take many times as long


def test_fields_are_found_by_name_whatever_its_case() -> None:
    assert [name for name, _ in iter_fields(HEAD)] == ["from", "subject", "x-8", "subject", "to"]
    assert get_field(HEAD, "SUBJECT") == "one two"
    assert get_field(HEAD, "To") == "b@example.com"
    assert get_field(HEAD, "Cc") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"S: \xc3\xa9\r\n", "é"),
        (b"S: \xe9\r\n", "é"),
        (b"S: =?iso-8859-1?q?=E9?=\r\n =?iso-8859-1?q?=E9?= x\r\n", "éé x"),
        (b"S: a\r\n\tb\r\n  c \r\n", "a\tb  c"),
        (b"S:\r\n", ""),
        (b"S: =?utf-8?q?a=0D=0ABcc:_x?=\r\n", "a  Bcc: x"),
        (b"S: a\0b\r\n", "a b"),
        (b"S: =?utf-7?q?+2AA-?=\r\n", " "),
        (b"S: =?no-such?q?=C3=A9?=\r\n", "é"),
        (b"S: =?no-such?q?=E9?=\r\n", "=?no-such?q?=E9?="),
    ],
)
def test_a_value_is_read_as_a_person_reads_it(field: bytes, value: str) -> None:
    assert get_field(field, "s") == value


def test_the_value_of_an_address_field_keeps_its_encoded_words() -> None:
    assert field_value(b"From: =?utf-8?q?Doe=2C?=\r\n <a@example.com>\r\n") == "=?utf-8?q?Doe=2C?= <a@example.com>"


def test_setting_a_field_replaces_all_of_its_name_in_place_of_the_first() -> None:
    assert set_field(HEAD, b"Subject: new\r\n") == (
        b"From: a@example.com\r\nSubject: new\r\nX-8: \xe9\xff\r\nTo : b@example.com\r\n"
    )


def test_setting_a_field_that_is_not_there_adds_it_at_the_end() -> None:
    assert set_field(HEAD, b"Cc: c@example.com\r\n") == HEAD + b"Cc: c@example.com\r\n"


def test_removing_a_field_removes_every_one_of_its_name_and_nothing_else() -> None:
    assert remove_field(HEAD, "Subject") == b"From: a@example.com\r\nX-8: \xe9\xff\r\nTo : b@example.com\r\n"
    assert remove_field(HEAD, "Bcc") == HEAD


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\0", b"\xff"])).map(b"".join))
def test_normalised_lines_end_in_crlf_alone(raw: bytes) -> None:
    lines = normalise_line_ends(raw).split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert normalise_line_ends(b"\r\n".join(lines)) == b"\r\n".join(lines)
    assert len(lines) == raw.count(b"\n") + 1
