import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.webhook import LIFETIME, is_delivered, next_delay


@pytest.mark.parametrize("status", [None, 199, 301, 308, 400, 410, 500])
def test_nothing_but_a_2xx_is_a_delivery(status: int | None) -> None:
    assert not is_delivered(status)
    assert is_delivered(200)
    assert is_delivered(299)


def test_waits_grow_fourfold_to_an_hour() -> None:
    assert [next_delay(n, jitter=0.5) for n in range(1, 9)] == [5, 20, 80, 320, 1280, 3600, 3600, 3600]


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_every_wait_is_longer_than_a_moment_and_shorter_than_the_lifetime(failures: int, jitter: float) -> None:
    assert 1 < next_delay(failures, jitter=jitter) < LIFETIME.total_seconds() / 24
