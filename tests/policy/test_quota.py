"""What may a workspace send a day through the platform's server, and when does the rest leave?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.quota import FOR_NEW, PLANS, Allotment, Feature, daily_limit, days_to_wait


def test_the_usual_plans_lie_between_5_and_200_a_day() -> None:
    limits = [daily_limit(plan, features) for plan in PLANS.values() for features in ((), tuple(Feature))]
    assert (min(limits), max(limits)) == (5, 200)
    assert daily_limit(PLANS[FOR_NEW], ()) == 5


def test_each_feature_adds_what_the_plan_says_up_to_its_bound() -> None:
    plan = Allotment(50, 120, {Feature.MAILINGS: 50, Feature.CONVERSATIONS: 25})
    assert daily_limit(plan, ["mailings"]) == 100
    assert daily_limit(plan, ["mailings", "mailings", "of another version"]) == 100
    assert daily_limit(plan, ["mailings", "conversations"]) == 120
    assert daily_limit(Allotment(50, 10), ()) == 50, "a bound below the base does not take from it"


@pytest.mark.parametrize(
    ("waiting", "used", "per_day", "days"),
    [(0, 0, 5, 0), (5, 0, 5, 0), (6, 0, 5, 1), (1, 5, 5, 1), (10, 5, 5, 2), (11, 9, 5, 3), (3, 0, 0, 3)],
)
def test_what_is_over_leaves_on_later_days(waiting: int, used: int, per_day: int, days: int) -> None:
    assert days_to_wait(waiting, used=used, per_day=per_day) == days


@given(st.integers(0, 10_000), st.integers(0, 500), st.integers(1, 500))
def test_no_day_lets_more_leave_than_its_limit(waiting: int, used: int, per_day: int) -> None:
    days = days_to_wait(waiting, used=used, per_day=per_day)
    room = max(per_day - used, 0) + days * per_day
    assert waiting <= room
    assert days == 0 or waiting > room - per_day
