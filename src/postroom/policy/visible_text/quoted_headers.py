"""Where does a quoted message begin that is announced by its header fields or by a line drawn above it?

Outlook and others put `From: … Sent: … To: … Subject: …` above the message that they quote, in the language of their
user, mostly without marking the lines of the message; so what follows such a block is not the author's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from postroom.policy.visible_text import phrases
from postroom.policy.visible_text.line import Line

_KINDS = {
    label: kind
    for kind, labels in (
        ("other", phrases.OTHER_FIELDS), ("copy", phrases.COPY), ("to", phrases.TO), ("subject", phrases.SUBJECT),
        ("sent", phrases.SENT), ("from", phrases.FROM),
    )
    for label in labels
}  # fmt: skip
# "Data" is a date in Italian and "A" a recipient in several: which kind does not matter, how many differ does.
_FIELD = re.compile(r"[*_\[\s]{0,6}([^\W\d_][^\d:\uff1a<>@]{0,28}?)[*_\]\s]{0,4}[:\uff1a](?!-?[()])")
_MAX_BLOCK = 14
_ADDRESS = re.compile(r"@|mailto:|\[SMTP:", re.IGNORECASE)
_RULE = re.compile(r"[-_=*\u2500\u2014\u2013~#.\s]{5,}")

_DASHES = "-_=*\u2500\u2014\u2013"
_MAX_DRAWN = 200
_ORIGINAL = frozenset(phrases.ORIGINAL_MESSAGE)
# Lotus Notes puts the name of whoever forwarded, and the date, between the dashes.
_BEGINNINGS = ("forwarded by", "original message", "forwarded message", "weitergeleitet von", "transféré par")
_FORWARDED = frozenset(phrases.BEGIN_FORWARDED)
_QQ = re.compile(r"-{10,} ?original ?-{10,}")
_REPLY_ABOVE = re.compile(
    r"[-#=*\s]*(?:please )?(?:reply|type your reply|write your reply|answer)s? above this line.{0,80}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class QuotedHeader:
    """The fields by what they are (`from`, `to`, `sent`, `subject`, `copy`, `other`), and the index of what follows."""

    fields: Mapping[str, str]
    end: int


def begins_quoted_message(lines: Sequence[Line], index: int) -> bool:
    """Whether the message that is quoted begins at this line, of which there may be rules and empty lines before."""
    line = lines[index]
    if line.is_blank or len(line.words) > 1000:
        return False
    return _is_drawn(line.words) or _begins_header(lines, index)


def read_quoted_header(lines: Sequence[Line], index: int) -> QuotedHeader | None:
    """The header fields of the quoted message that begin at this line; None where none do."""
    if lines[index].is_blank or not _begins_header(lines, index):
        return None
    fields: dict[str, str] = {}
    kind, end = "", index
    for at, line in enumerate(lines[index : index + _MAX_BLOCK], index):
        match, found = _FIELD.match(line.words), _kind_of(line.words)
        if match and found:
            kind = found
            fields.setdefault(kind, line.words[match.end() :].strip(" \t*_"))
        elif at == end and _goes_on(fields[kind], line.words):
            fields[kind] += f" {line.words}"
        elif line.words or at > end:
            break
        else:
            continue  # an empty line may stand between fields
        end = at + 1
    return QuotedHeader(fields, end)


def _goes_on(value: str, words: str) -> bool:
    """Whether a list of addresses, or a name before its address, was broken here."""
    return bool(words) and (value.endswith((",", ";")) or words.startswith("<"))


def is_rule(words: str) -> bool:
    """Whether the line is drawn from end to end: `________`."""
    return len(words) >= 5 and _RULE.fullmatch(words) is not None


def _is_drawn(words: str) -> bool:
    """`-----Original Message-----`, `Begin forwarded message:`, `Please reply above this line`."""
    if len(words) > _MAX_DRAWN:
        return False
    lowered = phrases.fold(words)
    phrase = lowered.strip(_DASHES + " :\uff1a>|")
    if phrase in _FORWARDED or _QQ.fullmatch(lowered) or _REPLY_ABOVE.fullmatch(lowered):
        return True
    is_between_dashes = lowered[0] in _DASHES and lowered[-1] in _DASHES
    return is_between_dashes and (phrase in _ORIGINAL or phrase.startswith(_BEGINNINGS))


def _begins_header(lines: Sequence[Line], index: int) -> bool:
    kind = _kind_of(lines[index].words)
    if kind in (None, "other", "copy"):
        return False
    block = [line.words for line in lines[index : index + _MAX_BLOCK]]
    kinds = _kinds_in(block)
    if "from" not in kinds or len(set(kinds) - {"other"}) < 2:
        return False
    has_address = any(_ADDRESS.search(words) for words in block[: len(kinds) + 1])
    # Without either it may be a journey: From, To, Date.
    return has_address or (len(set(kinds)) >= 3 and "subject" in kinds)


def _kinds_in(block: Sequence[str]) -> list[str]:
    """The kinds of the header fields, in order; values may be folded, and single empty lines stand between fields."""
    kinds: list[str] = []
    strangers = 0
    for words in block:
        kind = _kind_of(words)
        if kind:
            kinds.append(kind)
            strangers = 0
        else:
            strangers += 1
            if strangers > 2 or (words and _is_drawn(words)) or (not words and len(set(kinds)) >= 3):
                break
    return kinds


@lru_cache(maxsize=256)  # each line is looked at from all lines of the block above it
def _kind_of(words: str) -> str | None:
    match = _FIELD.match(words)
    return _KINDS.get(phrases.fold(match[1].strip(" *_"))) if match else None


def start_of_announcement(lines: Sequence[Line], index: int) -> int:
    """The first of the rules and drawn lines that stand right above a quoted message and belong to it."""
    above = takewhile(lambda i: lines[i].is_blank or is_rule(lines[i].words), range(index - 1, -1, -1))
    rules = [i for i in above if not lines[i].is_blank]
    return rules[-1] if rules else index
