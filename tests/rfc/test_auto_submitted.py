"""Is mail of programs known for what it is, so that no program answers it?"""

import pytest

from postroom.rfc.auto_submitted import automatic_marks, is_auto_reply, must_not_be_answered


@pytest.mark.parametrize(
    "fields",
    [
        {"auto-submitted": "auto-generated"},
        {"auto-submitted": "Auto-Replied (vacation)"},
        {"auto-submitted": "auto-notified; owner-email=a@b.example"},
        {"precedence": "bulk"},
        {"precedence": "list"},
        {"list-id": "<news.example.com>"},
        {"list-unsubscribe": "<mailto:leave@example.com>"},
        {"x-auto-response-suppress": "DR, OOF, AutoReply"},
        {"x-auto-response-suppress": "All"},
        {"x-autoreply": "yes"},
        {"return-path": "<>"},
    ],
)
def test_must_not_be_answered(fields: dict[str, str]) -> None:
    assert must_not_be_answered(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"auto-submitted": "no"},
        {"precedence": "first-class"},
        {"x-auto-response-suppress": "None"},
        {"return-path": "<a@b.example>"},
    ],
)
def test_may_be_answered(fields: dict[str, str]) -> None:
    assert not must_not_be_answered(fields)


def test_what_a_program_writes_on_its_own_is_no_reply() -> None:
    assert not is_auto_reply({"auto-submitted": "auto-generated"})


def test_each_of_our_own_marks_alone_keeps_programs_from_answering() -> None:
    marks = automatic_marks("auto-replied")
    assert [must_not_be_answered({name.lower(): value}) for name, value in marks] == [True] * 3
