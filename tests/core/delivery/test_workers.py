"""Workers of one message: groups, leases, and workers that overlap, die or come later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from relay_core.delivery.submitting import GROUP_BYTES
from relay_core.errors import AdapterError, Conflict
from relay_core.ports import OutgoingMail, SubmissionId
from relay_core.record.lease import CLOCK_SKEW, Lease
from relay_core.record.manifest import DeliveryRecord, DeliveryState, Manifest
from relay_core.record.report import Outcome, RelayReport, Retry
from relay_core.relay import relay_message
from tests.core.delivery.deliveries import (
    ANNA,
    BEN,
    ID,
    KEY,
    SETTINGS,
    Slow,
    change,
    mail,
    manifest_of,
    many,
    recipients,
    relay_slowly,
    throttled,
)
from tests.fakes import MemoryWorld
from tests.receipt import received


def test_mails_go_out_in_groups_that_are_written_down_before() -> None:
    world = MemoryWorld()
    service = Slow(world)
    relay_slowly(world, service, mail(",".join(many(8))))
    assert [many(8)[0:3], many(8)[3:6], many(8)[6:8]] == service.groups
    # One write for each group, and one for the last answers.
    assert 4 == world.manifests.writes


def test_large_mails_go_out_one_by_one() -> None:
    world = MemoryWorld()
    service = Slow(world)
    message = EmailMessage()
    message.set_content(
        f":Email_Rxers_Code:{','.join(many(3))}:Email_Rxers_Code: <img src='cid:plan@x'>",
        subtype="html",
    )
    message.add_related(bytes(GROUP_BYTES // 2), "image", "png", cid="<plan@x>")
    ports = replace(world.ports, submission=service)
    world.incoming.messages[KEY] = received(message.as_bytes())
    settings = replace(SETTINGS, inline_image_limit=GROUP_BYTES)
    relay_message(KEY, settings, ports, world.worker())
    assert [1, 1, 1] == [len(group) for group in service.groups]


def test_five_hundred_recipients_are_served_over_several_deliveries() -> None:
    world = MemoryWorld()
    service = Slow(world, seconds=2)
    raw = mail(",".join(many(500)))
    reports: list[RelayReport] = []
    while not reports or reports[-1].retry:
        began = world.now
        reports.append(relay_slowly(world, service, raw))
        assert world.now - began <= timedelta(seconds=82)  # 120 s less the reserve, plus one group
        assert manifest_of(world).lease is None
    assert [Outcome.UNFINISHED] * 4 + [Outcome.RELAYED] == [one.outcome for one in reports]
    assert all(one.retry == Retry(after=timedelta(0), failed_try=False) for one in reports[:-1])
    assert 500 == sum(one.submitted for one in reports)
    assert Counter(many(500)) == Counter(recipients(world))


def test_a_message_under_another_workers_lease_is_left_alone_until_that_ends() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", throttled(), times=2)
    world.relay(mail(), SETTINGS)
    until = world.now + timedelta(seconds=60)
    change(world, replace(manifest_of(world), lease=Lease(holder="other", until=until)))
    writes = world.manifests.writes
    report = world.relay(mail(), SETTINGS)
    assert Outcome.BUSY is report.outcome
    assert Retry(after=timedelta(seconds=60), failed_try=False) == report.retry
    assert ([], writes) == (recipients(world), world.manifests.writes)
    world.now = until
    assert Outcome.RELAYED is world.relay(mail(), SETTINGS).outcome


def test_a_lease_lasts_as_long_as_its_worker_can_live() -> None:
    world = MemoryWorld()
    worker = world.worker()
    assert worker.deadline + CLOCK_SKEW == worker.lease.until


def test_those_whom_a_dead_worker_may_have_served_are_counted() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", SystemExit(), target=BEN)
    with pytest.raises(SystemExit):
        world.relay(mail(f"{ANNA},{BEN},c@example.com,d@example.com"), SETTINGS)
    states = [one.state for one in manifest_of(world).deliveries]
    assert [DeliveryState.SUBMITTING] * 3 + [DeliveryState.PENDING] == states
    raw = mail(f"{ANNA},{BEN},c@example.com,d@example.com")
    assert Outcome.BUSY is world.relay(raw, SETTINGS).outcome
    world.now += timedelta(seconds=125)
    report = world.relay(raw, SETTINGS)
    assert (Outcome.RELAYED, 4, 3) == (report.outcome, report.submitted, report.possibly_repeated)
    assert 2 == recipients(world).count(ANNA)


def test_a_worker_that_dies_while_it_repeats_has_counted_that_before() -> None:
    world = MemoryWorld()
    for _ in range(3):
        world.submission.faults.order("submit", SystemExit(), target=BEN)
        with pytest.raises(SystemExit):
            world.relay(mail(), SETTINGS)
        world.now += timedelta(seconds=125)
    assert [2, 2] == [one.repeats for one in manifest_of(world).deliveries]
    world.relay(mail(), SETTINGS)
    anna, _ = manifest_of(world).deliveries
    assert recipients(world).count(ANNA) == 4 == 1 + anna.repeats


def test_those_whom_a_fault_of_ours_may_have_left_served_are_counted() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", ZeroDivisionError(), target=BEN)
    with pytest.raises(ZeroDivisionError):
        world.relay(mail(), SETTINGS)
    assert manifest_of(world).lease is None
    report = world.relay(mail(), SETTINGS)
    assert (Outcome.RELAYED, 2, 2) == (report.outcome, report.submitted, report.possibly_repeated)


def test_of_two_workers_that_start_at_once_one_gives_way() -> None:
    world = MemoryWorld()
    other = Manifest(
        message_id=ID,
        raw_key=KEY,
        sender=None,
        subject="",
        created_at=world.now,
        expires_at=world.now,
        attachments=(),
        deliveries=(DeliveryRecord(recipient=ANNA, state=DeliveryState.SUBMITTING),),
        lease=Lease(holder="other", until=world.now + timedelta(seconds=50)),
    )

    class Race:
        """Another worker creates the manifest between this worker's read and write."""

        def __getattr__(self, name: str) -> object:
            if name == "create" and ID not in world.manifests.documents:
                world.manifests.create(other)
            return getattr(world.manifests, name)

    world.incoming.messages[KEY] = received(mail())
    ports = replace(world.ports, manifests=Race())  # type: ignore[arg-type] # in the place of the fake
    report = relay_message(KEY, SETTINGS, ports, world.worker())
    assert (Outcome.BUSY, timedelta(seconds=50)) == (
        report.outcome,
        report.retry and report.retry.after,
    )
    assert [] == recipients(world)
    assert other == manifest_of(world)


def test_a_conflict_with_our_own_write_stops_no_worker() -> None:
    world = MemoryWorld()
    conflict = Conflict(call="create", target=ID, detail="exists")
    world.manifests.faults.order("create", conflict, after_effect=True)
    assert Outcome.RELAYED is world.relay(mail(), SETTINGS).outcome
    assert [ANNA, BEN] == recipients(world)


def test_a_refusal_that_is_recorded_already_stops_no_worker() -> None:
    world = MemoryWorld()
    conflict = Conflict(call="create", target=ID, detail="exists")
    world.manifests.faults.order("create", conflict, after_effect=True)
    assert Outcome.REFUSED is world.relay(b"Subject: no code\r\n\r\nHello", SETTINGS).outcome
    assert manifest_of(world).is_settled


def test_an_edit_of_an_operator_meanwhile_is_not_lost() -> None:
    world = MemoryWorld()

    class Operator(Slow):
        def submit_each(self, mails: Sequence[OutgoingMail]) -> list[SubmissionId | AdapterError]:
            change(world, replace(manifest_of(world), subject="edited"))
            return super().submit_each(mails)

    relay_slowly(world, Operator(world), mail())
    manifest = manifest_of(world)
    assert ("edited", True, None) == (manifest.subject, manifest.is_settled, manifest.lease)
    assert [ANNA, BEN] == recipients(world)
