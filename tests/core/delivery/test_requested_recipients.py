"""Refused recipients: recorded with the reason, and served when the policy allows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.delivery.requested_recipients import reconsider
from relay_core.errors import Reason, Refusal, TransientError
from relay_core.keys import MessageId, RawKey
from relay_core.notices.notice import MAX_REPORTED_REFUSALS
from relay_core.policy.admission import Resolved
from relay_core.policy.directory import Directory
from relay_core.record.manifest import (
    ALL_LEFT_OUT,
    MAX_LEFT_OUT,
    DeliveryRecord,
    DeliveryState,
    Manifest,
)
from relay_core.record.report import Outcome
from relay_core.settings import Settings
from tests.fakes import MemoryWorld

ANNA, BEN, EVE, ZOE = "anna@a.example", "ben@b.example", "eve@e.example", "zoe@z.example"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STRICT = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=(ANNA,),
)
WIDER = replace(STRICT, allowed_recipients=(ANNA, BEN))


def refused(address: str, reason: Reason = Reason.RECIPIENT_NOT_ALLOWED) -> Refusal:
    return Refusal(reason=reason, detail=f"{address} is refused", address=address)


def manifest(*recipients: str, refusals: tuple[Refusal, ...], asked: tuple[str, ...]) -> Manifest:
    return Manifest(
        message_id=MessageId("m1"),
        raw_key=RawKey("incoming/m1"),
        sender=None,
        subject="",
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        attachments=(),
        deliveries=tuple(
            DeliveryRecord(recipient=one, state=DeliveryState.SUBMITTED) for one in recipients
        ),
        refusals=refusals,
        asked=asked,
    )


PEOPLE = [ANNA, BEN, EVE, ZOE, ANNA.upper(), "Ben@B.example"]
SOME = st.lists(st.sampled_from(PEOPLE), max_size=4, unique_by=str.lower)
NAMELESS = Refusal(reason=Reason.UNKNOWN_GROUP, detail="there is no group @oncall")
REFUSALS = st.lists(st.sampled_from(PEOPLE).map(refused) | st.just(NAMELESS), max_size=4)


@given(SOME, REFUSALS, SOME | st.just([ALL_LEFT_OUT]), SOME, REFUSALS)
def test_only_whom_the_policy_allows_and_the_operator_asked_for_is_added(
    recipients: list[str],
    refusals: list[Refusal],
    asked: list[str],
    allowed: list[str],
    still: list[Refusal],
) -> None:
    before = manifest(*recipients, refusals=tuple(refusals), asked=tuple(asked))
    resolved = Resolved(recipients=tuple(allowed), refusals=tuple(still))
    found = reconsider(before, resolved)
    after = found.manifest
    assert () == after.asked
    assert before.deliveries == after.deliveries[: len(recipients)]
    added = [one.recipient for one in after.deliveries[len(recipients) :]]
    lowered = {one.lower() for one in asked}
    known = {one.lower() for one in recipients}
    wanted = [one for one in allowed if asked == [ALL_LEFT_OUT] or one.lower() in lowered]
    assert [one for one in wanted if one.lower() not in known] == added
    # Each requested recipient has the mail, gets it, or is named in a notice.
    served = known | {one.lower() for one in added}
    details = " ".join(one.detail.lower() for one in found.refusals)
    assert all(one in served or one in details for one in lowered - {ALL_LEFT_OUT})
    # A recipient who gets it now does not count as left out.
    left = {one.address.lower() for one in after.refusals if one.address}
    if asked != [ALL_LEFT_OUT]:
        assert left.isdisjoint({one.lower() for one in added})
        assert {one for one in refusals if one.address is None} <= set(after.refusals)


class TestWithTheRelay:
    KEY = RawKey("incoming/0abc")

    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()

    def mail(self, code: str) -> bytes:
        return (
            f"From: cam@plant.example\r\nSubject: Gate\r\n\r\n"
            f":Email_Rxers_Code:{code}:Email_Rxers_Code:\r\n"
        ).encode()

    def stored(self, world: MemoryWorld) -> Manifest:
        stored = world.manifests.load(MessageId("0abc"))
        assert stored is not None
        return stored.manifest

    def ask(self, world: MemoryWorld, *asked: str) -> None:
        stored = world.manifests.load(MessageId("0abc"))
        assert stored is not None
        world.manifests.replace(replace(stored.manifest, asked=asked), stored.version)

    def sent(self, world: MemoryWorld) -> list[str]:
        return [one.recipient for one in world.submission.outbox]

    def test_who_is_left_out_is_in_the_manifest_the_notice_and_the_report(
        self, world: MemoryWorld
    ) -> None:
        report = world.relay(self.mail(f"{ANNA},{BEN}"), STRICT)
        refusal = Refusal(
            reason=Reason.RECIPIENT_NOT_ALLOWED,
            detail=f"{BEN} is not in allowedRecipients",
            address=BEN,
        )
        assert (Outcome.RELAYED, (replace(refusal, address=None),)) == (
            report.outcome,
            report.left_out,
        )
        assert (refusal,) == self.stored(world).refusals
        assert f"{BEN} is not in allowedRecipients" in world.notices.published[0].text
        # A notice is published once.
        assert () == world.relay(self.mail(f"{ANNA},{BEN}"), STRICT).left_out

    def test_once_allowed_only_the_missed_recipient_is_served(self, world: MemoryWorld) -> None:
        mail = self.mail(f"{ANNA},{BEN},{EVE}")
        world.relay(mail, STRICT)
        self.ask(world, BEN.upper())
        report = world.relay(mail, WIDER)
        assert (Outcome.RELAYED, 1, ()) == (report.outcome, report.submitted, report.left_out)
        assert [ANNA, BEN] == self.sent(world)
        assert [EVE] == [one.address for one in self.stored(world).refusals]
        assert 1 == len(world.notices.published)
        assert Outcome.DUPLICATE is world.relay(mail, WIDER).outcome

    @pytest.mark.parametrize("asked", [BEN, ALL_LEFT_OUT, EVE, "secret@in.example.com"])
    def test_whom_the_present_policy_forbids_gets_nothing_and_the_operator_is_notified_why(
        self, world: MemoryWorld, asked: str
    ) -> None:
        mail = self.mail(f"{ANNA},{BEN},secret@in.example.com")
        world.relay(mail, STRICT)
        self.ask(world, asked)
        report = world.relay(mail, STRICT)
        assert [ANNA] == self.sent(world)
        assert self.stored(world).is_settled
        assert (0, 1) == (report.submitted, report.already_submitted)
        assert report.left_out
        assert 2 == len(world.notices.published)
        assert "secret@in.example.com" not in str(report.left_out)

    def test_a_policy_that_refuses_the_whole_mail_counts_as_well(self, world: MemoryWorld) -> None:
        mail = self.mail(f"{ANNA},{BEN}")
        world.relay(mail, STRICT)
        self.ask(world, BEN)
        report = world.relay(mail, replace(WIDER, allowed_senders=("other.example",)))
        assert Outcome.REFUSED is report.outcome
        assert ([ANNA], ()) == (self.sent(world), self.stored(world).asked)

    def test_who_was_behind_an_unknown_group_is_served_once_there_is_one(
        self, world: MemoryWorld
    ) -> None:
        mail = self.mail(f"{ANNA},@oncall")
        world.relay(mail, WIDER)
        assert [None] == [one.address for one in self.stored(world).refusals]
        world.directories.directory = Directory(
            groups={"oncall": (ANNA, BEN, EVE)}, default_recipients={}
        )
        self.ask(world, ALL_LEFT_OUT)
        report = world.relay(mail, WIDER)
        assert [ANNA, BEN] == self.sent(world)
        assert [f"{EVE} is not in allowedRecipients"] == [one.detail for one in report.left_out]
        assert [EVE] == [one.address for one in self.stored(world).refusals]

    def test_a_limit_that_the_whole_mail_is_over_is_reported(self, world: MemoryWorld) -> None:
        mail = self.mail(f"{ANNA},{BEN}")
        world.relay(mail, STRICT)
        self.ask(world, BEN)
        report = world.relay(mail, replace(WIDER, max_recipients=1))
        assert [Reason.TOO_MANY_RECIPIENTS] == [one.reason for one in report.left_out]
        detail = f"{BEN} was asked for, but the mail has an error: it names 2 recipients"
        assert detail in world.notices.published[-1].text
        assert [BEN] == [one.address for one in self.stored(world).refusals]

    @pytest.mark.parametrize("call", ["publish", "replace", "submit"])
    def test_a_try_that_fails_anywhere_is_made_up_for(self, world: MemoryWorld, call: str) -> None:
        mail = self.mail(f"{ANNA},{BEN},{EVE}")
        world.relay(mail, STRICT)
        self.ask(world, BEN, EVE)
        faults: dict[str, Callable[[BaseException], None]] = {
            "publish": lambda error: world.notices.faults.order("publish", error),
            "replace": lambda error: world.manifests.faults.order("replace", error),
            "submit": lambda error: world.submission.faults.order("submit", error),
        }
        faults[call](TransientError(call=call, target="x", detail="SlowDown"))
        try:
            world.relay(mail, WIDER)
        except TransientError:
            assert call != "submit"
        world.now += timedelta(minutes=5)
        world.relay(mail, WIDER)
        assert [ANNA, BEN] == self.sent(world)
        assert [EVE] == [one.address for one in self.stored(world).refusals]

    def test_a_manifest_names_as_many_as_a_mail_may_have(self, world: MemoryWorld) -> None:
        many = [f"p{number}@e.example" for number in range(MAX_LEFT_OUT + 1)]
        world.relay(self.mail(",".join([ANNA, *many])), STRICT)
        assert many[:MAX_LEFT_OUT] == [one.address for one in self.stored(world).refusals]
        assert MAX_REPORTED_REFUSALS == len(world.notices.published[0].refusals)
