"""Is every character set of mail found, and nothing that is none?"""

import encodings
from codecs import lookup
from pkgutil import iter_modules
from time import process_time

import pytest

from postroom.rfc.charset import find_codec

ALL_CODECS = sorted(module.name for module in iter_modules(encodings.__path__))
MAIL_CODECS = sorted({codec for name in ALL_CODECS if (codec := find_codec(name))})


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("UTF-8", "utf_8"),
        ("utf8", "utf_8"),
        ("unicode-1-1-utf-7", "utf_7"),
        ("ISO-8859-15", "iso8859_15"),
        ("iso-8859-8-i", "iso8859_8"),
        ("Windows-1252", "cp1252"),
        ("windows-874", "cp874"),
        ("KOI8-R", "koi8_r"),
        ("ISO-2022-JP", "iso2022_jp"),
        ("hz-gb-2312", "hz"),
        ("Big5", "big5"),
    ],
)
def test_the_names_that_mail_uses_are_found(charset: str, codec: str) -> None:
    assert find_codec(charset) == codec


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("us-ascii", b"\xc3\xa9", "é"),
        ("iso-8859-1", b"\x80 \x93x\x94", "€ “x”"),
        ("gb2312", b"\xe9F", "镕"),
        ("shift_jis", b"\x87\x40", "①"),
        ("ks_c_5601-1987", b"\x8cc", "똠"),
    ],
)
def test_a_set_is_read_as_the_larger_one_that_its_senders_use(charset: str, octets: bytes, text: str) -> None:
    codec = find_codec(charset)
    assert codec
    assert octets.decode(codec) == text


NO_CHARSETS = """
    ? .. no-such x-unknown 8bit iso-8859-12 punycode idna unicode_escape raw_unicode_escape undefined charmap mbcs oem
    base64 zlib rot13 cp037 cp500 ü
"""


@pytest.mark.parametrize("charset", ["", *NO_CHARSETS.split()])
def test_what_is_no_character_set_of_mail_is_not_found(charset: str) -> None:
    assert find_codec(charset) is None


def test_python_has_every_codec_that_is_found() -> None:
    assert len(MAIL_CODECS) > 70
    for codec in MAIL_CODECS:
        assert lookup(codec).decode(b"")[0] == ""


@pytest.mark.parametrize("piece", [b"a", b"\x1b$B"])
def test_every_codec_that_is_found_takes_linear_time(piece: bytes) -> None:
    octets = piece * (300_000 // len(piece))
    for codec in MAIL_CODECS:
        started = process_time()
        octets.decode(codec, "replace")
        assert process_time() - started < 1, codec  # punycode takes four times as long
