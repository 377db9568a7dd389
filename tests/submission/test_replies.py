"""Has every refusal its SMTP reply, and does the manual say the same?"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from postroom.errors import AddressError, PostroomError
from postroom.submission import accept, replies

TEXT = (Path(__file__).parents[2] / "docs" / "submission.md").read_text(encoding="utf-8")
# Where a mail can be refused with an error of the module's own.
ON_THE_WAY = ("postroom.submission", "postroom.outbound.compose", "postroom.workspaces.access")

FOR_PEOPLE = {"not_allowed"}  # an API key has no role


def refusals(kind: type[PostroomError]) -> Iterator[type[PostroomError]]:
    for child in kind.__subclasses__():
        yield child
        yield from refusals(child)


def test_the_table_of_refusals_is_the_one_of_the_code() -> None:
    rows = re.findall(r"^\| (\d{3} \d\.\d\.\d) \| `(\w+)` \| .{10,} \|$", TEXT, re.MULTILINE)
    in_code = {code: reply for code, reply in replies.REPLIES.items() if "/" not in code}
    assert {code: reply for reply, code in rows} == in_code
    assert len(rows) == len(in_code)


def test_every_refusal_on_a_mails_way_has_a_reply() -> None:
    assert accept  # imports all that can refuse
    codes = {refusal.code for refusal in refusals(PostroomError) if refusal.__module__.startswith(ON_THE_WAY)}
    assert {"invalid_direction", "message_too_large", "unknown_company"} <= codes
    assert codes - FOR_PEOPLE <= set(replies.REPLIES)


@pytest.mark.parametrize(
    ("refusal", "reply"),
    [
        (AddressError("Bad.", field="from"), "553 5.1.7 Bad."),
        (AddressError("Bad.", field="to"), "553 5.1.3 Bad."),
        (PostroomError("Nobody foresaw this."), "451 4.3.0 Nobody foresaw this."),
    ],
)
def test_the_field_decides_where_it_matters_and_the_unforeseen_is_temporary(refusal: PostroomError, reply: str) -> None:
    assert replies.reply_to(refusal) == reply
