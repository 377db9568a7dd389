"""Are moments told as people say them?"""

from datetime import UTC, datetime, timedelta

import pytest

from postroom.policy.permission import Role
from postroom.policy.status import Status
from postroom.web.templatetags.postroom import in_words
from postroom.web.vocabulary import ROLES, STATES

NOW = datetime(2025, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=30), "30 d ago"),
        (timedelta(days=31), "28 Feb 2025"),
        (timedelta(seconds=-5), "in a moment"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(days=-2), "in 2 d"),
    ],
)
def test_says_how_long_ago_something_was(before: timedelta, words: str) -> None:
    assert in_words(NOW - before, now=NOW) == words


def test_gives_every_state_a_word_and_an_icon_of_its_own() -> None:
    assert set(STATES) == set(Status)
    assert len({term.icon for term in STATES.values()}) == len(Status)
    assert len({str(term.word) for term in STATES.values()}) == len(Status)


def test_has_words_for_every_role() -> None:
    assert set(ROLES) == set(Role)
