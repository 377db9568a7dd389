import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.rfc.reply import Reply
from postroom.smtp.redaction import HIDDEN, PIECE, Redactor


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Bad password", "Bad password"),
        ("you said correct horse battery", "you said (hidden)"),
        ("you said correct hor…", "you said (hidden)…"),
        ("<battery> is not tr0ub4dor", "<battery> is not tr0ub4dor"),
        ("horse battery, horse battery", "(hidden),(hidden)"),
        ("sesame and abc", "sesame and (hidden)"),
        ("", ""),
    ],
)
def test_hides_secrets_whole_and_cut(text: str, kept: str) -> None:
    redactor = Redactor()
    redactor.learn("correct horse battery", "abc", "")
    assert redactor.text(text) == kept


def test_without_secrets_everything_is_kept() -> None:
    assert Redactor().reply(Reply(250, ("2.0.0 Ok",))) == Reply(250, ("2.0.0 Ok",))


@given(st.text(), st.text(min_size=PIECE), st.text())
def test_no_piece_of_a_secret_is_left(before: str, secret: str, after: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    kept = redactor.text(before + secret[: PIECE + 2] + after).split(HIDDEN)
    assert not any(text[at : at + PIECE] in secret for text in kept for at in range(len(text) - PIECE + 1))
