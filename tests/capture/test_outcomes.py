"""Does each address get the answer it asks for, and every other address none?"""

import pytest

from postroom.capture.outcomes import Wish, combine, read_wish


@pytest.mark.parametrize(
    ("local_part", "reply"),
    [
        ("bounce-550", "550 5.1.1"),
        ("bounce-552", "552 5.2.2"),
        ("bounce-599", None),
        ("bounce-521", "521 5.0.0"),
        ("bounce-550-5.7.26", "550 5.7.26"),
        ("BOUNCE-550", "550 5.1.1"),
        ("bounce-550+order-7", "550 5.1.1"),
        ("defer-451", "451 4.7.1"),
        ("defer-421", "421 4.3.2"),
        ("defer-450-4.7.1", "450 4.7.1"),
    ],
)
def test_refuses_the_recipient_that_asks_for_it(local_part: str, reply: str | None) -> None:
    said = read_wish(f"{local_part}@customer.example.com").refused_at_rcpt
    assert said is None if reply is None else said is not None and said.startswith(f"{reply} ")


@pytest.mark.parametrize(
    "local_part",
    ["bounce", "bounce-handler", "bounce-450", "defer-550", "bounce-250", "bounce-550-4.1.1", "bounce-5500",
     "data-team", "slow", "slow-food", "slow-2", "drop-box", "dropped", "mary", "bounce-\u0665\u0665\u0660", ""],
)  # fmt: skip
def test_takes_ordinary_addresses_as_they_are(local_part: str) -> None:
    assert read_wish(f"{local_part}@customer.example.com") == Wish()


@pytest.mark.parametrize(("local_part", "reply"), [("data-552", "552 5.2.2"), ("data-451-4.7.1", "451 4.7.1")])
def test_refuses_the_message_that_asks_for_it(local_part: str, reply: str) -> None:
    wish = read_wish(f"{local_part}@customer.example.com")
    assert (wish.refused_after_data or "").startswith(reply)
    assert wish.refused_at_rcpt is None


@pytest.mark.parametrize(
    ("local_part", "seconds"), [("slow-2s", 2.0), ("slow-1500ms", 1.5), ("slow-60s", 60.0), ("slow-3600s", 60.0)]
)
def test_waits_as_long_as_asked_but_a_minute_at_most(local_part: str, seconds: float) -> None:
    assert read_wish(f"{local_part}@customer.example.com").delay_seconds == seconds


def test_a_message_to_several_has_the_longest_delay_and_the_first_refusal() -> None:
    wishes = map(read_wish, ["slow-1s@a.example", "data-552@a.example", "data-451@a.example", "slow-3s@a.example"])
    combined = combine(wishes)
    assert combined.delay_seconds == 3.0
    assert (combined.refused_after_data or "").startswith("552")
    assert not combined.is_dropped
    assert combine([read_wish("drop@a.example"), combined]).is_dropped
