"""A worker's time and its lease of a message, at their ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from relay_core.record.lease import Lease, Worker

DEADLINE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
RESERVE = timedelta(seconds=40)
MOMENT = timedelta(microseconds=1)
WORKER = Worker(name="a", deadline=DEADLINE, reserve=RESERVE)


def test_in_its_reserve_a_worker_begins_nothing() -> None:
    assert WORKER.has_time(DEADLINE - RESERVE - MOMENT)
    assert not WORKER.has_time(DEADLINE - RESERVE)


def test_a_lease_keeps_others_out_until_it_ends() -> None:
    lease = Lease(holder="b", until=DEADLINE)
    assert WORKER.is_locked_out(lease, DEADLINE - MOMENT)
    assert not WORKER.is_locked_out(lease, DEADLINE)
    assert not WORKER.is_locked_out(Lease(holder="a", until=DEADLINE), DEADLINE - MOMENT)
    assert not WORKER.is_locked_out(None, DEADLINE - MOMENT)
