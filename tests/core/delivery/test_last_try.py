"""A mail whose last try fails, or whose worker dies in it, counts as given up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relay_core.delivery.deaths import failing_manifest
from relay_core.delivery.ending import record_error
from relay_core.keys import RawKey
from relay_core.record.manifest import ManifestState
from relay_core.record.report import Outcome
from tests.core.delivery.queue_deliveries import (
    HIDDEN,
    KEY,
    PEOPLE,
    RAW,
    SETTINGS,
    Deliveries,
    kill_at_reading,
    manifest_of,
    out_of_reach,
)
from tests.fakes import MemoryWorld

LAST = SETTINGS.max_receive_count


class TestTheLastTry:
    """A mail whose last try failed counts as given up until it is tried again."""

    def test_what_fails_at_the_last_try_is_dead_and_not_before(self) -> None:
        world = MemoryWorld()
        world.incoming.messages[KEY] = RAW
        tries = Deliveries(world)
        world.submission.faults.order("submit", out_of_reach(), times=LAST * len(PEOPLE))
        world.incoming.faults.order("fetch", out_of_reach(), times=LAST)
        for number in range(1, LAST + 1):
            tries.fails()
            assert (number == LAST) == manifest_of(world).is_given_up(world.now)
        assert ManifestState.FAILING is manifest_of(world).state

    def test_what_dies_at_the_last_try_is_dead_once_its_worker_is_gone(self) -> None:
        world = MemoryWorld()
        world.incoming.messages[KEY] = RAW
        tries = Deliveries(world)
        tries.number = LAST - 1
        world.manifests.create(replace(failing_manifest(KEY, SETTINGS, world.now), detail="x"))
        kill_at_reading(world, 1)
        tries.dies()
        assert not manifest_of(world).is_given_up(world.now)
        world.now += HIDDEN
        assert manifest_of(world).is_given_up(world.now)

    @pytest.mark.parametrize("fails_first", [False, True])
    def test_what_is_redriven_is_dead_no_more(self, *, fails_first: bool) -> None:
        world = MemoryWorld()
        world.incoming.messages[KEY] = RAW
        tries = Deliveries(world)
        tries.number = LAST - 1
        world.incoming.faults.order("fetch", out_of_reach(), times=1 + fails_first)
        tries.fails()
        assert manifest_of(world).is_given_up(world.now)
        retry = Deliveries(world, "sqs-2")
        if fails_first:
            retry.fails()
            assert not manifest_of(world).is_given_up(world.now)
        assert Outcome.RELAYED is retry.next().outcome
        assert manifest_of(world).is_settled


def test_a_last_try_that_fails_ends_no_mail_that_another_worker_has() -> None:
    world = MemoryWorld()
    key = RawKey("incoming/0abc")
    begun = failing_manifest(key, SETTINGS, world.now)
    other = world.worker()
    world.manifests.create(replace(begun, lease=other.lease))
    last = replace(world.worker(), is_last_try=True)
    record_error(key, "SlowDown", last, SETTINGS, world.ports)
    assert not manifest_of(world).is_dead
    world.now = other.lease.until
    record_error(key, "SlowDown", last, SETTINGS, world.ports)
    assert manifest_of(world).is_dead
