"""What do the value and the parameters of this Content-Type or Content-Disposition field say, however it was broken?

RFC 2045 §5.1 and RFC 2231, read as senders write them: unclosed quotes, blanks in bare values, a missing semicolon,
encoded words (which belong in no parameter) and raw 8-bit text. Linear in the input; nothing raises.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from postroom.rfc.charset import find_codec
from postroom.rfc.encoded_word import decode_encoded_words

# A value longer than this is no honest field; neither is a parameter in more pieces.
_MAX_LENGTH = 32_768
_MAX_SECTIONS = 200

# A quote that is never closed runs to the end, so that the time stays linear.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*("|\\?\Z)', re.DOTALL)
_SEGMENT = re.compile(r'(?:[^";]+|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
_TOKEN_WITHOUT_SEMICOLON = re.compile(r"\s*[^\s;=\"]+(?=\s+[^\s;=\"]+\s*=)")
_PARAMETER = re.compile(r"\s*([^\s=\"<>()]+?)\s*=\s*(.*)", re.DOTALL)
# A semicolon is missing before one of the names that are in real use.
_MISSING_SEMICOLON = re.compile(
    r"\s(?=(?:charset|boundary|name|filename|format|delsp|type|report-type|size)\*?(?:\d+\*?)?\s*=)", re.IGNORECASE
)
_QUOTED_PAIR = re.compile(r"\\(.)")
_NUMBERED = re.compile(r"(.+?)\*(\d{1,3})(\*?)")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def read_parameters(value: str) -> tuple[str, dict[str, str]]:
    """The first token in lower case, "" for none, and the parameters: names in lower case, values decoded.

    Of a parameter that is given twice the first counts, of `name` and `name*` the extended one (RFC 2231 §4).
    """
    token = _TOKEN_WITHOUT_SEMICOLON.match(value)
    if token:
        value = f"{token[0]};{value[token.end() :]}"
    first, *rest = list(_split(value[:_MAX_LENGTH])) or [""]
    if "=" in first:  # the value itself is missing
        first, rest = "", [first, *rest]
    sections: dict[str, str] = {}
    for name, text in _pairs(rest):
        sections.setdefault(name, text)
    return first.partition("(")[0].strip().lower(), _decode_sections(sections)


def _split(value: str) -> Iterator[str]:
    """The text between semicolons that stand in no quotes; in a quote that is never closed they all count."""
    segments = _SEGMENT.findall(value)
    if segments and any(not quoted[1].startswith('"') for quoted in _QUOTED.finditer(segments[-1])):
        segments[-1:] = segments[-1].split(";")
    for segment in segments:
        yield from _split_after_quote(segment)


def _split_after_quote(segment: str) -> Iterator[str]:
    """`name="a b" charset=x` in two: only after the quotes is a blank the place of a missing semicolon."""
    head, quote, tail = segment.rpartition('"')
    before, *others = _MISSING_SEMICOLON.split(tail)
    yield head + quote + before
    yield from others


def _pairs(segments: list[str]) -> Iterator[tuple[str, str]]:
    for segment in segments:
        match = _PARAMETER.match(segment)
        if match:
            yield match[1].lower(), _unquote(match[2].strip())


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return _without_comment(text).strip("\"' ")
    closing = text.rfind('"')
    inner = text[1:closing] if closing > 0 else text[1:]
    return _QUOTED_PAIR.sub(r"\1", inner)


def _without_comment(text: str) -> str:
    before, bracket, comment = text.rpartition(" (")
    return before if bracket and comment.endswith(")") else text


def _decode_sections(sections: dict[str, str]) -> dict[str, str]:
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, text in sections.items():
        numbered = _NUMBERED.fullmatch(name)
        if numbered and int(numbered[2]) < _MAX_SECTIONS:
            extended.setdefault(numbered[1], {})[int(numbered[2])] = (text, bool(numbered[3]))
        elif name.endswith("*"):
            extended.setdefault(name[:-1], {})[0] = (text, True)
        else:
            plain[name] = _printable(decode_encoded_words(text))
    return plain | {name: _printable(_join_extended(found)) for name, found in extended.items()}


def _join_extended(found: dict[int, tuple[str, bool]]) -> str:
    """`charset'language'percent%20encoded` in numbered sections, each of them encoded or not (RFC 2231 §4.1)."""
    sections = [found[number] for number in sorted(found)]
    first, is_encoded = sections[0]
    charset, octets = "", b""
    if is_encoded and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
        sections[0] = (first, True)
    for text, has_percents in sections:
        octets += unquote_to_bytes(text) if has_percents else text.encode("utf-8", "replace")
    try:
        text = octets.decode(find_codec(charset) or "utf-8")
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return decode_encoded_words(text)


def _printable(text: str) -> str:
    return _UNFIT.sub("", text.replace("\t", " "))
