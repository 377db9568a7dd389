"""Which lines at the end of somebody's words are a signature, a list's footer, or drawn lines?

Only what is set off by a sign is taken for one: closing words and a name are the author's own, and to lose words is
worse than to keep a signature.
"""

import re
from collections.abc import Sequence

from postroom.policy.visible_text.line import SIGNATURE, Line
from postroom.policy.visible_text.phrases import SENT_FROM, SENT_FROM_ENDINGS, SLOGANS, fold

# RFC 3676 §4.3 has "-- "; most programs and people leave the blank out. Some draw one dash.
_SEPARATOR = re.compile(r"--|\u2014|\u2013\u2013?|\u2014-|-\u2014|\u2e3a|-- -")
_MAX_SIGNATURE = 16
_MAX_SENT_FROM = 80
_MAX_ROUNDS = 8  # a signature below a signature, and so on
# Without one, "Sent by courier" is a message.
_DEVICE = re.compile(
    r"""iphon|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|oneplus|pixel|nokia|sony|motorola|blackberry|windows|outlook
    |mail|superhuman|почт|\bapp\b|yahoo|gmail|proton|spark|t[eé]l[eé]fon|phone|handy|mobil|móvil|celular|cellulare|portable|tablet|mobiel
    |телефон|смартфон|携帯|スマホ|手机|手機|휴대폰|갤럭시|아이폰""",
    re.VERBOSE,
)
_DRAWN_ONLY = re.compile(r"[-_=*#~+\u2014\u2013\u2500\u1427.\s|]+")
_LIST_RULE = re.compile(r"_{10,}|-{20,}|={10,}")
_LIST_WORDS = re.compile(
    r"mailing list|mailman/|listinfo|unsubscri|subscription|list-manager|abbestellen|désabonner|to post to",
    re.IGNORECASE,
)
_MAX_FOOTER = 12


def without_ending(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines without signature, footer, drawn lines and empty lines at their end."""
    for _ in range(_MAX_ROUNDS):
        shorter = _strip_drawn(lines)
        for strip in (_strip_footer, _strip_signature, _strip_sent_from, _strip_marked):
            shorter = strip(shorter)
        if len(shorter) == len(lines):
            return shorter
        lines = shorter
    return lines


def _strip_drawn(lines: Sequence[Line]) -> Sequence[Line]:
    end = len(lines)
    while end and (
        lines[end - 1].is_blank or (lines[end - 1].depth == 0 and _DRAWN_ONLY.fullmatch(lines[end - 1].words))
    ):
        end -= 1
    return lines[:end]


def _strip_footer(lines: Sequence[Line]) -> Sequence[Line]:
    for index in _last_of(lines, _MAX_FOOTER):
        if _LIST_RULE.fullmatch(lines[index].words) and any(_LIST_WORDS.search(line.words) for line in lines[index:]):
            return lines[:index]
    return lines


def _strip_signature(lines: Sequence[Line]) -> Sequence[Line]:
    for index in _last_of(lines, _MAX_SIGNATURE):
        if lines[index].depth == 0 and _SEPARATOR.fullmatch(lines[index].words):
            return lines[:index]
    return lines


def _strip_sent_from(lines: Sequence[Line]) -> Sequence[Line]:
    if len(lines) < 2 or not _is_sent_from(lines[-1].words):
        return lines
    return lines[:-1]


def _is_sent_from(words: str) -> bool:
    lowered = fold(words).strip("*_<>()[]-.· ")
    if lowered in SLOGANS:
        return True
    if len(lowered) > _MAX_SENT_FROM or ", " in lowered:  # a sentence that only begins so
        return False
    is_formula = lowered.startswith(SENT_FROM) or lowered.endswith(SENT_FROM_ENDINGS)
    return is_formula and (lowered.startswith("sent from my") or _DEVICE.search(lowered) is not None)


def _strip_marked(lines: Sequence[Line]) -> Sequence[Line]:
    end = len(lines)
    while end and (lines[end - 1].is_blank or lines[end - 1].mark == SIGNATURE):
        end -= 1
    return lines[:end]


def _last_of(lines: Sequence[Line], number: int) -> range:
    return range(max(len(lines) - number, 0), len(lines))
