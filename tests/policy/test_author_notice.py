"""Are people told that their message did not arrive, and programs never?"""

from datetime import timedelta

import pytest

from postroom.policy.author_notice import Failure, explain, is_told
from postroom.rfc.address import parse_mailbox

OWN = {"notifications@company-name.com"}


def told(head: bytes = b"Subject: Hi\r\n", author: str = "mary@company-name.com") -> bool:
    return is_told(head, parse_mailbox(author), own_addresses=OWN)


@pytest.mark.parametrize(
    "head", [b"", b"Auto-Submitted: no\r\n", b"Auto-Submitted: No; x=y\r\n", b"Precedence: first-class\r\n"]
)
def test_a_person_is_told(head: bytes) -> None:
    assert told(head)


@pytest.mark.parametrize(
    "head",
    [
        b"Auto-Submitted: auto-generated\r\n",
        b"Auto-Submitted: auto-replied (vacation)\r\n",
        b"Precedence: Bulk\r\n",
        b"List-Id: <news.company-name.com>\r\n",
    ],
)
def test_a_program_is_not_told(head: bytes) -> None:
    assert not told(head)


@pytest.mark.parametrize(
    "author", ["No-Reply@company-name.com", "mailer-daemon@x.example", "Notifications@company-name.com"]
)
def test_nobody_is_told_where_nobody_reads(author: str) -> None:
    assert not told(author=author)


def test_the_report_says_who_did_not_get_it_why_and_what_the_server_said() -> None:
    text = explain("Your order", [
        Failure("joe@a.example", False, "There is no such mailbox.", "550 5.1.1 No such user", timedelta(minutes=1)),
        Failure("ann@b.example", True, "The mailbox is full.", "", timedelta(days=5)),
    ])  # fmt: skip
    assert text == (
        "Your message “Your order” did not reach everybody it was sent to.\n"
        "\n"
        "joe@a.example\n"
        "    There is no such mailbox.\n"
        "    The server said: 550 5.1.1 No such user\n"
        "\n"
        "ann@b.example\n"
        "    It could not be delivered within 5 days. The mailbox is full.\n"
        "\n"
        "It is not tried again. You need not answer this message: nobody reads the answer."
    )
