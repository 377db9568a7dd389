"""Are the X-Postroom fields of a message understood, or refused with a sentence?"""

import pytest

from postroom.outbound.models import Stream
from postroom.submission.directions import DirectionError, Directions, read_directions, remove_directions


def test_without_fields_everything_has_its_default() -> None:
    assert read_directions(b"Subject: Hello\r\n") == Directions(
        company=None, stream=Stream.TRANSACTIONAL, campaign="", priority=5, tags=()
    )


def test_reads_company_stream_campaign_priority_and_tags() -> None:
    head = (
        b"X-Postroom-Company: =?utf-8?q?S=C3=BCd_GmbH?=\r\nx-postroom-stream: Mass\r\nX-Postroom-Priority: 0\r\n"
        b"X-Postroom-Tag: order, no. 7\r\nX-Postroom-Campaign: Autumn\r\n"
        b"X-Postroom-Tags: invoice, 2026,,invoice\r\nX-Postroom-Tag: shop\r\n"
    )
    directions = read_directions(head)
    assert directions == Directions(
        company="Süd GmbH", stream=Stream.MASS, campaign="Autumn", priority=0,
        tags=("order, no. 7", "shop", "invoice", "2026"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("X-Postroom-Compny: x", "no field X-Postroom-Compny; known are X-Postroom-Company, X-Postroom-Stream"),
        ("X-Postroom-Company: a\r\nX-Postroom-Company: b", "given 2 times"),
        ("X-Postroom-Stream: bulk", "“bulk”; write transactional or mass"),
        ("X-Postroom-Stream:", "write transactional or mass"),
        ("X-Postroom-Priority: high", "“high”; write 0"),
        ("X-Postroom-Priority: ٣", "write 0"),
        ("X-Postroom-Tag: " + "x" * 101, "up to 100 letters"),
        ("X-Postroom-Tags: " + ",".join(map(str, range(21))), "at most 20"),
    ],
)
def test_refuses_what_it_does_not_understand(head: str, why: str) -> None:
    with pytest.raises(DirectionError, match=why):
        read_directions(f"{head}\r\n".encode())


def test_removes_its_fields_and_touches_no_other() -> None:
    head = b"From: a@b.example\r\nX-POSTROOM-Tag: x\r\n folded\r\nX-Postroomer: y\r\nSubject: z\r\n"
    assert remove_directions(head) == b"From: a@b.example\r\nX-Postroomer: y\r\nSubject: z\r\n"
