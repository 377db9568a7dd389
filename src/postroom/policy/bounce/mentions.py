"""Which failed recipients does the text of a notice name, and which words stand beside each?

There are a hundred formats and a dozen shapes of line (`line_shapes`) in which they name an address. A *mention* is an
address with the words about it. What is plainly a listing counts before what is only a sentence with an address in it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from postroom.policy.bounce.line_shapes import BARE, DIALOG, GENERATED, TOLD, match_listing
from postroom.policy.bounce.shown_session import (
    BAD_REPLY_LINE,
    MAX_LINE,
    MAX_LINES,
    SESSION_LINE,
    command_before,
    replies_before,
    without_echoes,
)

MAX_SENTENCES = 20_000
MAX_WORDS_LINES = 14

_CONTACT = re.compile(
    r"contact|assist|help|support|write|questions?|problems?|forward|reply|from|sender|sent by|postmaster|visit"
    r"|e-?mail me|return-path|reach me|instead|your address",
    re.IGNORECASE,
)
# Of the message that the notice is about; its identifiers look like addresses.
_FIELD_OF_MESSAGE = re.compile(r"\s*(?:message-id|in-reply-to|references|content-id)\s*:", re.IGNORECASE)
_LEADS_TO_OTHERS = re.compile(
    r"(?:sent by|from|to the address)\W*$|contact|write to|help ?desk|assistance|questions?\b", re.IGNORECASE
)
_MACHINES = ("postmaster", "mailer-daemon", "mailerdaemon", "mail-daemon", "abuse", "noreply", "no-reply", "support")

# What stands before or after an address in a sentence about its failure.
_INTRODUCED = re.compile(
    r"""(?:
        (?:could|can|was|has|were|have|will|is)\s?n[o']t\s(?:be\s|been\s|yet\sbeen\s)?
            (?:delivered|sent|transferred)(?:\sto)?
        | un(?:able|successful)\s(?:to\s)?(?:deliver|send)[\w\s]{0,30}?\sto
        | (?:error|failure|problem|trouble|failed)\s(?:delivering|in\sdelivering|to\sdeliver)[\w\s]{0,30}?\sto
        | (?:message|mail|e-mail)\s(?:sent\s|addressed\s)?to | (?:undeliverable|sent|delivered|delivery|rcpt)\sto
        | rejected\srecipient | permanent\serrors | user | recipient | mailbox | address | empf[aä]nger
        | destinataire | zustellung\san | para | list
    )(?:\s\w+|\s\(s\))?:?\s?[<"'(]?$""",
    re.VERBOSE | re.IGNORECASE,
)
_FOLLOWED = re.compile(r"""[>"')]?,?\s(?:(?:was|is|has|could|does|did|cannot)\b|not\slisted)""", re.IGNORECASE)
# Chinese and Japanese write brackets of their own around an address, and go on after it without a blank.
_LOCAL_BACKWARDS = re.compile(r"""[^\s<>()\[\]"',;:@|\\\u201c\u201d\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]{1,200}""")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){1,9}[A-Za-z]{2,63}(?![A-Za-z0-9-])|[^\W_](?:[\w.-]{0,250}[^\W_])?")
_IN_A_SENTENCE = re.compile(r"[\w,;(]\s*$")
_EXPANDED = re.compile(r"\((?:expanded|generated) from:? <?([^\s<>()]{1,300})>?\)")


@dataclass(frozen=True, slots=True)
class Mention:
    """An address that a notice names, with the words about it ("" when none).

    `alias` is what it was expanded from, `command` the SMTP command that was refused, where the notice shows them.
    """

    address: str
    words: str
    alias: str | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Mentions:
    """The failed recipients that a notice names, each once, in order; `are_listed`: in the way of a notice's list."""

    recipients: tuple[Mention, ...]
    are_listed: bool


NO_MENTIONS = Mentions((), are_listed=False)


def find_mentions(text: str, *, excluded: Collection[str] = ()) -> Mentions:
    """`excluded` are addresses of the correspondents: they count in a listing, but not alone or in a sentence."""
    lines = [line.expandtabs(4)[:MAX_LINE] for line in text.split("\n")[:MAX_LINES]]
    unwanted = {address.lower() for address in excluded}
    if listed := _merge(_iter_listed(lines, unwanted)):
        return Mentions(listed, are_listed=True)
    return Mentions(_merge(_iter_loose(lines, unwanted)), are_listed=False)


def _iter_listed(lines: Sequence[str], unwanted: Collection[str]) -> Iterator[Mention]:
    for index, line in enumerate(lines):
        if "@" not in line or _FIELD_OF_MESSAGE.match(line):
            continue
        if dialog := DIALOG.fullmatch(line):
            yield from _refused_in_dialog(dialog, lines, index)
        elif generated := GENERATED.fullmatch(line):
            if index and "@" not in lines[index - 1]:
                yield _mention(generated, lines, index)
        elif match := _match_recipient(lines, index, unwanted):
            yield _mention(match, lines, index)


def _match_recipient(lines: Sequence[str], index: int, unwanted: Collection[str]) -> re.Match[str] | None:
    """The address of the line, unless it is that of somebody to ask or of a sender."""
    line = lines[index]
    if (match := match_listing(line)) and not _CONTACT.search(line[: match.start("address")]):
        return None if _goes_on(lines, index) else match
    before = lines[index - 1] if index else ""
    if (told := TOLD.fullmatch(line)) and not _IN_A_SENTENCE.search(before):
        return told
    bare = BARE.fullmatch(line)
    return bare if bare and _may_be_recipient(bare, lines, index, unwanted) else None


def _goes_on(lines: Sequence[str], index: int) -> bool:
    """Whether the line is one of those, further in, in which the words about a recipient go on (Postfix)."""
    for line in reversed(lines[max(0, index - MAX_WORDS_LINES) : index]):
        if not line.strip():
            return False
        if _indent_of(line) < _indent_of(lines[index]):
            return match_listing(line) is not None
    return False


def _iter_loose(lines: Sequence[str], unwanted: Collection[str]) -> Iterator[Mention]:
    """Addresses in sentences, over the end of a line too; and if there are none, the only address in the text."""
    told = (line for line in lines if not SESSION_LINE.match(line) and not _FIELD_OF_MESSAGE.match(line))
    text = " ".join(" ".join(told).split())[:MAX_SENTENCES]
    places = [
        place
        for place in _iter_addresses(text)
        if not _is_unwanted(text[place], unwanted) and not _CONTACT.search(text[max(0, place.start - 25) : place.start])
    ]
    named = [place for place in places if _is_told_of(text, place)]
    if named:
        yield from (Mention(text[place], text[place.stop : place.stop + 200].strip(">\"') ")) for place in named)
    elif len({text[place].lower() for place in places}) == 1:
        yield Mention(text[places[0]], "")


def _iter_addresses(text: str) -> Iterator[slice]:
    """Where addresses stand; from each @ outwards, which takes linear time."""
    for count, sign in enumerate(re.finditer("@", text)):
        local = _LOCAL_BACKWARDS.match(text[max(0, sign.start() - 200) : sign.start()][::-1])
        domain = _DOMAIN.match(text, sign.end())
        if local and domain and "." in domain[0] and count < MAX_LINES:
            yield slice(sign.start() - local.end(), domain.end())


def _is_told_of(text: str, place: slice) -> bool:
    before = text[max(0, place.start - 120) : place.start]
    return bool(_INTRODUCED.search(before) or _FOLLOWED.match(text, place.stop))


def _refused_in_dialog(match: re.Match[str], lines: Sequence[str], index: int) -> Iterator[Mention]:
    """The recipient of a RCPT that a session shows, if a bad reply follows it."""
    following = next((line for line in lines[index + 1 : index + 4] if line.strip()), "")
    if BAD_REPLY_LINE.match(following):
        words = _words_after(lines, index, address=_clean(match["address"]), has_words=True)
        yield Mention(_clean(match["address"]), words, command="RCPT")


def _may_be_recipient(match: re.Match[str], lines: Sequence[str], index: int, unwanted: Collection[str]) -> bool:
    before = next((line for line in reversed(lines[max(0, index - 3) : index]) if line.strip()), "")
    return not _is_unwanted(_clean(match["address"]), unwanted) and not _LEADS_TO_OTHERS.search(before)


def _is_unwanted(address: str, unwanted: Collection[str]) -> bool:
    local = address.rpartition("@")[0].lower()
    return address.lower() in unwanted or local in _MACHINES


def _mention(match: re.Match[str], lines: Sequence[str], index: int) -> Mention:
    session = replies_before(lines, index) if "... " in match[0] else ""
    words = "" if session else _words_of(match)
    following = _words_after(lines, index, address=_clean(match["address"]), has_words=bool(words or session))
    expanded = _EXPANDED.search(" ".join(lines[index : index + 3]))
    return Mention(
        _clean(match["address"]),
        " ".join(part for part in (words, following, session) if part),
        expanded[1].strip("<>") if expanded else None,
        command_before(lines, index) if session else None,
    )


def _words_of(match: re.Match[str]) -> str:
    return (match.groupdict().get("words") or "").strip()


def _words_after(lines: Sequence[str], index: int, *, address: str, has_words: bool) -> str:
    """The paragraph that goes on after the address; where it stands alone, the next two paragraphs."""
    gaps = 0 if has_words else 2
    indent = _indent_of(lines[index])
    words: list[str] = []
    for line in without_echoes(lines[index + 1 : index + 1 + MAX_WORDS_LINES]):
        stripped = line.strip()
        if not stripped:
            gaps -= 1
            if gaps < 0 or (words and len(words[0]) > 20 and gaps < 1):
                break
        elif (other := match_listing(line) or BARE.fullmatch(line)) and _clean(other["address"]) != address:
            break
        elif indent and (has_words or words) and _indent_of(line) <= indent and ":" not in line:
            break  # the next one of an indented list, though it is no address
        else:
            words.append(stripped)
    return " ".join(words)


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip())


def _clean(address: str) -> str:
    return address.strip("<>\"'.,;:")


def _merge(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """One mention an address; the one with the most words."""
    merged: dict[str, Mention] = {}
    for mention in mentions:
        key = mention.address.lower()
        known = merged.get(key)
        if known is None or len(mention.words) > len(known.words):
            merged[key] = mention
    return tuple(merged.values())
