"""Are the pages' texts complete in every language?"""

import re
import runpy
from typing import Any

import pytest

from tests.guards.source import ROOT

MESSAGES = runpy.run_path(str(ROOT / "scripts/messages.py"))
VALUE = re.compile(r"%\(\w+\)s")
TAG = re.compile(r"</?\w+")


@pytest.fixture(params=MESSAGES["LANGUAGES"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_catalogue_holds_what_is_shown_and_nothing_else(language: str) -> None:
    """`scripts/messages.py` mends it."""
    updated = MESSAGES["written"](MESSAGES["update"](language))
    assert MESSAGES["path_of"](language).read_bytes() == updated


def test_no_text_lacks_a_translation(language: str) -> None:
    missing = [message.id for message in texts(language) if not all(MESSAGES["texts_of"](message.string))]
    assert missing == []


def test_a_translation_has_the_values_and_tags_of_the_text(language: str) -> None:
    differing = [
        message.id
        for message in texts(language)
        for translation in MESSAGES["texts_of"](message.string)
        if marks(translation) != marks(MESSAGES["texts_of"](message.id)[-1])
    ]
    assert differing == []


def texts(language: str) -> list[Any]:
    return [message for message in MESSAGES["read"](language) if message.id]


def marks(text: str) -> tuple[list[str], list[str]]:
    return sorted(VALUE.findall(text)), sorted(TAG.findall(text))
