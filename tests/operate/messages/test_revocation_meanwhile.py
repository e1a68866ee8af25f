"""Links revoked while a worker or another operator changes the same manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.messages.intervention import intervened
from operate.messages.redelivery import plan_redelivery
from operate.messages.revocation import plan_revocation
from relay_core.delivery.ledger import Ledger
from relay_core.errors import PermanentError, TransientError
from relay_core.keys import MessageId, RawKey
from relay_core.ports import StoredManifest, Version
from relay_core.record.lease import Lease
from relay_core.record.manifest import (
    DeliveryRecord,
    DeliveryState,
    Intervention,
    Manifest,
    ManifestState,
)
from relay_core.record.report import Outcome
from relay_core.settings import Settings
from tests.fakes import MemoryManifests, MemoryWorld
from tests.operate.manifests import ANNA, BEN, CARL, NOW, manifest, to
from tests.operate.messages.links_of_a_message import ALL, LATER, MESSAGE, RECIPIENTS, is_open

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("*",),
    submission_concurrency=1,
)
ID = MessageId("0abc")
Action = Callable[[Manifest], Manifest]


def mail() -> bytes:
    message = EmailMessage()
    message["From"] = "boiler@plant.example"
    message["Subject"] = "Pressure"
    message.set_content(f":Email_Rxers_Code:{','.join(ALL)}:Email_Rxers_Code:\n")
    message.add_attachment(b"\xff\xd8", maintype="image", subtype="jpeg", filename="a.jpg")
    return message.as_bytes().replace(b"\n", b"\r\n")


@dataclass(slots=True)
class RacingManifests(MemoryManifests):
    """Manifests with another write right before some of the writes."""

    competing_writes: list[Callable[[], None] | None] = field(default_factory=list)

    def replace(self, manifest: Manifest, expected: Version) -> Version:
        if self.competing_writes and (competing_write := self.competing_writes.pop(0)):
            competing_write()
        # Not super(): `slots=True` makes a new class, which super() does not find.
        return MemoryManifests.replace(self, manifest, expected)


def loaded(manifests: MemoryManifests) -> StoredManifest:
    stored = manifests.load(ID)
    assert stored is not None
    return stored


def intervene(manifests: MemoryManifests, what: str, change: Action) -> None:
    """Intervene as relayctl does."""
    stored = loaded(manifests)
    intervention = Intervention(at=NOW, by="operator", what=what)
    ledger = Ledger(manifests, stored.manifest, stored)
    ledger.update(lambda found: intervened(found, intervention, change))


def revoking(recipients: set[str], at: datetime | None) -> Action:
    return lambda found: plan_revocation(found, sorted(recipients), (1,), at).apply(found)


ACTS = st.lists(st.none() | st.tuples(RECIPIENTS, st.none() | st.just(NOW)), max_size=8)


@given(ACTS)
def test_a_worker_at_work_loses_nothing_that_operators_do(
    acts: list[tuple[set[str], datetime | None] | None],
) -> None:
    world = MemoryWorld()
    manifests = world.manifests = RacingManifests()
    revoked: set[str] = set()
    names: list[str] = []

    def competing_write(
        recipients: set[str], at: datetime | None, name: str
    ) -> Callable[[], None]:
        def compete() -> None:
            quietly, manifests.competing_writes = manifests.competing_writes, []
            intervene(manifests, name, revoking(recipients, at))
            manifests.competing_writes = quietly
            names.append(name)
            if at is None:
                revoked.difference_update(recipients)
            else:
                revoked.update(recipients)

        return compete

    manifests.competing_writes = [
        act and competing_write(*act, f"act {number}") for number, act in enumerate(acts)
    ]
    for _ in range(3):  # the queue delivers it again
        if world.manifests.documents and loaded(manifests).manifest.is_settled:
            break
        try:
            world.relay(mail(), SETTINGS)
        except TransientError:  # more conflicts than retries
            world.now += timedelta(minutes=5)
    after = loaded(manifests).manifest
    assert names == [one.what for one in after.interventions]
    assert revoked == {one.recipient for one in after.deliveries if one.revoked_at}
    assert {DeliveryState.SUBMITTED} == {one.state for one in after.deliveries}
    assert sorted(ALL) == sorted({sent.recipient for sent in world.submission.outbox})


@given(st.lists(st.sampled_from(["claim", "record", "revoke", "restore"]), max_size=4))
def test_an_operator_loses_nothing_that_others_do(others: list[str]) -> None:
    manifests = RacingManifests()
    worker = MemoryWorld().worker()
    start = replace(MESSAGE, message_id=ID, lease=worker.lease)
    manifests.create(start)
    acts: dict[str, Action] = {
        "claim": lambda found: found.claiming(
            (DeliveryRecord(recipient=BEN),), worker, NOW, links_until=NOW
        ),
        "record": lambda found: found.recording((to(BEN),), worker),
        "revoke": revoking({CARL}, NOW),
        "restore": revoking({CARL}, None),
    }

    def competing_write(name: str) -> Callable[[], None]:
        def compete() -> None:
            quietly, manifests.competing_writes = manifests.competing_writes, []
            stored = loaded(manifests)
            ledger = Ledger(manifests, stored.manifest, stored)
            ledger.update(acts[name])
            manifests.competing_writes = quietly

        return compete

    manifests.competing_writes = [competing_write(name) for name in others]
    intervene(
        manifests, "ours", lambda found: plan_revocation(found, (ANNA,), (), NOW).apply(found)
    )
    expected = start
    # A write without a change causes no conflict, and those after it come too late.
    for name in others[: len(others) - len(manifests.competing_writes)]:
        expected = acts[name](expected)
    after = loaded(manifests).manifest
    assert ["ours"] == [one.what for one in after.interventions]
    ours = plan_revocation(expected, (ANNA,), (), NOW).apply(expected)
    assert replace(after, interventions=()) == ours


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_write_whose_answer_is_lost_is_noted_once(*, after_effect: bool) -> None:
    manifests = MemoryManifests()
    manifests.create(replace(MESSAGE, message_id=ID))
    lost = TransientError(call="replace", target=ID, detail="the answer is lost")
    manifests.faults.order("replace", lost, after_effect=after_effect)
    intervene(manifests, "ours", revoking({ANNA}, NOW))
    after = loaded(manifests).manifest
    assert ["ours"] == [one.what for one in after.interventions]
    assert not is_open(after, ANNA)


def test_a_change_is_not_made_again_on_what_came_of_it() -> None:
    # The release was written but its answer lost, and a worker has claimed the message since.
    intervention = Intervention(at=NOW, by="operator", what="redeliver")
    held = manifest(state=ManifestState.HELD)
    release = plan_redelivery(held, (), NOW)
    taken = replace(
        manifest("m1", to(ANNA), lease=Lease(holder="w", until=LATER)),
        interventions=(intervention,),
    )
    assert taken == intervened(taken, intervention, lambda found: release.apply(found, NOW))


class TestWhatWasDoneIsKept:
    """A message that is processed from the start has a new manifest with the old history."""

    LIMITED = replace(SETTINGS, sender_message_limit=1)

    def released(self, world: MemoryWorld) -> None:
        stored = loaded(world.manifests)
        release = plan_redelivery(stored.manifest, (), world.now)
        intervene(world.manifests, "redeliver", lambda found: release.apply(found, world.now))

    def whats(self, world: MemoryWorld) -> list[str]:
        return [one.what for one in loaded(world.manifests).manifest.interventions]

    def failing(self) -> MemoryWorld:
        world = MemoryWorld()
        empty = manifest(ID, state=ManifestState.FAILING, detail="AccessDenied")
        world.manifests.create(replace(empty, raw_key=RawKey("incoming/0abc")))
        return world

    def test_of_one_that_is_released(self) -> None:
        world = self.failing()
        self.released(world)
        assert Outcome.RELAYED is world.relay(mail(), SETTINGS).outcome
        assert ["redeliver"] == self.whats(world)

    def test_of_one_that_is_held(self) -> None:
        world = self.failing()
        intervene(world.manifests, "replay", lambda found: found)
        world.relay(mail(), self.LIMITED, key=RawKey("incoming/first"))
        assert Outcome.HELD is world.relay(mail(), self.LIMITED).outcome
        assert ["replay"] == self.whats(world)
        self.released(world)
        assert Outcome.RELAYED is world.relay(mail(), self.LIMITED).outcome
        assert ["replay", "redeliver"] == self.whats(world)

    def test_of_one_that_a_worker_begins_meanwhile(self) -> None:
        world = self.failing()
        racing = RacingManifests()
        racing.documents, racing.writes = world.manifests.documents, world.manifests.writes
        world.manifests = racing
        racing.competing_writes = [lambda: intervene(racing, "replay", lambda found: found)]
        assert Outcome.RELAYED is world.relay(mail(), SETTINGS).outcome
        assert ["replay"] == self.whats(world)

    def test_of_one_that_is_refused(self) -> None:
        world = self.failing()
        intervene(world.manifests, "replay", lambda found: found)
        strict = replace(SETTINGS, allowed_senders=("elsewhere.example",))
        assert Outcome.REFUSED is world.relay(mail(), strict).outcome
        assert ["replay"] == self.whats(world)


def test_a_revoked_recipient_who_gets_the_mail_again_stays_revoked() -> None:
    world = MemoryWorld()
    rejected = PermanentError(call="submit", target=BEN, detail="MessageRejected")
    world.submission.faults.order("submit", rejected, target=BEN)
    world.relay(mail(), SETTINGS)
    intervene(world.manifests, "revoke", revoking({BEN}, NOW))
    stored = loaded(world.manifests)
    again = plan_redelivery(stored.manifest, (), world.now)
    intervene(world.manifests, "redeliver", lambda found: again.apply(found, world.now))
    assert Outcome.RELAYED is world.relay(mail(), SETTINGS).outcome
    after = loaded(world.manifests).manifest
    assert DeliveryState.SUBMITTED is next(
        one.state for one in after.deliveries if one.recipient == BEN
    )
    assert not is_open(after, BEN)
