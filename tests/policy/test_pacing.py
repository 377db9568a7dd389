"""How many messages may leave now, when the next, and what is learned of a server's refusals?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.pacing import (
    DAY_S,
    HOUR_S,
    MINUTE_S,
    Allowance,
    Limit,
    Spent,
    allowance,
    forecast,
    recovered,
    slowed,
)

PER_MINUTE = Limit(30, MINUTE_S)
limits = st.lists(
    st.builds(Limit, st.integers(1, 50), st.sampled_from([1.0, MINUTE_S, HOUR_S, DAY_S])), min_size=1, max_size=4
)


def test_without_limits_all_that_is_wanted_may_leave() -> None:
    assert allowance((), (), wanted=100) == Allowance(100)


def test_the_narrowest_limit_decides() -> None:
    assert allowance([PER_MINUTE, Limit(10, HOUR_S)], [Spent(5, 4)], wanted=100) == Allowance(6)


def test_what_left_before_the_window_does_not_count() -> None:
    assert allowance([PER_MINUTE], [Spent(60, 30)], wanted=100) == Allowance(30)


def test_a_spent_limit_says_when_its_oldest_messages_leave_the_window() -> None:
    assert allowance([PER_MINUTE], [Spent(50, 10), Spent(20, 20)], wanted=1) == Allowance(0, 10.0)


def test_of_two_spent_limits_the_longer_wait_counts() -> None:
    spent = [Spent(30, 30)]
    assert allowance([PER_MINUTE, Limit(30, HOUR_S)], spent, wanted=1).wait_s == HOUR_S - 30


def test_what_was_given_back_may_leave_again() -> None:
    assert allowance([PER_MINUTE], [Spent(10, 30), Spent(5, -12)], wanted=100) == Allowance(12)


def test_mass_mail_leaves_a_part_of_each_limit_for_transactional_mail() -> None:
    spent = [Spent(10, 24)]
    assert allowance([PER_MINUTE], spent, wanted=9, share=0.8).messages == 0
    assert allowance([PER_MINUTE], spent, wanted=9).messages == 6


def test_a_limit_of_one_still_lets_mass_mail_through() -> None:
    assert allowance([Limit(1, MINUTE_S)], (), wanted=5, share=0.8) == Allowance(1)


def _run(limits: list[Limit], seconds: int) -> list[tuple[float, int]]:
    """What leaves when all that may leave does, second by second."""
    log: list[tuple[float, int]] = []
    for now in range(seconds):
        allowed = allowance(limits, [Spent(now - at, count) for at, count in log], wanted=1000)
        if allowed.messages:
            log.append((float(now), allowed.messages))
    return log


@given(limits)
def test_no_window_ever_holds_more_than_its_limit(limits: list[Limit]) -> None:
    log = _run(limits, 150)
    for limit in limits:
        for start, _ in log:
            assert sum(n for at, n in log if start <= at < start + limit.seconds) <= limit.messages


@given(limits, st.integers(1, 2000))
def test_a_forecast_is_never_negative_and_zero_only_for_what_may_leave_now(limits: list[Limit], waiting: int) -> None:
    seconds = forecast(limits, (), waiting=waiting)
    assert seconds >= 0
    assert (seconds == 0) == (allowance(limits, (), wanted=waiting).messages >= waiting)


@pytest.mark.parametrize(("waiting", "seconds"), [(30, 0), (31, 60), (90, 120), (3001, 6000)])
def test_a_forecast_counts_the_windows_until_the_last_leaves(waiting: int, seconds: float) -> None:
    assert forecast([PER_MINUTE], (), waiting=waiting) == seconds


def test_a_forecast_of_a_very_long_queue_goes_on_at_the_same_pace() -> None:
    days = forecast([Limit(200, DAY_S)], (), waiting=1_000_000) / DAY_S
    assert days == pytest.approx(5000, rel=0.01)


def test_a_pace_that_was_too_fast_is_halved_and_recovers_by_steps_until_it_is_forgotten() -> None:
    assert (slowed(120.0), slowed(1.0)) == (60, 1)
    assert [recovered(60, minutes * 60) for minutes in (0, 9, 10, 20, 79, 80)] == [60, 60, 90, 135, 1025, None]
