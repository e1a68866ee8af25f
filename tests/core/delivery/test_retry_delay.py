"""A message waits twice as long after each failure, up to a cap."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from relay_core.delivery.retry_delay import MAX_RETRY_DELAY, retry_delay


def test_the_wait_doubles_up_to_the_cap() -> None:
    first = timedelta(seconds=30)
    expected = [30, 60, 120, 240, 480, 900, 900]
    assert expected == [retry_delay(first, n).total_seconds() for n in range(1, 8)]


@given(st.timedeltas(timedelta(seconds=1), MAX_RETRY_DELAY), st.integers(-5, 10**9))
def test_a_wait_is_never_shorter_than_the_first_nor_longer_than_the_cap(
    first: timedelta, failures: int
) -> None:
    assert first <= retry_delay(first, failures) <= MAX_RETRY_DELAY
