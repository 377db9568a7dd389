"""What does this text say when its character set is not named, not known, or named wrongly?

UTF-8 is tried first: other text almost never is valid UTF-8 by chance. Then come the escape sequences of ISO 2022, the
declared set, and last the set whose reading looks most like words. Linear in the input; nothing raises.
"""

import re

from postroom.rfc.charset import find_codec

# Enough to know a language by; the whole text is only decoded once.
_SAMPLE = 4096
_ESCAPES = {b"\x1b$B": "iso2022_jp", b"\x1b$@": "iso2022_jp", b"\x1b$)C": "iso2022_kr"}
# What programs name that never looked at the text: a text that is valid UTF-8 is UTF-8 all the same.
_DEFAULT_CODECS = {"utf_8", "cp1252", "iso8859_15"}
_MARKS = ((b"\xff\xfe\0\0", "utf_32"), (b"\xff\xfe", "utf_16"), (b"\xfe\xff", "utf_16"), (b"\xef\xbb\xbf", "utf_8_sig"))
_META = re.compile(rb"<meta[^>]{1,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HIGH = re.compile(rb"[\x80-\xff]+")
# These sets have signs that Python takes for other characters than everybody else does (WHATWG, index jis0208).
_JAPANESE = {"iso2022_jp", "euc_jp"}
_AS_WINDOWS = str.maketrans("\u301c\u2016\u2212", "\uff5e\u2225\uff0d")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

# Codec: the letters that make up most of a text read by it, and the least share they have in one. Single octets first:
# nearly any pair of octets is a Chinese character, though seldom one of the commonest.
_USUAL: tuple[tuple[str, str, float], ...] = (
    ("koi8_r", "[оеаинтсрвлкмдпу]", 0.6),
    ("cp1251", "[оеаинтсрвлкмдпу]", 0.6),
    ("cp1253", "[αοιετσνηυςρκπ]", 0.6),
    ("cp1255", "[יוהלאתרבמשנ]", 0.6),
    ("cp1256", "[اليمونرتبةعد]", 0.6),
    ("cp874", "[ารนอกเง่้วมยลดทสัี]", 0.6),
    ("euc_jp", "[\u3040-\u30ff\u3001\u3002]", 0.25),
    ("cp932", "[\u3040-\u30ff\u3001\u3002]", 0.25),
    ("cp949", "[\uac00-\ud7a3]", 0.7),
    ("gb18030", "[的一是不了在人有我他這你您\uff0c\u3002]", 0.05),
    ("big5hkscs", "[的一是不了在人有我他這你您\uff0c\u3002]", 0.05),
)


def decode_text(octets: bytes, charset: str = "") -> str:
    """The text; `charset` is what the sender declared, "" for nothing. No lone surrogates, no NUL."""
    text = _decode(octets, find_codec(charset) if charset else None)
    text = text.replace("\0", "")  # which no database takes
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def is_utf_8(octets: bytes) -> bool:
    """Whether all of it is valid UTF-8."""
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def declared_in_html(octets: bytes) -> str:
    """The character set that a `<meta>` element of the document names, "" for none."""
    found = _META.search(octets[:_SAMPLE])
    return found[1].decode("ascii") if found else ""


def _decode(octets: bytes, declared: str | None) -> str:
    for mark, codec in _MARKS:
        if octets.startswith(mark):
            return _read_by(codec, octets, errors="replace")
    if declared in (None, *_DEFAULT_CODECS):
        return _decode_by_looks(octets, declared)
    try:
        return _read_by(str(declared), octets)
    except UnicodeError:
        return _least_damaged(octets, str(declared))


def _decode_by_looks(octets: bytes, declared: str | None) -> str:
    for escape, codec in _ESCAPES.items():
        if escape in octets:
            return _read_by(codec, octets, errors="replace")
    try:
        return _read_by("utf_8", octets)
    except UnicodeDecodeError:
        return _read_by(_guess_codec(octets, declared), octets, errors="replace")


def _guess_codec(octets: bytes, declared: str | None) -> str:
    if declared and declared != "utf_8":
        return declared
    if _is_mostly_utf_8(octets):
        return "utf_8"
    sample = octets[:_SAMPLE]
    runs = _HIGH.findall(sample)
    if sum(map(len, runs)) < 1.6 * len(runs):  # single accents between ASCII letters: Western Europe
        return "cp1252"
    likely = (codec for codec, letters, least in _USUAL if _share_of(letters, sample, codec) >= least)
    return next(likely, "cp1252")


def _is_mostly_utf_8(octets: bytes) -> bool:
    """UTF-8 that was cut or mixed with a few octets of something else."""
    text = octets[: _SAMPLE * 4].decode("utf_8", "replace")
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    right = sum(character > "\x7f" for character in text) - wrong
    return right > 2 * wrong


def _share_of(letters: str, sample: bytes, codec: str) -> float:
    text = sample.decode(codec, "replace")
    foreign = sum(character > "\x7f" for character in text)
    if "\N{REPLACEMENT CHARACTER}" in text[:-2]:  # the sample may end within a character
        return 0.0
    return len(re.findall(letters, text)) / max(foreign, 1)


def _least_damaged(octets: bytes, declared: str) -> str:
    """What the declared set reads but for a few octets, else what the looks say."""
    text = _read_by(declared, octets, errors="replace")
    if text.count("\N{REPLACEMENT CHARACTER}") <= 1 + len(text) / 200:
        return text
    other = _decode_by_looks(octets, None)
    return min((text, other), key=lambda reading: reading.count("\N{REPLACEMENT CHARACTER}"))


def _read_by(codec: str, octets: bytes, *, errors: str = "strict") -> str:
    text = octets.decode(codec, errors)
    return text.translate(_AS_WINDOWS) if codec in _JAPANESE else text
