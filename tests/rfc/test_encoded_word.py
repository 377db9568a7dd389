"""Do encoded words read as their senders meant them, even those that were written wrong?"""

from time import process_time

import pytest

from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.headers import field_value, get_field


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Re: =?utf-8?q?a=C3=A9_b?= c", "Re: aé b c"),
        ("=?UTF-8?Q?a?=  =?UTF-8?Q?b?=", "ab"),
        ("=?utf-8?q?a?= =?iso-8859-1?b?6Q==?= =?utf-8?q?b?=", "aéb"),
        ("=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        ("=?utf-8?b?w6k?=", "é"),
        ("=?utf-8?q?a=FFb?=", "a\ufffdb"),
        ("=?utf-16?b?RABlAHMAaQBnAG4A?=", "Design"),
        ("=?utf-7?q?Fr+APY-sche?=", "Frösche"),
    ],
)
def test_words_are_decoded_and_joined(text: str, meaning: str) -> None:
    assert decode_encoded_words(text) == meaning


@pytest.mark.parametrize(
    "charset", ["NONE", "x-unknown", "punycode", "idna", "unicode_escape", "zlib", "cp037", "../x"]
)
def test_words_in_what_is_no_character_set_are_utf_8_or_stay_as_they_are(charset: str) -> None:
    assert decode_encoded_words(f"=?{charset}?q?abc-=C3=A9?= =?{charset}?b?YQ==?=") == "abc-éa"
    text = f"=?{charset}?q?abc-=E9?= =?{charset}?b?YQ==?="
    assert decode_encoded_words(text) == text


@pytest.mark.parametrize(
    "text", ["=?utf-8?b?A?=", "=?iso-8859-1?q?漢?=", "=?utf-8?x?a?=", "=?utf-8?q?a b?=", "=??q?a?="]
)
def test_what_cannot_be_decoded_stays_as_it_is(text: str) -> None:
    assert decode_encoded_words(text) == text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"=?iso-8859-1?Q?Die_Hasen_und_die_Fr\xf6sche?=", "Die Hasen und die Frösche"),
        ("=?iso-8859-1?Q?Fr=F6sche_und_Mäuse?=".encode(), "Frösche und Mäuse"),
        ("=?utf-8?Q?Fr=C3=B6sche_und_Mäuse?=".encode(), "Frösche und Mäuse"),
        ("=?utf-8?Q?Fr=C3=B6sche_und_Mäuse?= ".encode() + b"\xff", "Frösche und Mäuse ÿ"),
        ("=?us-ascii?Q?Mäuse?=".encode(), "Mäuse"),
        ("=?koi8-r?Q?Привет?=".encode("koi8-r"), "Привет"),
        ("=?koi8-r?Q?Привет?=".encode(), "Привет"),
    ],
)
def test_octets_beyond_ascii_inside_a_word_are_read_in_its_character_set_or_as_utf_8(field: bytes, value: str) -> None:
    assert get_field(b"S: " + field + b"\r\n", "s") == value


def test_octets_beyond_ascii_in_the_encoded_name_of_an_address_are_read_too() -> None:
    field = b"To: Heinz =?iso-8859-1?Q?M\xfcller?= <mueller@example.com>\r\n"
    assert parse_mailbox(field_value(field)) == Mailbox("Heinz Müller", "mueller", "example.com")


@pytest.mark.parametrize(
    "text",
    [
        "=?punycode?q?" + "a" * 200_000 + "?=",
        "=?punycode?q?" + "ü" * 200_000 + "?=",
        "=?idna?q?" + "xn--a." * 30_000 + "?=",
        "=?utf-7?q?" + "+A" * 100_000 + "?=",
        "=?iso-2022-jp?q?" + "=1B$B" * 40_000 + "?=",
        "=?utf-8?q?" + "=FF" * 60_000 + "?=",
        "=?utf-8?b?" + "ü" * 200_000 + "?=",
        "=?utf-8?q?a?= " * 12_000,
        "=?utf-8?q?a?= =?big5?q?a?= " * 6_000,
        "".join(f"=?x{number}?q?a?= " for number in range(12_000)),
        "=?utf-8?q?a?=" + " " * 200_000 + "x",
        "=?" * 100_000,
        "=?a" * 60_000,
        "=?a?q?" * 30_000,
        "=?" + "a" * 200_000,
        "=?a*" + "b*" * 100_000,
    ],
    ids=range(16),
)
def test_two_hundred_kilobytes_of_anything_are_read_in_a_moment(text: str) -> None:
    started = process_time()
    decode_encoded_words(text)
    assert process_time() - started < 1.5  # what is quadratic takes many times as long
