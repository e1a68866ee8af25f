"""Files are stored in groups, within the worker's time, and none is read twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from hashlib import sha256

import pytest

from relay_core.delivery.ending import record_error
from relay_core.delivery.storing import FILES_AT_ONCE, store_files
from relay_core.errors import PermanentError, TransientError
from relay_core.keys import AttachmentKey, RawKey, message_id_of
from relay_core.limits.budget import BudgetWindow
from relay_core.plan import RelayPlan, plan_relay
from relay_core.ports import FileToStore
from relay_core.record.manifest import Manifest, ManifestState, StoredAttachment
from relay_core.record.report import Outcome, RelayReport
from relay_core.relay import relay_message
from relay_core.settings import Settings
from tests.fakes import MemoryAttachmentStore, MemoryWorld
from tests.receipt import received

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
)
KEY = RawKey("incoming/0abc")
CONTENTS = {f"{number}.bin": f"file {number}".encode() for number in range(50)}


def mail() -> bytes:
    message = EmailMessage()
    message["From"] = "Boiler 3 <boiler@plant.example>"
    message["Subject"] = "Pressure"
    message.set_content(":Email_Rxers_Code:anna@example.com,nobody:Email_Rxers_Code:\n")
    for name, content in CONTENTS.items():
        message.add_attachment(content, "application", "octet-stream", filename=name)
    return received(message.as_bytes().replace(b"\n", b"\r\n"))


@dataclass(slots=True)
class Slow(MemoryAttachmentStore):
    """A store that takes `seconds` for each group. `sent` counts how often a file was stored."""

    world: MemoryWorld | None = None
    seconds: int = 0
    groups: list[int] = field(default_factory=list)
    sent: Counter[AttachmentKey] = field(default_factory=Counter)

    def store_each(
        self, files: Sequence[FileToStore]
    ) -> list[TransientError | PermanentError | None]:
        answers = MemoryAttachmentStore.store_each(self, files)
        self.groups.append(len(files))
        stored = [one.key for one, answer in zip(files, answers, strict=True) if answer is None]
        self.sent.update(stored)
        assert self.world is not None
        self.world.now += timedelta(seconds=self.seconds)
        return answers


def key_of(name: str) -> AttachmentKey:
    plan = plan_relay(mail(), KEY, SETTINGS)
    assert isinstance(plan, RelayPlan)
    (key,) = [one.key for one in plan.uploads if one.attachment.safe_name == name]
    return key


def slow_world(seconds: int) -> tuple[MemoryWorld, Slow]:
    world = MemoryWorld()
    store = Slow(world=world, seconds=seconds)
    world.attachments = store
    return world, store


def manifest_of(world: MemoryWorld) -> Manifest:
    stored = world.manifests.load(message_id_of(KEY))
    assert stored is not None
    return stored.manifest


def relay(
    world: MemoryWorld, settings: Settings = SETTINGS, raw: bytes | None = None
) -> RelayReport:
    """Handle a mail as the function does."""
    world.incoming.messages[KEY] = raw or mail()
    worker = world.worker()
    try:
        return relay_message(KEY, settings, world.ports, worker)
    except TransientError as error:
        record_error(KEY, str(error), worker, settings, world.ports)
        raise


def assert_all_is_there(world: MemoryWorld) -> None:
    attachments = manifest_of(world).attachments
    assert list(CONTENTS) == [one.filename for one in attachments]
    digests = [sha256(content).hexdigest() for content in CONTENTS.values()]
    assert digests == [one.sha256 for one in attachments]
    assert [len(content) for content in CONTENTS.values()] == [one.size for one in attachments]
    [sent] = world.submission.outbox
    assert all(name.encode() in sent.raw for name in ("0.bin", "49.bin"))


def test_only_so_many_are_stored_at_a_time() -> None:
    world, store = slow_world(seconds=0)
    assert Outcome.RELAYED is relay(world).outcome
    assert [FILES_AT_ONCE] * 6 + [2] == store.groups
    assert_all_is_there(world)


def test_files_that_the_release_before_stored_are_not_stored_and_listed_again() -> None:
    world, store = slow_world(0)
    plan = plan_relay(mail(), KEY, SETTINGS)
    assert isinstance(plan, RelayPlan)
    # Keys of earlier releases do not depend on the file's content.
    known = tuple(
        StoredAttachment(
            key=AttachmentKey(
                f"attachments/0abc/{one.attachment.index}/{one.attachment.safe_name}"
            ),
            filename=one.attachment.safe_name,
            content_type="application/octet-stream",
            size=1,
            sha256="",
        )
        for one in plan.uploads
    )
    storing = store_files(plan, known, world.ports, world.worker())
    assert (known, ()) == (storing.attachments, storing.new)
    assert not store.sent


def test_a_worker_that_has_no_more_time_leaves_the_rest_to_the_next() -> None:
    world, store = slow_world(seconds=30)
    outcomes, counts = [], []
    for _ in range(3):
        report = relay(world)
        outcomes.append(report.outcome)
        counts.append(report.attachments)
        if report.retry is not None:
            assert (timedelta(0), False) == (report.retry.after, report.retry.failed_try)
            assert ManifestState.FAILING is manifest_of(world).state
            assert [] == world.submission.outbox
            assert [] == world.notices.published
    assert [Outcome.UNFINISHED, Outcome.UNFINISHED, Outcome.RELAYED] == outcomes
    assert [24, 24, 2] == counts
    assert set(store.sent.values()) == {1}
    assert_all_is_there(world)
    # One notice, published once all problems of the mail are known.
    [notice] = world.notices.published
    assert "'nobody'" in notice.text


def test_an_error_in_between_costs_the_file_that_had_it_and_no_other() -> None:
    world, store = slow_world(seconds=0)
    error = TransientError(call="store", target="x", detail="slow down")
    store.faults.order("store", error, target=key_of("11.bin"))
    with pytest.raises(TransientError, match="slow down"):
        relay(world)
    assert 15 == len(manifest_of(world).attachments)
    assert Outcome.RELAYED is relay(world).outcome
    assert set(store.sent.values()) == {1}
    assert_all_is_there(world)


def test_a_file_that_can_never_be_kept_stays_lost_and_is_reported_once() -> None:
    world, store = slow_world(seconds=30)
    error = PermanentError(call="store", target="x", detail="EntityTooLarge")
    store.faults.order("store", error, target=key_of("0.bin"))
    while relay(world).retry is not None:
        pass
    assert ["EntityTooLarge"] == [
        one.failure for one in manifest_of(world).attachments if one.failure
    ]
    [notice] = world.notices.published
    assert notice.text.count("EntityTooLarge") == 1


def test_a_delivery_that_stores_nothing_is_a_failed_try() -> None:
    world, store = slow_world(seconds=0)
    world.incoming.messages[KEY] = mail()
    late = replace(world.worker(), deadline=world.now)
    report = relay_message(KEY, SETTINGS, world.ports, late)
    assert Outcome.UNFINISHED is report.outcome
    assert report.retry is not None
    assert report.retry.failed_try
    assert [] == store.groups


def test_a_released_mail_stays_released() -> None:
    world, store = slow_world(seconds=30)
    relay(world)
    stored = world.manifests.load(message_id_of(KEY))
    assert stored is not None
    released = replace(stored.manifest, state=ManifestState.RELEASED)
    world.manifests.replace(released, stored.version)
    relay(world)
    assert ManifestState.RELEASED is manifest_of(world).state
    relay(world)
    assert set(store.sent.values()) == {1}
    assert_all_is_there(world)


def test_a_mail_that_is_held_between_its_files_keeps_them_and_their_age() -> None:
    world, store = slow_world(seconds=30)
    began = world.now
    relay(world, replace(SETTINGS, recipient_budget=0))
    budget = replace(SETTINGS, recipient_budget=1)
    empty = BudgetWindow.at(world.now)
    world.budgets.create(replace(empty, reserved=1))
    report = relay_message(KEY, budget, world.ports, world.worker())
    assert Outcome.HELD is report.outcome
    world.now += timedelta(days=2)
    stored = world.manifests.load(message_id_of(KEY))
    assert stored is not None
    released = replace(stored.manifest, state=ManifestState.RELEASED)
    world.manifests.replace(released, stored.version)
    while relay(world).retry is not None:
        pass
    assert began == manifest_of(world).created_at
    assert set(store.sent.values()) == {1}
    assert_all_is_there(world)


def test_what_is_stored_keeps_the_age_of_its_first_file() -> None:
    world, _ = slow_world(seconds=30)
    began = world.now
    while relay(world).retry is not None:
        world.now += timedelta(hours=1)
    assert began == manifest_of(world).created_at


def test_a_mail_that_is_stored_over_several_deliveries_spends_its_budget_once() -> None:
    world, _ = slow_world(seconds=30)
    settings = replace(SETTINGS, recipient_budget=1)
    while relay(world, settings).retry is not None:
        pass
    assert ManifestState.RELAYING is manifest_of(world).state
    assert_all_is_there(world)
