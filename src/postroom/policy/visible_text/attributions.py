"""Which lines say no more than that somebody wrote what follows?

`On Tue, 3 May 2016 at 17:21, Mary <mary@example.com> wrote:` in any language, broken over several lines. Languages
differ in order and words, so a line is judged by what it has: a date, a time, an address, a word for “wrote”, a colon.
"""

import re
from collections.abc import Sequence

from postroom.policy.visible_text.line import Line
from postroom.policy.visible_text.phrases import LEADS, QUOTING, WROTE

_MAX_LINES = 6
_MIN_LENGTH, _MAX_LENGTH = 2, 500
_MAX_NAME = 60
_MAX_BARE = 100  # without an address and without a first word that tells

# The longest first, that none hides another.
_LEADS = "|".join(re.escape(lead) for lead in sorted(LEADS, key=len, reverse=True))
_LEAD = re.compile(rf"[\"'*_\-\s]{{0,9}}(?:(?:{_LEADS})(?![^\W_])|\d|在|于|於)", re.IGNORECASE)
_QUOTING = re.compile("(?:" + "|".join(map(re.escape, QUOTING)) + ") ", re.IGNORECASE)
_VERBS = frozenset(WROTE)
# Said of many things besides mail: these need an address.
_WEAK_VERBS = frozenset({"sent", "said", "replied", "responded", "written", "writes"})
_WORD = re.compile(r"[^\W\d_]+")
# In scripts without blanks between words, and glued to a date or a name.
_WROTE_GLUED = re.compile(
    r"写道|寫道|写到|来信|書きました|のメッセージ|のメール|작성|님이 씀|썼습니다|כתב|كتب|เขียน|लिखा"
)
# "Wed, 3 …", "lør. 5. …", "чт, 3 …": a short word before a number.
_WEEKDAY = re.compile(r"[^\W\d_][^\s\d]{0,11}?[.,]{0,2} ?\d")
_WORD_LEAD = re.compile(rf"(?:{_LEADS})(?![^\W_])", re.IGNORECASE)
_DATE = re.compile(
    r"""(?<!\d)(?:19|20)\d\d(?!\d)            # a year
    | (?<!\d)\d{1,4}[./\-]\ ?\d{1,2}[./\-]\ ?\d{1,4}(?!\d)
    | \d{1,2}\ ?[年月日]
    | (?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\ +(?:\d|[a-z]{3,9}\ \d)""",
    re.VERBOSE | re.IGNORECASE,
)
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d\d(?!\d)")
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,]+@[^\s<>()\[\]:;,]+")
_ENDS_WITH_ADDRESS = re.compile(r"<[^<>\s]+@[^<>\s]+>\)?,?(?: \S{1,4}){0,2}$")
_ENDS = re.compile(r"[:\uff1a]\s*[*_>\"'\-]*$")
# The end of an author's sentence, but no date or abbreviation.
_ENDS_SENTENCE = re.compile(r"[^\W\d]{4}[.!?\u2026:;]$|[!?]$")
# Gmail has written so in languages that lack a translation.
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d?:\d\d GMT[+-]\d\d?:\d\d .{2,80}")


def find_attribution(lines: Sequence[Line], last: int) -> int | None:
    """The index of the first line of the attribution that ends with line `last`; None when none ends there.

    All its lines are of one quote level, without an empty line between them. The fewest lines that make one are taken,
    and lines above only where what was found cannot be the beginning: an author's words may stand right above.
    """
    if lines[last].is_blank or not _may_end(lines[last].words):
        return None
    found: int | None = None
    words = ""
    for first in range(last, max(last - _MAX_LINES, -1), -1):
        line = lines[first]
        if line.is_blank or line.depth != lines[last].depth or len(words) > _MAX_LENGTH:
            break
        below, words = words, f"{line.words} {words}".strip()
        if found is None:
            found = first if _is_attribution(words) else None
        elif _continues(line.words, below) and _is_attribution(words):
            found = first
        elif _ENDS_SENTENCE.search(line.words) or _is_complete(below):
            break
    return found


def _continues(words: str, below: str) -> bool:
    """Whether the line is the beginning of the attribution that goes on below: `On Tue, May 3,`, `Mary <mary@x>`."""
    if _ENDS_SENTENCE.search(words):
        return False
    if below.startswith("<"):  # the name of who has this address
        return len(words) <= _MAX_NAME
    if _ENDS_WITH_ADDRESS.search(words):
        return not _ADDRESS.search(below)
    has_sign = words.endswith(",") or any(character.isdigit() for character in words)
    return has_sign and not _is_complete(below) and _is_dated_lead(f"{words} {below}")


def tells_where_from(words: str) -> bool:
    """Whether an attribution is told by more than a date: an author may begin with `On 3 May 2016 John wrote:`, too."""
    return bool(_ADDRESS.search(words) or _TIME.search(words))


def ends_like_attribution(words: str) -> bool:
    """Whether this one line, right before a quotation, introduces it: `John wrote:`, `Mary <mary@example.com>:`."""
    if len(words) > 200 or not _ENDS.search(words):
        return False
    tail = words[-40:]
    return bool(_wrote(tail) or (_DATE.search(words) and (_TIME.search(words) or _ADDRESS.search(words))))


def _may_end(words: str) -> bool:
    if not _MIN_LENGTH <= len(words) <= _MAX_LENGTH:
        return False
    return bool(_ENDS.search(words) or words.endswith("-") or _wrote(words[-20:]) or _ISO_DATE.fullmatch(words))


def _is_attribution(words: str) -> bool:
    if len(words) > _MAX_LENGTH:
        return False
    if words.startswith("--") and words.endswith("--"):
        return _wrote(words.strip("- ")[-20:])
    if not _is_balanced(words):
        return False
    return _ISO_DATE.fullmatch(words) is not None or _has_the_parts(words)


def _has_the_parts(words: str) -> bool:
    date, address = _DATE.search(words), _ADDRESS.search(words)
    if not date and not address:
        return False
    if not _ENDS.search(words):
        return bool(date and (address or _is_dated_lead(words)) and _wrote(words[-16:]))
    if _wrote(words):
        return bool(address) or _is_bare_attribution(words)
    if address and _QUOTING.match(words):
        return True
    return bool(date and address and (_TIME.search(words) or _starts(words)))


def _is_bare_attribution(words: str) -> bool:
    """One without an address: `On 3 May 2016 Mary wrote:`, `Mary kirjoitti 3.5.2016 klo 17.21:`."""
    if _WEAK_VERBS.intersection(word.lower() for word in _WORD.findall(words)):
        return False
    is_short = len(words) <= _MAX_BARE and _TIME.search(words) is not None
    # The verb stands last, or a name does, but no `wrote this to me because of all that …:`.
    is_verb_late = len(words) - _end_of_verb(words) < 60
    return bool(_DATE.search(words)) and (is_short or (is_verb_late and _starts(words)))


def _wrote(words: str) -> bool:
    return _end_of_verb(words) > 0


def _end_of_verb(words: str) -> int:
    """Where the last “wrote” ends, 0 when there is none."""
    ends = [word.end() for word in _WORD.finditer(words) if word[0].lower() in _VERBS]
    return ends[-1] if ends else max((glued.end() for glued in _WROTE_GLUED.finditer(words)), default=0)


def _is_complete(words: str) -> bool:
    """Whether nothing of an attribution can stand above: it has a date, and begins with a word that tells."""
    return bool(_WORD_LEAD.match(words) and _DATE.search(words))


def _is_dated_lead(words: str) -> bool:
    return bool(_starts(words) and (_DATE.search(words) or _TIME.search(words)))


def _starts(words: str) -> bool:
    return bool(_LEAD.match(words) or _WEEKDAY.match(words))


def _is_balanced(words: str) -> bool:
    return (
        words.count("<") <= words.count(">")
        and words.count(">") <= words.count("<") + words.endswith(">:")
        and (words.count("(") == words.count(")"))
    )
