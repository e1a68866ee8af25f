"""Nothing lost, nothing twice: a mail's outcome over several deliveries and workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from relay_core.delivery.ending import record_error
from relay_core.delivery.ledger import MAX_TRIES
from relay_core.errors import (
    AdapterError,
    LostAnswer,
    PermanentError,
    Reason,
    SendingStopped,
    TransientError,
)
from relay_core.policy.directory import Directory
from relay_core.ports import OutgoingMail, SubmissionId
from relay_core.record.manifest import DeliveryState, ManifestState
from relay_core.record.report import Outcome, RelayReport, Retry
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


def rejected() -> PermanentError:
    return PermanentError(call="submit", target="x", detail="Address blacklisted")


def stopped() -> SendingStopped:
    return SendingStopped(call="submit", target="x", detail="SendingPausedException")


def lost() -> LostAnswer:
    return LostAnswer(call="submit", target="x", detail="read timeout")


def test_a_second_delivery_repeats_nothing_and_reads_nothing() -> None:
    world = MemoryWorld()
    raw = mail(f"{ANNA}, nobody", ("a.log", b"A"))
    world.relay(raw, SETTINGS)
    world.incoming.faults.order("fetch", throttled())
    report = world.relay(raw, SETTINGS)
    assert RelayReport(message_id=ID, outcome=Outcome.DUPLICATE, already_submitted=1) == report
    assert [ANNA] == recipients(world)
    assert 1 == len(world.notices.published)


@pytest.mark.parametrize(
    ("raw", "state", "reason"),
    [
        (mail("nobody"), ManifestState.REFUSED, Reason.MALFORMED_RECIPIENT_CODE),
        (b"", ManifestState.REFUSED, Reason.MALFORMED_MESSAGE),
        (
            b"Auto-Submitted: auto-replied\r\n\r\nI am away.",
            ManifestState.IGNORED,
            Reason.DELIVERY_REPORT,
        ),
    ],
)
def test_a_mail_that_does_not_go_out_is_recorded_and_reported_once(
    raw: bytes, state: ManifestState, reason: Reason
) -> None:
    world = MemoryWorld()
    report = world.relay(raw, SETTINGS)
    assert reason == report.reason
    manifest = manifest_of(world)
    assert (state, reason, report.detail) == (manifest.state, manifest.reason, manifest.detail)
    notices = len(world.notices.published)
    retry = world.relay(raw, SETTINGS)
    assert (Outcome.DUPLICATE, reason) == (retry.outcome, retry.reason)
    assert notices == len(world.notices.published) == (state is ManifestState.REFUSED)


def test_a_refused_mail_that_is_released_is_done_from_its_start() -> None:
    world = MemoryWorld()
    raw = mail("@oncall")
    assert Outcome.REFUSED is world.relay(raw, SETTINGS).outcome
    world.directories.directory = Directory(groups={"oncall": (ANNA,)}, default_recipients={})
    change(world, replace(manifest_of(world), state=ManifestState.RELEASED))
    assert Outcome.RELAYED is world.relay(raw, SETTINGS).outcome
    manifest = manifest_of(world)
    assert (ManifestState.RELAYING, None, "") == (
        manifest.state,
        manifest.reason,
        manifest.detail,
    )


def test_what_was_promised_is_kept_although_the_directory_has_changed() -> None:
    world = MemoryWorld()
    world.directories.directory = Directory(groups={"on": (ANNA, BEN)}, default_recipients={})
    world.submission.faults.order("submit", throttled(), target=BEN)
    world.relay(mail("@on"), SETTINGS)
    world.directories.directory = Directory(
        groups={"on": ("c@example.com",)}, default_recipients={}
    )
    world.relay(mail("@on"), SETTINGS)
    assert [ANNA, BEN] == recipients(world)
    assert [] == world.notices.published


def test_a_throttled_recipient_is_left_and_the_others_make_it_no_failed_try() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", throttled(), target=ANNA)
    report = world.relay(mail(), SETTINGS)
    assert (Outcome.UNFINISHED, 1, 1) == (report.outcome, report.submitted, report.left)
    assert Retry(after=SETTINGS.retry_delay, failed_try=False) == report.retry
    assert "Maximum sending rate exceeded" == report.detail
    (anna, _) = manifest_of(world).deliveries
    assert (DeliveryState.PENDING, report.detail) == (anna.state, anna.failure)
    report = world.relay(mail(), SETTINGS)
    assert (Outcome.RELAYED, 1, 1) == (report.outcome, report.submitted, report.already_submitted)
    assert [BEN, ANNA] == recipients(world)
    assert 0 == report.possibly_repeated
    assert [] == world.notices.published


def test_one_who_is_rejected_for_good_is_progress_too() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", rejected())
    world.submission.faults.order("submit", throttled())
    report = world.relay(mail(), SETTINGS)
    assert (0, 1, 1) == (report.submitted, report.failed, report.left)
    assert Retry(after=SETTINGS.retry_delay, failed_try=False) == report.retry


def test_a_group_of_which_none_is_taken_ends_a_failed_try() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", throttled(), times=3)
    report = world.relay(mail(",".join(many(9))), SETTINGS)
    assert (Outcome.UNFINISHED, 0, 9) == (report.outcome, report.submitted, report.left)
    assert report.retry is not None
    assert report.retry.failed_try
    assert [] == recipients(world)


def test_an_account_that_may_not_send_parks_the_mail_at_its_first_answer() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", stopped())
    report = world.relay(mail(",".join(many(9))), SETTINGS)
    assert (Outcome.PARKED, 2, 7) == (report.outcome, report.submitted, report.left)
    assert Retry(after=SETTINGS.parking_delay, failed_try=False) == report.retry
    world.relay(mail(",".join(many(9))), SETTINGS)
    assert Counter(many(9)) == Counter(recipients(world))


def test_a_rejected_recipient_is_reported_to_the_operator_and_not_tried_again() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", rejected(), target=ANNA)
    report = world.relay(mail(), SETTINGS)
    assert (Outcome.RELAYED, 1, 1) == (report.outcome, report.submitted, report.failed)
    (notice,) = world.notices.published
    assert Reason.SUBMISSION_FAILED == notice.reason
    assert f"{ANNA}: Address blacklisted" in notice.text
    assert 1 == notice.relayed_to
    world.relay(mail(), SETTINGS)
    assert [BEN] == recipients(world)
    states = [one.state for one in manifest_of(world).deliveries]
    assert [DeliveryState.FAILED, DeliveryState.SUBMITTED] == states


def test_a_lost_answer_is_counted_when_the_mail_goes_out_once_more() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", lost(), target=ANNA, after_effect=True)
    assert Outcome.UNFINISHED is world.relay(mail(), SETTINGS).outcome
    report = world.relay(mail(), SETTINGS)
    assert (Outcome.RELAYED, 1, 1) == (report.outcome, report.submitted, report.possibly_repeated)
    assert Counter([ANNA, ANNA, BEN]) == Counter(recipients(world))


FAULTS = [
    ("incoming", "fetch"),
    ("attachments", "store"),
    ("manifests", "load"),
    ("manifests", "create"),
    ("manifests", "replace"),
    ("pages", "open"),
    ("submission", "submit"),
    ("notices", "publish"),
]


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("times", [1, MAX_TRIES])
@pytest.mark.parametrize(("port", "method"), FAULTS)
def test_a_failure_anywhere_is_made_good_by_the_next_delivery(
    port: str, method: str, *, times: int, after_effect: bool
) -> None:
    world = MemoryWorld()
    raw = mail(f"{ANNA}, {BEN}, nobody", ("a.log", b"A" * 100))
    error = lost() if after_effect else throttled()
    getattr(world, port).faults.order(method, error, after_effect=after_effect, times=times)
    ends: list[RelayReport | AdapterError] = []
    for _ in range(2 * MAX_TRIES):
        try:
            ends.append(world.relay(raw, SETTINGS))
        except TransientError as failed:
            ends.append(failed)
    reports = [end for end in ends if isinstance(end, RelayReport)]
    # None, if the last answer was only saved at the end of a delivery that failed.
    assert sum(one.outcome is Outcome.RELAYED for one in reports) <= 1
    assert Outcome.DUPLICATE is reports[-1].outcome
    assert {ANNA, BEN} == set(recipients(world))
    assert len(recipients(world)) - 2 <= sum(one.possibly_repeated for one in reports)
    if port != "submission":
        assert 2 == len(recipients(world))
    assert 1 <= len(world.notices.published) <= 1 + times
    assert [b"A" * 100] == [one.content for one in world.attachments.attachments.values()]
    assert manifest_of(world).lease is None


def test_a_record_that_cannot_be_saved_goes_with_the_next_that_can() -> None:
    world = MemoryWorld()

    class Down(Slow):
        """The store fails after the first group, at every attempt of a change."""

        def submit_each(self, mails: Sequence[OutgoingMail]) -> list[SubmissionId | AdapterError]:
            if not self.groups:
                world.manifests.faults.order("replace", throttled(), times=MAX_TRIES)
            return super().submit_each(mails)

    service = Down(world)
    with pytest.raises(TransientError):
        relay_slowly(world, service, mail(",".join(many(5))))
    report = relay_slowly(world, service, mail(",".join(many(5))))
    assert (3, 2, 0) == (report.already_submitted, report.submitted, report.possibly_repeated)
    assert Counter(many(5)) == Counter(recipients(world))


def test_a_rejection_that_cannot_be_reported_is_reported_at_the_next_delivery() -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", rejected(), target=ANNA, times=2)
    world.notices.faults.order("publish", throttled())
    with pytest.raises(TransientError):
        world.relay(mail(), SETTINGS)
    states = [one.state for one in manifest_of(world).deliveries]
    assert [DeliveryState.PENDING, DeliveryState.SUBMITTED] == states
    assert Outcome.RELAYED is world.relay(mail(), SETTINGS).outcome
    assert [BEN] == recipients(world)
    assert 1 == len(world.notices.published)


def test_the_trouble_of_a_mail_that_no_try_could_read_is_found_by_its_name() -> None:
    world = MemoryWorld()
    record_error(
        KEY, "s3:GetObject on incoming/0abc: AccessDenied", world.worker(), SETTINGS, world.ports
    )
    manifest = manifest_of(world)
    assert (ManifestState.FAILING, False) == (manifest.state, manifest.is_settled)
    assert (KEY, "s3:GetObject on incoming/0abc: AccessDenied") == (
        manifest.raw_key,
        manifest.detail,
    )
    assert Outcome.RELAYED is world.relay(mail(), SETTINGS).outcome
    manifest = manifest_of(world)
    assert (ManifestState.RELAYING, "Pressure", "") == (
        manifest.state,
        manifest.subject,
        manifest.detail,
    )


def test_the_trouble_of_a_duplicate_is_no_trouble_of_the_mail() -> None:
    world = MemoryWorld()
    world.relay(mail(), SETTINGS)
    before = manifest_of(world)
    record_error(KEY, "trouble", world.worker(), SETTINGS, world.ports)
    assert before == manifest_of(world)


@pytest.mark.parametrize("state", [ManifestState.RELAYING, ManifestState.RELEASED])
def test_trouble_changes_nothing_but_the_words(state: ManifestState) -> None:
    world = MemoryWorld()
    world.submission.faults.order("submit", throttled(), times=2)
    world.relay(mail(), SETTINGS)
    before = replace(manifest_of(world), state=state)
    change(world, before)
    record_error(KEY, "trouble", world.worker(), SETTINGS, world.ports)
    assert replace(before, detail="trouble") == manifest_of(world)
