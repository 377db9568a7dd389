"""How is a sentence that was stored in English told to a person in their language?

What programs and people alike are told – why mail waits, what an alert is about – is stored once, in English, with its
facts in it. The catalogue knows the pattern of each such sentence ("The server %(name)s is archived."); the page finds
the pattern that a text was made of, and tells its translation with the same facts (decision record 21).
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from django.utils import translation
from django.utils.translation import trans_real

CONTEXT = "stored"  # of these sentences in the catalogue; scripts/messages.py collects them
_KEY = f"{CONTEXT}\x04"  # as gettext writes a context
_FACT = re.compile(r"%\((\w+)\)s")
_BOUNDARY = re.compile(r"(?<=[.!?”)])\s+|[,;:] ")


def told(text: str) -> str:
    """`text` in the active language, as far as it was made of our sentences; else as it stands."""
    return _retold(text, translation.get_language() or "en") if text else ""


class Retelling:
    """The sentences of one language, by the English ones; `tell` tells them."""

    def __init__(self, translations: Iterable[tuple[str, str]]) -> None:
        self._constant: dict[str, str] = {}
        patterns = []
        for english, other in translations:
            if _FACT.search(english):
                patterns.append((english, other))
            else:
                self._constant[english] = other
        # The one that says most by itself fits best.
        patterns.sort(key=lambda pair: -len(_FACT.sub("", pair[0])))
        self._patterns = [(_longest_literal(english), _compiled(english), other) for english, other in patterns]
        self._signs = [*self._constant, *(literal for literal, _, _ in self._patterns)]

    def tell(self, text: str) -> str:
        """Also where several sentences follow each other; what is not ours, such as a server's words, stays."""
        if (whole := self._whole(text)) is not None:
            return whole
        if not any(sign in text for sign in self._signs):
            return text
        boundaries = list(_BOUNDARY.finditer(text))
        for boundary in reversed(boundaries):
            if (head := self._whole(text[: boundary.start()])) is not None:
                return head + boundary.group() + self.tell(text[boundary.end() :])
        if not boundaries:
            return text
        first = boundaries[0].end()
        return text[:first] + self.tell(text[first:])

    def _whole(self, text: str) -> str | None:
        if (constant := self._constant.get(text)) is not None:
            return constant
        for literal, pattern, other in self._patterns:
            if literal in text and (found := pattern.fullmatch(text)):
                return other % {name: self._fact(found, name) for name in found.groupdict()}
        # A clause of ours may end the sentence.
        clause = self._whole(text[:-1]) if text.endswith(".") else None
        return None if clause is None else f"{clause}."

    def _fact(self, found: re.Match[str], name: str) -> str:
        """The last fact may be another sentence, or more of them, whose stop ends the whole."""
        if found.string[found.end(name) :] == ".":
            return self.tell(f"{found[name]}.").removesuffix(".")
        return self.tell(found[name])


@lru_cache(maxsize=10_000)
def _retold(text: str, language: str) -> str:
    return _retelling(language).tell(text)


@cache
def _retelling(language: str) -> Retelling:
    catalogue = trans_real.translation(language)._catalog  # type: ignore[attr-defined] # no other way leads to all of it
    return Retelling(
        (key.removeprefix(_KEY), text)
        for key, text in catalogue.items()
        if isinstance(key, str) and key.startswith(_KEY) and text
    )


def _longest_literal(english: str) -> str:
    """Without which a text need not be compared at all."""
    return max(_parts(english)[::2], key=len)


def _compiled(english: str) -> re.Pattern[str]:
    parts = _parts(english)
    return re.compile(
        "".join(f"(?P<{part}>.*?)" if number % 2 else re.escape(part) for number, part in enumerate(parts)), re.DOTALL
    )


def _parts(english: str) -> list[str]:
    """What stands between the facts; every second one is a fact's name."""
    return [part.replace("%%", "%") for part in _FACT.split(english)]
