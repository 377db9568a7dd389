"""Does an address come under suspicion by its own faults alone, slowly, and not for ever?"""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.causes import SIGNS
from postroom.policy.suppression import Fault, Scope, Standing, count_fault, fault_of, scope_of

START = datetime(2031, 5, 1, 9, tzinfo=UTC)
faults = st.lists(st.tuples(st.sampled_from(Fault), st.floats(0, 200)), max_size=20)


def after(*events: tuple[Fault, float]) -> Standing | None:
    """The standing after faults that came so many days after the one before."""
    standing, at = None, START
    for fault, days in events:
        at += timedelta(days=days)
        standing = count_fault(standing, fault, at=at)
    return standing


def scope_after(*events: tuple[Fault, float]) -> Scope | None:
    standing = after(*events)
    return scope_of(standing) if standing else None


def test_one_refusal_suppresses_nothing() -> None:
    assert scope_after((Fault.HARD, 0)) is None


def test_two_hard_faults_within_twelve_days_stop_mass_mail() -> None:
    assert scope_after((Fault.HARD, 0), (Fault.HARD, 12)) is Scope.MASS
    assert scope_after((Fault.HARD, 0), (Fault.HARD, 13)) is None


def test_four_soft_faults_within_days_stop_mass_mail() -> None:
    assert scope_after(*[(Fault.SOFT, 2.0)] * 3) is None
    assert scope_after(*[(Fault.SOFT, 2.0)] * 4) is Scope.MASS


def test_three_hard_faults_within_three_weeks_stop_all_mail() -> None:
    assert scope_after((Fault.HARD, 0), (Fault.HARD, 7), (Fault.HARD, 7)) is Scope.ALL


def test_soft_faults_never_stop_transactional_mail() -> None:
    assert scope_after(*[(Fault.SOFT, 1.0)] * 100) is Scope.MASS


def test_a_campaign_in_parts_counts_once_a_day() -> None:
    assert scope_after(*[(Fault.HARD, 0.01)] * 50) is None


def test_faults_far_apart_are_forgotten() -> None:
    assert scope_after(*[(Fault.HARD, 90.0)] * 10) is None


@given(faults)
def test_the_score_is_never_less_than_its_hard_part_and_bounded(events: list[tuple[Fault, float]]) -> None:
    standing = after(*events)
    if standing:
        assert 0 <= standing.hard_score <= standing.score <= 2 * (1 / (1 - 0.5 ** (1 / 30)))


def test_only_what_concerns_the_recipient_counts() -> None:
    counted = {sign.cause.id: fault_of(sign.cause.id) for sign in SIGNS}
    assert {cause for cause, fault in counted.items() if fault is Fault.HARD} == {
        "recipient-unknown", "recipient-domain-unknown", "mailbox-disabled",
    }  # fmt: skip
    assert {cause for cause, fault in counted.items() if fault is Fault.SOFT} == {"mailbox-full", "routing-loop"}
    assert fault_of("recipient-refused") is fault_of("") is None
