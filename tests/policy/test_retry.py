"""Do retries come back patiently, in time, and apart from each other?"""

from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.retry import (
    FIRST_DELAY_S,
    LEAST_WINDOW_S,
    LIFETIME_HOURS,
    LONGEST_DELAY_S,
    LONGEST_HINT_S,
    MASS_LIFETIME_HOURS,
    SHORTEST_HINT_S,
    extended_lifetime,
    next_attempt,
)

HOUR_S = 3600.0
LIFETIME_S = LIFETIME_HOURS * HOUR_S
MASS_LIFETIME_S = MASS_LIFETIME_HOURS * HOUR_S
attempts = st.integers(1, 1000)
ages = st.floats(0, LIFETIME_S - 1)
jitters = st.floats(0, 1, exclude_max=True)


def schedule(*, lifetime_s: float = LIFETIME_S) -> list[float]:
    """The ages of all attempts of a mail that is never taken."""
    times = [0.0]
    while (delay := next_attempt(len(times), times[-1], hint_s=None, jitter=0.5, lifetime_s=lifetime_s)) is not None:
        times.append(times[-1] + delay)
    return times


def test_the_first_hour_sees_several_attempts_and_a_day_few() -> None:
    times = schedule()
    assert 5 <= sum(time <= HOUR_S for time in times) <= 10
    assert 10 <= sum(time <= 24 * HOUR_S for time in times) <= 20


def test_the_last_attempt_falls_on_the_end_of_the_lifetime() -> None:
    assert schedule()[-1] == LIFETIME_S
    assert schedule(lifetime_s=MASS_LIFETIME_S)[-1] == MASS_LIFETIME_S


def test_a_mail_past_its_lifetime_expires() -> None:
    assert next_attempt(3, LIFETIME_S, hint_s=None, jitter=0, lifetime_s=LIFETIME_S) is None
    assert next_attempt(3, LIFETIME_S, hint_s=600, jitter=0, lifetime_s=LIFETIME_S) is None


@given(attempts, st.floats(0, 10 * LIFETIME_S), st.floats(HOUR_S, LIFETIME_S))
def test_a_first_refusal_is_never_the_last_and_later_ones_prolong_nothing(
    attempts: int, age_s: float, lifetime_s: float
) -> None:
    assert extended_lifetime(attempts + 1, age_s, lifetime_s=lifetime_s) == lifetime_s
    lifetime = extended_lifetime(1, age_s, lifetime_s=lifetime_s)
    assert lifetime >= lifetime_s
    assert lifetime - age_s >= min(lifetime_s, LEAST_WINDOW_S) * 0.999
    assert next_attempt(1, age_s, hint_s=None, jitter=0, lifetime_s=lifetime) is not None


@given(attempts, ages, jitters)
def test_delays_are_bounded_and_never_outlast_the_mail(attempts: int, age_s: float, jitter: float) -> None:
    delay = next_attempt(attempts, age_s, hint_s=None, jitter=jitter, lifetime_s=LIFETIME_S)
    assert delay is not None
    assert 0 < delay <= LONGEST_DELAY_S * 1.2
    assert age_s + delay <= LIFETIME_S + 1


@given(attempts, st.floats(0, 86400), jitters, st.floats(0, 10 * 86400))
def test_the_servers_wish_is_met_within_bounds(attempts: int, age_s: float, jitter: float, hint_s: float) -> None:
    delay = next_attempt(attempts, age_s, hint_s=hint_s, jitter=jitter, lifetime_s=LIFETIME_S)
    assert delay is not None
    assert min(max(hint_s, SHORTEST_HINT_S), LONGEST_HINT_S) <= delay <= LONGEST_HINT_S * 1.2


def test_many_attempts_in_a_short_time_cost_no_patience() -> None:
    delay = next_attempt(12, 120, hint_s=None, jitter=0.5, lifetime_s=LIFETIME_S)
    assert delay == 120


def test_mail_that_waited_long_before_its_first_attempt_is_tried_again_soon() -> None:
    assert next_attempt(1, 20 * HOUR_S, hint_s=None, jitter=0.5, lifetime_s=LIFETIME_S) == FIRST_DELAY_S


def test_chance_spreads_what_was_deferred_together() -> None:
    delays = {next_attempt(5, 4000, hint_s=None, jitter=jitter / 10, lifetime_s=LIFETIME_S) for jitter in range(10)}
    assert len(delays) == 10
