"""A redelivery changes exactly the requested recipients, and nothing under a lease."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from operate.messages.message_status import MessageStatus, status_of
from operate.messages.redelivery import NotDone, Redelivery, plan_redelivery, plan_replay
from relay_core.delivery.ledger import Ledger
from relay_core.errors import PermanentError, Reason, Refusal, TransientError
from relay_core.keys import MessageId, RawKey
from relay_core.record.lease import Lease
from relay_core.record.manifest import ALL_LEFT_OUT, DeliveryState, Manifest, ManifestState
from relay_core.record.report import Outcome
from relay_core.settings import Settings
from tests.fakes import MemoryWorld
from tests.operate.manifests import ANNA, BEN, CARL, NOW, left_out, manifest, manifests, to

FAILED, PENDING = DeliveryState.FAILED, DeliveryState.PENDING
SUBMITTED, SUBMITTING = DeliveryState.SUBMITTED, DeliveryState.SUBMITTING
LATER = NOW + timedelta(minutes=1)


def states(message: Manifest) -> dict[str, DeliveryState]:
    return {one.recipient: one.state for one in message.deliveries}


@given(st.data(), manifests(leases=False))
def test_it_opens_exactly_those_that_were_chosen(data: st.DataObject, message: Manifest) -> None:
    before = states(message)
    recipients = data.draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
    assume(before)
    chosen = recipients or {name for name, state in before.items() if state is FAILED}
    is_open = {name for name, state in before.items() if state in {PENDING, SUBMITTING}}
    assume(chosen or is_open)
    redelivery = plan_redelivery(message, sorted(recipients), NOW)
    after = redelivery.apply(message, LATER)
    assert dict.fromkeys(chosen - is_open, PENDING) | {
        name: state for name, state in before.items() if name in is_open or name not in chosen
    } == states(after)
    # The other deliveries are unchanged, and the function will process the message.
    assert [one for one in message.deliveries if one.recipient not in chosen - is_open] == [
        one for one in after.deliveries if one.recipient not in chosen - is_open
    ]
    # Deliveries that were given up are tried again.
    assert MessageStatus.RELAYING is status_of(after, NOW)
    assert {one.recipient for one in redelivery.still_open} == is_open


@given(manifests(leases=False))
def test_doing_it_again_changes_nothing_more(message: Manifest) -> None:
    try:
        redelivery = plan_redelivery(message, (), NOW)
    except NotDone:
        assert not message.open_deliveries()
        return
    after = redelivery.apply(message, NOW)
    assert after == redelivery.apply(after, LATER)
    assert after == plan_redelivery(after, (), LATER).apply(after, LATER)


@given(
    manifests(leases=False),
    st.integers(1, 100).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.sets(st.sampled_from([ANNA, BEN, CARL])),
)
def test_a_message_in_a_workers_hands_is_left_alone(
    message: Manifest, until: datetime, recipients: set[str]
) -> None:
    message = replace(message, lease=Lease(holder="w", until=until))
    with pytest.raises(NotDone, match="m1: worker w has it until 2026-01-02T12:0"):
        plan_redelivery(message, sorted(recipients), NOW)
    for redelivery in (Redelivery(releases=True), Redelivery(releases=False)):
        with pytest.raises(NotDone, match="try again after that"):
            redelivery.apply(message, NOW)


@pytest.mark.parametrize(
    "state",
    [
        ManifestState.HELD,
        ManifestState.REFUSED,
        ManifestState.IGNORED,
        ManifestState.FAILING,
        ManifestState.RELEASED,
    ],
)
def test_what_promised_nothing_is_released(state: ManifestState) -> None:
    message = manifest(
        state=state, reason=Reason.SPAM, detail="why", lease=Lease(holder="w", until=NOW)
    )
    released = plan_redelivery(message, (), NOW).apply(message, NOW)
    assert manifest(state=ManifestState.RELEASED) == released


def test_what_was_relayed_meanwhile_is_not_released() -> None:
    held = manifest(state=ManifestState.HELD)
    redelivery = plan_redelivery(held, (), NOW)
    with pytest.raises(NotDone, match="m1 was relayed in the meantime"):
        redelivery.apply(manifest("m1", to(ANNA)), NOW)


def test_a_record_that_is_another_by_now_is_left_alone() -> None:
    failed = manifest("m1", to(ANNA, FAILED, "no"), to(BEN))
    redelivery = plan_redelivery(failed, (), NOW)
    meanwhile = replace(failed, deliveries=(to(ANNA), to(BEN)))
    assert meanwhile == redelivery.apply(meanwhile, NOW)


def test_who_is_no_recipient_is_named() -> None:
    message = manifest("m1", to(ANNA))
    with pytest.raises(NotDone, match=f"{BEN} is no recipient of m1"):
        plan_redelivery(message, (ANNA, BEN), NOW)
    with pytest.raises(NotDone, match=f"{BEN} is no recipient of m1 .held, 0 recipients"):
        plan_redelivery(manifest(state=ManifestState.HELD), (BEN,), NOW)


def test_a_recipient_is_known_in_any_case_of_letters() -> None:
    message = manifest("m1", to(ANNA), to("Anna@example.com"), to(BEN))
    assert [BEN] == [
        one.recipient for one in plan_redelivery(message, (BEN.upper(),), NOW).reopened
    ]
    assert ["Anna@example.com"] == [
        one.recipient for one in plan_redelivery(message, ("Anna@example.com",), NOW).reopened
    ]
    with pytest.raises(NotDone, match=r"ANNA@example\.com is no recipient"):
        plan_redelivery(message, ("ANNA@example.com",), NOW)


def test_when_all_have_the_mail_there_is_nothing_to_do() -> None:
    with pytest.raises(NotDone, match="every recipient has the mail; --recipient"):
        plan_redelivery(manifest("m1", to(ANNA)), (), NOW)


@given(manifests(leases=False))
def test_a_replay_changes_only_what_would_else_do_nothing(message: Manifest) -> None:
    ended = {MessageStatus.REFUSED, MessageStatus.IGNORED, MessageStatus.HELD}
    if message.open_deliveries():
        ended = ended | {MessageStatus.DEAD}
    try:
        redelivery = plan_replay(message, NOW)
    except NotDone:
        assert not message.open_deliveries()
        return
    assert (redelivery is not None) == (status_of(message, NOW) in ended)
    after = redelivery.apply(message, NOW) if redelivery else message
    assert not after.is_settled
    assert after.state is not ManifestState.HELD
    assert not (redelivery and after.is_given_up(NOW))


def test_a_message_that_was_never_processed_is_replayed_unchanged() -> None:
    assert plan_replay(None, NOW) is None


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        (manifest("m1", to(ANNA)), "redeliver m1 --recipient ADDRESS"),
        (manifest("m1", to(ANNA, FAILED)), "'relayctl redeliver m1'"),
    ],
)
def test_what_is_done_is_not_replayed(message: Manifest, advice: str) -> None:
    with pytest.raises(NotDone, match=advice):
        plan_replay(message, NOW)


class TestWhoWasLeftOut:
    """Recipients left out are only requested: the function applies the policy, not `relayctl`."""

    PARTLY = manifest("m1", to(ANNA), refusals=(left_out(BEN), left_out(CARL)))
    NAMELESS = Refusal(reason=Reason.UNKNOWN_GROUP, detail="there is no group @oncall")

    @pytest.mark.parametrize(
        ("recipients", "asked"), [((), (BEN, CARL)), ((CARL.upper(),), (CARL.upper(),))]
    )
    def test_they_are_asked_for(self, recipients: tuple[str, ...], asked: tuple[str, ...]) -> None:
        redelivery = plan_redelivery(self.PARTLY, recipients, NOW)
        after = redelivery.apply(self.PARTLY, LATER)
        assert replace(self.PARTLY, asked=asked) == after
        assert MessageStatus.RELAYING is status_of(after, NOW)
        assert ", ".join(asked) == redelivery.detail
        assert after == redelivery.apply(after, LATER)

    def test_who_has_it_is_opened_and_who_was_left_out_is_asked_for(self) -> None:
        redelivery = plan_redelivery(self.PARTLY, (BEN, ANNA), NOW)
        assert ((to(ANNA),), (BEN,)) == (redelivery.reopened, redelivery.asked)

    def test_who_is_named_nowhere_is_no_recipient(self) -> None:
        with pytest.raises(NotDone, match=r"other@example\.com is no recipient of m1"):
            plan_redelivery(self.PARTLY, ("other@example.com",), NOW)

    def test_where_it_is_not_known_who_was_meant_the_function_decides(self) -> None:
        message = manifest("m1", to(ANNA), refusals=(left_out(BEN), self.NAMELESS))
        assert (ALL_LEFT_OUT,) == plan_redelivery(message, (), NOW).asked
        assert ("other@example.com",) == plan_redelivery(
            message, ("other@example.com",), NOW
        ).asked

    @pytest.mark.parametrize(("marker", "everybody"), [("", True), ("Rxers", False)])
    def test_the_release_before_kept_no_more_than_fifty(
        self, marker: str, *, everybody: bool
    ) -> None:
        named = tuple(left_out(f"u{number}@example.com") for number in range(50))
        message = replace(manifest("m1", to(ANNA), refusals=named), marker=marker)
        assert everybody == (plan_redelivery(message, (), NOW).asked == (ALL_LEFT_OUT,))

    def test_a_replay_does_not_do_it_and_says_what_does(self) -> None:
        with pytest.raises(NotDone, match="some were left out: 'relayctl redeliver m1' sends"):
            plan_replay(self.PARTLY, NOW)


class TestWithTheRelay:
    """The relay processes the changed manifest as the command announced."""

    SETTINGS = Settings(
        stack="test",
        sender_address="relay@mail.example.com",
        inbound_address="secret@in.example.com",
        allowed_recipients=("*",),
    )

    def mail(self) -> bytes:
        message = EmailMessage()
        message["From"] = "boiler@plant.example"
        message["Subject"] = "Pressure"
        message.set_content(f":Email_Rxers_Code:{ANNA},{BEN}:Email_Rxers_Code:\n")
        return message.as_bytes().replace(b"\n", b"\r\n")

    def redeliver(self, world: MemoryWorld, *recipients: str) -> None:
        stored = world.manifests.load(MessageId("0abc"))
        assert stored is not None
        redelivery = plan_redelivery(stored.manifest, recipients, world.now)
        ledger = Ledger(world.manifests, stored.manifest, stored)
        ledger.update(lambda found: redelivery.apply(found, world.now))

    def test_only_the_recipients_that_failed_get_the_mail(self) -> None:
        world = MemoryWorld()
        rejected = PermanentError(call="submit", target=BEN, detail="MessageRejected")
        world.submission.faults.order("submit", rejected, target=BEN)
        assert 1 == world.relay(self.mail(), self.SETTINGS).failed
        assert Outcome.DUPLICATE is world.relay(self.mail(), self.SETTINGS).outcome
        self.redeliver(world)
        report = world.relay(self.mail(), self.SETTINGS)
        assert (Outcome.RELAYED, 1) == (report.outcome, report.submitted)
        assert [ANNA, BEN] == [sent.recipient for sent in world.submission.outbox]

    def test_who_is_named_gets_it_again(self) -> None:
        world = MemoryWorld()
        world.relay(self.mail(), self.SETTINGS)
        self.redeliver(world, BEN)
        world.relay(self.mail(), self.SETTINGS)
        assert [ANNA, BEN, BEN] == [sent.recipient for sent in world.submission.outbox]

    def test_who_was_left_out_gets_it_once_allowed_and_not_before(self) -> None:
        world = MemoryWorld()
        strict = replace(self.SETTINGS, allowed_recipients=(ANNA,))
        world.relay(self.mail(), strict)
        self.redeliver(world, BEN)
        assert 1 == len(world.relay(self.mail(), strict).left_out)
        assert [ANNA] == [sent.recipient for sent in world.submission.outbox]
        self.redeliver(world, BEN)
        assert 1 == world.relay(self.mail(), self.SETTINGS).submitted
        assert [ANNA, BEN] == [sent.recipient for sent in world.submission.outbox]

    def test_a_mail_that_is_refused_by_now_stays_with_those_who_have_it(self) -> None:
        world = MemoryWorld()
        world.relay(self.mail(), replace(self.SETTINGS, allowed_recipients=(ANNA,)))
        before = world.manifests.load(MessageId("0abc"))
        self.redeliver(world, BEN)
        strict = replace(self.SETTINGS, allowed_senders=("elsewhere.example",))
        assert Outcome.REFUSED is world.relay(self.mail(), strict).outcome
        after = world.manifests.load(MessageId("0abc"))
        assert before is not None
        assert after is not None
        assert before.manifest == replace(after.manifest, interventions=())
        assert "relayed to 1 recipient, but not to all" in world.notices.published[-1].text

    def test_what_was_held_goes_out(self) -> None:
        world = MemoryWorld()
        settings = replace(self.SETTINGS, sender_message_limit=1)
        world.relay(self.mail(), settings, key=RawKey("incoming/first"))
        assert Outcome.HELD is world.relay(self.mail(), settings).outcome
        self.redeliver(world)
        assert Outcome.RELAYED is world.relay(self.mail(), settings).outcome
        assert [ANNA, BEN] * 2 == [sent.recipient for sent in world.submission.outbox]

    def test_refused_after_some_had_it_only_the_others_get_it(self) -> None:
        world = MemoryWorld()
        throttled = PermanentError(call="submit", target=BEN, detail="x")
        world.submission.faults.order("submit", throttled, target=BEN)
        world.relay(self.mail(), self.SETTINGS)
        self.redeliver(world)
        # A changed policy refuses it, and is then changed back.
        strict = replace(self.SETTINGS, allowed_senders=("elsewhere.example",))
        assert Outcome.REFUSED is world.relay(self.mail(), strict).outcome
        self.redeliver(world)
        assert Outcome.RELAYED is world.relay(self.mail(), self.SETTINGS).outcome
        assert [ANNA, BEN] == [sent.recipient for sent in world.submission.outbox]

    def test_a_write_whose_answer_is_lost_is_made_once(self) -> None:
        world = MemoryWorld()
        world.relay(self.mail(), self.SETTINGS)
        lost = TransientError(call="replace", target="0abc", detail="the answer is lost")
        world.manifests.faults.order("replace", lost, after_effect=True)
        self.redeliver(world, BEN)
        world.relay(self.mail(), self.SETTINGS)
        assert [ANNA, BEN, BEN] == [sent.recipient for sent in world.submission.outbox]

    def test_a_worker_who_takes_the_message_first_is_left_alone(self) -> None:
        world = MemoryWorld()
        world.relay(self.mail(), self.SETTINGS)
        seen = world.manifests.load(MessageId("0abc"))
        assert seen is not None
        redelivery = plan_redelivery(seen.manifest, (BEN,), world.now)
        taken = replace(seen.manifest, lease=world.worker().lease)
        world.manifests.replace(taken, seen.version)
        ledger = Ledger(world.manifests, seen.manifest, seen)
        with pytest.raises(NotDone, match="worker-2 has it"):
            ledger.update(lambda found: redelivery.apply(found, world.now))
        stored = world.manifests.load(MessageId("0abc"))
        assert stored is not None
        assert taken == stored.manifest
