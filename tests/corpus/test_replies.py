"""Are the author's words found in the replies that other readers are tested with?"""

from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.cli.inbound_visible_text import READERS
from scripts.corpora.replies import score

FOLDER = Path(__file__).parent / "replies"
FILES = [file.read_bytes() for file in sorted((FOLDER / "files").iterdir())]


def test_every_reply_of_the_selection_is_read_as_expected() -> None:
    result = score(FOLDER)
    assert result.misses == []
    assert result.compared["exact"] == len(FILES)


@pytest.mark.parametrize("form", READERS)
@settings(max_examples=100, deadline=None)
@given(raw=st.sampled_from(FILES), cut=st.integers(0, 2000), junk=st.binary(max_size=8), other=st.sampled_from(FILES))
def test_what_a_broken_reply_gives_is_text_that_a_database_takes(
    form: str, raw: bytes, cut: int, junk: bytes, other: bytes
) -> None:
    text = READERS[form](raw[:cut] + junk + other[cut:])
    assert "\0" not in text
    text.encode()


LINES = [
    "> ", ">", "x\n", "\n", " ", "-", "--\n", "On ", "On 1/1/2016 a@b wrote:\n", "From: a@b\n", "Sent: 1\n", "wrote:\n",
    "2016 ", "Sent from my x\n", "<", "a@b ", ":", "_____\n", "<blockquote>", "<div class=gmail_quote>", "<p>",
    "<a b=\"", "begin 644 a\n", "M\n", "<!--", "&#9999999999;", "<td>", "</div>", "(", "|",
]  # fmt: skip


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("piece", LINES)
def test_a_hundred_kilobytes_of_anything_are_read_in_a_moment(form: str, piece: str) -> None:
    raw = (piece * (100_000 // len(piece))).encode()
    started = process_time()
    READERS[form](b"Hello\n" + raw)
    assert process_time() - started < 4  # quadratic would take many times as long
