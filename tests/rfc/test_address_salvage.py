"""Which addresses can still be told from a broken field?"""

from time import process_time

import pytest

from postroom.rfc.address_salvage import salvage_mailboxes


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("Mary <mary@example.com>, bob@example.com", ["mary@example.com", "bob@example.com"]),
        ("Mary <mary@example.com>, who?, bob@example.com", ["mary@example.com", "bob@example.com"]),
        ('"Smith, Mary <mary@example.com>', ["mary@example.com"]),
        ("Mary @ Home <mary@example.com>", ["mary@example.com"]),
        ("<<mary@example.com>>", ["mary@example.com"]),
        ("mary@example.com; bob@example.com", ["mary@example.com", "bob@example.com"]),
        ("[mary@example.com]", ["mary@example.com"]),
        ("Mary <mailto:mary@example.com>", ["mary@example.com"]),
        ("=?utf-8?q?Mary_=3Cmary=40example.com=3E?=", ["mary@example.com"]),
        ("undisclosed recipients:;", []),
        ("nobody", []),
        ("", []),
    ],
)
def test_tells_what_can_be_told(text: str, addresses: list[str]) -> None:
    assert [mailbox.address for mailbox in salvage_mailboxes(text)] == addresses


@pytest.mark.parametrize("piece", ["a", "@", "<", '"', "a@", "<a@b", ".", ",", "(", " ", "<a@" + "."])
def test_a_hundred_kilobytes_of_anything_are_read_in_a_moment(piece: str) -> None:
    started = process_time()
    salvage_mailboxes(piece * (100_000 // len(piece)))
    salvage_mailboxes('?,"' + piece * (100_000 // len(piece)))
    assert process_time() - started < 3  # quadratic would take many times as long
