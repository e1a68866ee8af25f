"""A mail that killed two workers is refused before it reaches a third; no other mail is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from operate.messages.redelivery import plan_redelivery
from relay_core.delivery.deaths import MAX_DEATHS, Attempt, record_out_of_time
from relay_core.errors import Conflict, Reason
from relay_core.keys import RawKey, message_id_of
from relay_core.record.manifest import DeathCause, DeliveryState, ManifestState
from relay_core.record.report import Outcome
from tests.core.delivery.queue_deliveries import (
    KEY,
    PEOPLE,
    RAW,
    SETTINGS,
    Deliveries,
    Died,
    kill_at_reading,
    manifest_of,
    out_of_reach,
)
from tests.fakes import MemoryIncomingMessages, MemoryWorld


def test_a_mail_that_killed_two_workers_is_refused_with_a_notice_and_not_read_again() -> None:
    world = MemoryWorld()
    kill_at_reading(world, 3)
    deliveries = Deliveries(world)
    deliveries.dies()
    deliveries.dies()
    report = deliveries.next()
    assert (Outcome.REFUSED, Reason.LIMIT_EXCEEDED) == (report.outcome, report.reason)
    manifest = manifest_of(world)
    assert (ManifestState.REFUSED, None) == (manifest.state, manifest.lease)
    [notice] = world.notices.published
    assert (KEY, Reason.LIMIT_EXCEEDED) == (notice.raw_key, notice.reason)
    assert "2 workers died while processing this mail" in notice.text
    assert Outcome.DUPLICATE is deliveries.next().outcome
    assert 1 == len(world.notices.published)


def test_a_first_delivery_writes_nothing_before_it_reads() -> None:
    world = MemoryWorld()
    kill_at_reading(world, 1)
    Deliveries(world).dies()
    assert 0 == world.manifests.writes


def test_a_mail_that_comes_again_costs_one_write_more() -> None:
    alone, retry = MemoryWorld(), MemoryWorld()
    Deliveries(alone).next()
    kill_at_reading(retry, 1)
    deliveries = Deliveries(retry)
    deliveries.dies()
    assert Outcome.RELAYED is deliveries.next().outcome
    assert alone.manifests.writes + 1 == retry.manifests.writes


def test_one_death_is_bad_luck() -> None:
    world = MemoryWorld()
    kill_at_reading(world, 1)
    deliveries = Deliveries(world)
    deliveries.dies()
    assert Outcome.RELAYED is deliveries.next().outcome
    assert () == manifest_of(world).deaths
    assert [] == world.notices.published


def test_a_try_that_an_error_ended_is_no_death() -> None:
    world = MemoryWorld()
    world.incoming.faults.order("fetch", out_of_reach(), times=4)
    deliveries = Deliveries(world)
    for _ in range(4):
        deliveries.fails()
    assert ((), None) == (manifest_of(world).deaths, manifest_of(world).lease)
    assert Outcome.RELAYED is deliveries.next().outcome


def test_deaths_count_over_an_error_in_between() -> None:
    world = MemoryWorld()
    deliveries = Deliveries(world)
    kill_at_reading(world, 1)
    deliveries.dies()
    world.incoming.faults.order("fetch", out_of_reach())
    deliveries.fails()
    kill_at_reading(world, 1)
    deliveries.dies()
    assert Outcome.REFUSED is deliveries.next().outcome


def test_a_mail_that_gets_on_between_its_deaths_is_served_to_the_last_recipient() -> None:
    world = MemoryWorld()
    deliveries = Deliveries(world)
    for person in PEOPLE[1:]:
        world.submission.faults.order("submit", Died(), target=person)
        deliveries.dies()
    assert Outcome.RELAYED is deliveries.next().outcome
    assert list(PEOPLE) == [sent.recipient for sent in world.submission.outbox]


def test_who_has_the_mail_keeps_it_and_the_others_are_reported() -> None:
    world = MemoryWorld()
    deliveries = Deliveries(world)
    world.submission.faults.order("submit", Died(), target=PEOPLE[2], times=3)
    deliveries.dies()
    deliveries.dies()
    report = deliveries.next()
    assert (Outcome.REFUSED, 2, 2) == (report.outcome, report.already_submitted, report.failed)
    manifest = manifest_of(world)
    states = [one.state for one in manifest.deliveries]
    assert [DeliveryState.SUBMITTED] * 2 + [DeliveryState.FAILED] * 2 == states
    # The state keeps the links of those who have the mail valid.
    assert (ManifestState.RELAYING, True) == (manifest.state, manifest.is_settled)
    [notice] = world.notices.published
    assert 2 == notice.relayed_to


def test_a_message_that_is_redriven_starts_afresh() -> None:
    world = MemoryWorld()
    kill_at_reading(world, 2)
    Deliveries(world, "sqs-1").dies()
    redriven = Deliveries(world, "sqs-2")
    redriven.dies()
    assert Outcome.RELAYED is redriven.next().outcome


def two_messages_of_one_mail(world: MemoryWorld) -> tuple[Deliveries, Deliveries]:
    """The second is redriven after two workers of the first died; it fails once, and dies once."""
    first, redriven = Deliveries(world, "sqs-1"), Deliveries(world, "sqs-2")
    kill_at_reading(world, 2)
    first.dies()
    first.dies()
    world.incoming.faults.order("fetch", out_of_reach())
    redriven.fails()
    kill_at_reading(world, 1)
    redriven.dies()
    return first, redriven


def test_a_worker_that_died_with_another_message_of_the_queue_does_not_count() -> None:
    _, redriven = two_messages_of_one_mail(world := MemoryWorld())
    assert Outcome.RELAYED is redriven.next().outcome
    assert [] == world.notices.published


def test_a_worker_that_died_with_another_message_of_the_queue_counts_when_that_one_comes() -> None:
    first, _ = two_messages_of_one_mail(world := MemoryWorld())
    assert Outcome.REFUSED is first.next().outcome
    recorded = [(one.queue_message, one.cause) for one in manifest_of(world).deaths]
    assert [
        ("sqs-1", DeathCause.UNKNOWN),
        ("sqs-1", DeathCause.MEMORY),
        ("sqs-2", DeathCause.MEMORY),
    ] == recorded
    assert all(one.at is not None for one in manifest_of(world).deaths)


def test_what_was_refused_can_be_delivered_again() -> None:
    world = MemoryWorld()
    kill_at_reading(world, MAX_DEATHS)
    deliveries = Deliveries(world)
    deliveries.dies()
    deliveries.dies()
    deliveries.next()
    stored = world.manifests.load(message_id_of(KEY))
    assert stored is not None
    wish = plan_redelivery(stored.manifest, (), world.now)
    world.manifests.replace(wish.apply(stored.manifest, world.now), stored.version)
    assert Outcome.RELAYED is Deliveries(world, "sqs-2").next().outcome


def test_a_delivery_under_a_lease_in_force_counts_no_death() -> None:
    world = MemoryWorld()
    kill_at_reading(world, 1)
    deliveries = Deliveries(world)
    deliveries.dies()
    world.incoming.faults.order("fetch", Died())
    deliveries.dies()
    # The queue delivers it while the second worker may still run.
    attempt = Attempt(queue_message="sqs-1", number=3)
    report = world.relay(RAW, SETTINGS, attempt=attempt)
    assert Outcome.BUSY is report.outcome
    assert report.retry is not None
    assert not report.retry.failed_try


def test_a_worker_that_was_slow_does_not_relay_what_was_refused_meanwhile() -> None:
    world = MemoryWorld()

    class Slow(MemoryIncomingMessages):
        def fetch(self, key: RawKey) -> bytes:
            world.incoming = MemoryIncomingMessages()
            kill_at_reading(world, MAX_DEATHS)
            others = Deliveries(world)
            others.number = 1
            others.dies()
            others.next()
            return world.incoming.messages[key]

    world.incoming = Slow()
    report = Deliveries(world, "sqs-1").next()
    assert (Outcome.DUPLICATE, 0) == (report.outcome, report.already_submitted)
    assert ManifestState.REFUSED is manifest_of(world).state
    assert [] == world.submission.outbox


def test_who_has_written_meanwhile_goes_first() -> None:
    world = MemoryWorld()
    conflict = Conflict(call="create", target=KEY, detail="exists already")
    world.manifests.faults.order("create", conflict)
    deliveries = Deliveries(world)
    deliveries.number = 1
    with pytest.raises(Conflict):
        deliveries.next()


def test_a_held_mail_stays_as_it_is() -> None:
    world = MemoryWorld()
    limited = replace(SETTINGS, sender_message_limit=1)
    for key in (RawKey("incoming/1"), KEY):
        world.relay(RAW, limited, key=key)
    before = manifest_of(world)
    attempt = Attempt(queue_message="sqs-1", number=2)
    assert Outcome.HELD is world.relay(RAW, limited, key=KEY, attempt=attempt).outcome
    assert before == manifest_of(world)


class LastsTooLong(MemoryIncomingMessages):
    """Reading takes until the worker's timeout; the worker reports it shortly before."""

    def __init__(self, world: MemoryWorld) -> None:
        super().__init__()
        self.world = world

    def fetch(self, key: RawKey) -> bytes:
        worker = replace(
            self.world.worker(), name=f"worker-{self.world.workers - 1}", queue_message="sqs-1"
        )
        record_out_of_time(key, worker, SETTINGS, self.world.ports)
        raise Died


def test_the_cause_of_a_workers_stop_is_reported_as_far_as_it_is_known() -> None:
    world = MemoryWorld()
    deliveries = Deliveries(world)
    world.incoming = LastsTooLong(world)
    deliveries.dies()
    world.incoming = MemoryIncomingMessages()
    kill_at_reading(world, 1)
    deliveries.dies()
    assert [DeathCause.TIME] == [death.cause for death in manifest_of(world).deaths]
    report = deliveries.next()
    assert "1 of time (functionTimeoutSeconds)" in report.detail
    assert "1 of memory, most likely (functionMemory)" in report.detail


def test_a_worker_that_has_lost_the_message_says_nothing_of_it() -> None:
    world = MemoryWorld()
    Deliveries(world).next()
    before = manifest_of(world)
    record_out_of_time(KEY, world.worker(), SETTINGS, world.ports)
    assert before == manifest_of(world)


def test_a_worker_out_of_time_records_nothing_while_another_holds_the_message() -> None:
    world = MemoryWorld()
    kill_at_reading(world, 2)
    deliveries = Deliveries(world)
    deliveries.dies()
    first = world.worker()
    deliveries.dies()
    before = manifest_of(world)
    assert before.lease is not None
    assert world.now < before.lease.until
    assert not before.is_settled
    record_out_of_time(KEY, first, SETTINGS, world.ports)
    assert before == manifest_of(world)


def test_a_refusal_that_an_edit_overtook_is_written_at_the_next_delivery() -> None:
    world = MemoryWorld()
    kill_at_reading(world, MAX_DEATHS)
    deliveries = Deliveries(world)
    deliveries.dies()
    deliveries.dies()
    conflict = Conflict(call="replace", target=KEY, detail="not the last version")
    world.manifests.faults.order("replace", conflict)
    with pytest.raises(Conflict):
        deliveries.next()
    assert Outcome.REFUSED is deliveries.next().outcome
    assert manifest_of(world).is_settled
