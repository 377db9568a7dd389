"""Is every field written so that the standard library, and we, read back what was meant?"""

import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.errors import HeaderError
from postroom.rfc.address import Mailbox, parse_mailboxes
from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.headers import (
    encode_date,
    encode_identifiers,
    encode_mailboxes,
    encode_parameters,
    encode_text,
    field_value,
    get_field,
    needs_smtputf8,
)

printable = st.characters(exclude_categories=["Cs", "Cc"])
awkward = st.sampled_from(
    [" ", "  ", "\t", "=?", "=?utf-8?q?x?=", "?=", ",", '"', "\\", "é", "漢", "🙂", "x" * 80, "y" * 950]
)
values = st.lists(awkward | st.text(printable, max_size=8), max_size=12).map("".join)
names = st.lists(awkward.filter(lambda text: text != "\t") | st.text(printable, max_size=8), max_size=5).map("".join)
MARY = Mailbox("Mary", "mary", "customer.example.com")


def parse(field: bytes) -> EmailMessage:
    return message_from_bytes(field + b"\r\n", policy=email.policy.default)


def assert_well_formed(field: bytes) -> None:
    """One field, folded before white space, no line of white space alone, lengths as RFC 2047 §2 and RFC 5322 want."""
    assert field.endswith(b"\r\n")
    first, *others = field[:-2].split(b"\r\n")
    assert all(line[:1] in (b" ", b"\t") and line.strip() for line in others)
    for line in (first, *others):
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
        assert len(line) <= 998
        words = re.findall(rb"=\?utf-8\?[qb]\?[^?\s]*\?=", line)
        assert all(len(word) <= 75 for word in words)
        for word in words:
            decode_strictly(word)


def decode_strictly(word: bytes) -> str:
    """RFC 2047 §5: each word must be whole characters on its own."""
    text = decode_encoded_words(word.decode())
    assert "\ufffd" not in text or b"=EF=BF=BD" in word or b"?b?" in word
    return text


@given(values)
@example(" ")
@example("a  é\tb")
@example("é" * 200)
@example(" " * 1200 + "x")
@example("Re: =?utf-8?q?not_a_word?= é")
def test_text_reads_back_as_it_was_written(value: str) -> None:
    field = encode_text("Subject", value)
    assert_well_formed(field)
    assert get_field(field, "subject") == value
    assert parse(field)["Subject"] == value


def test_ascii_text_stays_as_it_is_and_folds_between_words() -> None:
    field = encode_text("X-Note", "word " * 40 + "end")
    assert b"=?" not in field
    assert max(map(len, field.split(b"\r\n"))) <= 78
    assert field.replace(b"\r\n", b"") == b"X-Note: " + b"word " * 40 + b"end"


def test_a_long_word_of_ascii_is_neither_cut_nor_encoded() -> None:
    link = f"<https://example.com/{'x' * 300}>"
    assert encode_text("List-Unsubscribe", link) == f"List-Unsubscribe: {link}\r\n".encode()


def test_only_the_words_around_the_odd_ones_are_encoded() -> None:
    field = encode_text("Subject", "Order 4711 for Jürgen and Zoë is on its way")
    assert field.startswith(b"Subject: Order 4711 for =?utf-8?q?J")
    assert field.endswith(b"?= is on its way\r\n")


@pytest.mark.parametrize(("value", "letter"), [("Jürgen", b"?q?"), ("漢字かな", b"?b?")])
def test_the_shorter_of_q_and_b_is_used(value: str, letter: bytes) -> None:
    assert letter in encode_text("Subject", value)


@given(st.text(printable, min_size=1, max_size=150), st.integers(1, 50))
def test_lines_with_encoded_words_have_at_most_76_characters(value: str, name_length: int) -> None:
    field = encode_text("X" * name_length, f"é{value}é")
    assert max(map(len, field.split(b"\r\n"))) <= 76


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@example.com", "a\nb", "a\rb", "a\0b", "a\x1bb", "a\x7f", "\ud800"])
def test_text_with_a_control_character_is_refused(bad: str) -> None:
    with pytest.raises(HeaderError, match="X-Note holds a line break or another control"):
        encode_text("X-Note", bad)


@pytest.mark.parametrize("name", ["", "X Note", "X:", "X\r\nBcc", "Ü", "x" * 77])
def test_a_malformed_field_name_is_refused(name: str) -> None:
    with pytest.raises(HeaderError, match="is not a header field name"):
        encode_text(name, "value")


def test_a_display_name_is_quoted() -> None:
    assert encode_mailboxes("From", [MARY]) == b'From: "Mary" <mary@customer.example.com>\r\n'


def test_without_a_name_the_address_stands_alone() -> None:
    assert encode_mailboxes("To", [Mailbox("", "a b", "example.com")]) == b'To: "a b"@example.com\r\n'


@given(st.lists(names, min_size=1, max_size=4))
@example(['a "b" \\ c', "Doe, John", "é" * 100, ""])
def test_display_names_read_back_as_they_were_written(written: list[str]) -> None:
    mailboxes = tuple(Mailbox(name, f"box{index}", "example.com") for index, name in enumerate(written))
    field = encode_mailboxes("To", mailboxes)
    assert_well_formed(field)
    assert field.isascii()
    assert max(map(len, field.split(b"\r\n"))) <= 76
    assert parse_mailboxes(field_value(field)) == mailboxes
    assert [address.addr_spec for address in parse(field)["To"].addresses] == [box.address for box in mailboxes]


def test_the_standard_library_reads_the_same_names() -> None:
    written = ["Mary", "Doe, John", 'The "Boss"', "Jürgen Müller", "漢字" * 7, "=?utf-8?q?trick?="]
    field = encode_mailboxes("To", [Mailbox(name, "a", "example.com") for name in written])
    assert [address.display_name for address in parse(field)["To"].addresses] == written


def test_the_words_of_a_long_name_join_without_a_gap() -> None:
    # By the older reader of the standard library: the newer one, against RFC 2047 §6.2, puts blanks between them.
    field = encode_mailboxes("To", [Mailbox("漢字" * 40, "a", "example.com")])
    assert str(make_header(decode_header(field[4:].decode()))) == "漢字" * 40 + " <a@example.com>"


def test_words_of_a_name_hold_only_what_a_phrase_allows() -> None:
    field = encode_mailboxes("To", [Mailbox('é ()<>@,;:".[]_?=', "a", "example.com")])
    assert re.fullmatch(rb"To: (=\?utf-8\?[qb]\?[A-Za-z0-9!*+/=_-]+\?=\s+)+<a@example.com>\r\n", field)


def test_a_local_part_outside_ascii_makes_the_message_internationalized() -> None:
    field = encode_mailboxes("To", [Mailbox("Jürgen", "jürgen", "xn--mller-kva.example")])
    assert field == "To: =?utf-8?q?J=C3=BCrgen?= <jürgen@xn--mller-kva.example>\r\n".encode()
    assert needs_smtputf8(field)
    assert not needs_smtputf8(encode_mailboxes("To", [Mailbox("Jürgen", "j", "example.com")]))


@pytest.mark.parametrize("mailbox", [Mailbox("a\r\nBcc: b", "a", "example.com"), Mailbox("", "a\nb", "example.com")])
def test_a_mailbox_with_a_line_break_is_refused(mailbox: Mailbox) -> None:
    with pytest.raises(HeaderError):
        encode_mailboxes("To", [mailbox])


def test_an_empty_list_of_mailboxes_is_refused() -> None:
    with pytest.raises(HeaderError, match="needs at least one address"):
        encode_mailboxes("To", [])


def test_one_identifier_stays_on_its_line_however_long() -> None:
    identifier = f"<{'x' * 300}@example.com>"
    assert encode_identifiers("Message-ID", [identifier]) == f"Message-ID: {identifier}\r\n".encode()


def test_few_identifiers_stand_on_one_line_and_many_on_a_line_each() -> None:
    few = ["<1@example.com>", "<2@example.com>"]
    many = [f"<{number:030}@example.com>" for number in range(5)]
    assert encode_identifiers("References", few) == b"References: <1@example.com> <2@example.com>\r\n"
    assert encode_identifiers("References", many).decode().removeprefix("References: ").split() == many
    assert encode_identifiers("References", many).count(b"\r\n") == 5


def test_identifiers_are_never_encoded() -> None:
    identifiers = ["<=?utf-8?q?x?=@example.com>", "<größe@example.com>"]
    assert encode_identifiers("References", identifiers).decode().split()[1:] == identifiers


@pytest.mark.parametrize("bad", [[], [""], ["<a b@c>"], ["<a@b>\r\nBcc: x"], ["<" + "x" * 1000 + "@y>"]])
def test_identifiers_that_would_break_the_field_are_refused(bad: list[str]) -> None:
    with pytest.raises(HeaderError):
        encode_identifiers("Message-ID", bad)


@given(st.text(printable, max_size=300))
@example('a "quoted" \\ name.pdf')
@example("100% *'.pdf")
@example(" blank ")
@example("=?utf-8?q?x?=")
def test_parameters_read_back_as_they_were_written(filename: str) -> None:
    field = encode_parameters("Content-Disposition", "attachment", {"filename": filename})
    assert_well_formed(field)
    assert field.isascii()
    assert max(map(len, field.split(b"\r\n"))) <= 78
    assert parse(field)["Content-Disposition"].params.get("filename", "") == filename


def test_parameters_of_plain_ascii_are_written_plainly() -> None:
    field = encode_parameters("Content-Type", "text/plain", {"charset": "utf-8", "format": "flowed"})
    assert field == b'Content-Type: text/plain; charset="utf-8"; format="flowed"\r\n'


def test_a_parameter_with_a_line_break_is_refused() -> None:
    with pytest.raises(HeaderError):
        encode_parameters("Content-Disposition", "attachment", {"filename": 'a"\r\nBcc: x'})


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))])))
def test_a_date_reads_back_to_the_second(moment: datetime) -> None:
    assert parsedate_to_datetime(field_value(encode_date("Date", moment))) == moment.replace(microsecond=0) or (
        moment.year < 1000  # the reader takes small years for the two digits of old
    )


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(HeaderError, match="offset"):
        encode_date("Date", datetime(2025, 11, 22))  # noqa: DTZ001 - it is what must be refused
