"""Is recovered from broken mail what can be recovered, and does nothing make the reader fail?"""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.rfc.summary import summarise
from scripts.corpora.malformed import score

FOLDER = Path(__file__).parent / "malformed"
FILES = [file.read_bytes() for file in sorted((FOLDER / "files").iterdir())]


def test_every_message_of_the_selection_is_read_as_expected() -> None:
    result = score(FOLDER)
    assert result.misses == []
    assert result.compared["names"] == len(FILES)


@settings(max_examples=200, deadline=None)
@given(raw=st.sampled_from(FILES), cut=st.integers(0, 5000), junk=st.binary(max_size=16), other=st.sampled_from(FILES))
def test_what_two_messages_run_together_give_is_text_that_a_database_takes(
    raw: bytes, cut: int, junk: bytes, other: bytes
) -> None:
    summary = summarise(raw[:cut] + junk + other[cut:])
    for text in (summary.subject, summary.text, *summary.from_, *summary.to, *summary.attachments):
        assert "\0" not in text
        text.encode()
