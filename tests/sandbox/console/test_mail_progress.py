"""The state and the steps of a mail, from buckets, queues, manifest and log."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from relay_core.errors import Reason
from relay_core.record.manifest import DeliveryRecord, DeliveryState, ManifestState
from sandbox.console.mail_progress import (
    InQueue,
    MailState,
    Opening,
    Progress,
    Trace,
    explain_state,
    state_of,
    steps_of_mail,
)
from tests.sandbox.console_site import NOW, incoming_mail, one_of_each

MAILS = {one.message_id: one for one in one_of_each("words")}
ENDS = {Progress.NOW, Progress.WAITS, Progress.END}


def progress(name: str) -> list[str]:
    return [step.progress.value for step in steps_of_mail(MAILS[name], NOW)]


def test_each_fate_has_a_mail() -> None:
    assert {one: one for one in MailState} == {
        state_of(one, NOW): key for key, one in MAILS.items()
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("waiting", "done done now ahead ahead ahead"),
        ("working", "done done done done now ahead"),
        ("retrying", "done done done waits ahead ahead"),
        ("parked", "done done done done waits ahead"),
        ("held", "done done done waits ahead ahead"),
        ("dead", "done done done end never never"),
        ("delivered", "done done done done done done"),
        ("partly", "done done done done done never"),
        ("failed", "done done done done end never"),
        ("refused", "done done done end never never"),
        ("ignored", "done done done end never never"),
    ],
)
def test_a_way_goes_as_far_as_the_mail_came(name: str, expected: str) -> None:
    assert expected.split() == progress(name)


@pytest.mark.parametrize("name", MAILS)
def test_a_way_stands_at_one_place_at_most_and_nothing_is_done_after_it(name: str) -> None:
    found = progress(name)
    at = [index for index, one in enumerate(found) if Progress(one) in ENDS]
    assert len(at) <= 1
    if at:
        assert set(found[: at[0]]) == {"done"}
        assert "done" not in found[at[0] + 1 :]
    elif not MAILS[name].opened:
        assert found[-1] != "done"


def test_why_names_the_reason_and_who_has_no_mail() -> None:
    assert explain_state(MAILS["refused"]) == f"{Reason.NO_RECIPIENT_CODE.value}: words"
    assert explain_state(MAILS["parked"]) == "words words"
    assert explain_state(MAILS["partly"]) == "left out: recipient-not-allowed: words"
    assert explain_state(MAILS["delivered"]) == ""


def test_a_mail_that_came_to_its_end_is_not_dead_for_a_letter_that_is_left() -> None:
    letter = InQueue(is_dead_letter=True, sent_at=NOW, tries=5, is_visible=True)
    for name in ("delivered", "refused", "held"):
        assert state_of(replace(MAILS[name], queued=letter), NOW) is MailState(name)
    for name in ("parked", "retrying", "waiting"):
        assert state_of(replace(MAILS[name], queued=letter), NOW) is MailState.DEAD


def test_a_mail_whose_last_try_failed_is_dead_until_it_is_in_the_queue_again() -> None:
    retrying = MAILS["retrying"]
    assert retrying.manifest is not None
    dead = replace(retrying, manifest=replace(retrying.manifest, is_dead=True))
    assert state_of(dead, NOW) is MailState.DEAD
    redriven = InQueue(is_dead_letter=False, sent_at=NOW, tries=0, is_visible=True)
    assert state_of(replace(dead, queued=redriven), NOW) is MailState.RETRYING


def test_a_worker_that_has_a_mail_has_it_until_its_lease_ends() -> None:
    working = MAILS["working"]
    assert working.manifest is not None
    assert working.manifest.lease is not None
    delivery = DeliveryRecord(recipient="a@example.com", state=DeliveryState.SUBMITTING)
    manifest = replace(working.manifest, deliveries=(delivery,))
    until = manifest.lease.until if manifest.lease else NOW
    assert state_of(replace(working, manifest=manifest), until) is MailState.RETRYING


@pytest.mark.parametrize(
    ("queued", "trace", "fate"),
    [
        ((0, True), Trace(), MailState.WAITING),
        ((1, False), Trace(), MailState.WORKING),
        ((2, True), Trace(), MailState.RETRYING),
        (None, Trace(begun_at=NOW), MailState.WORKING),
        (None, Trace(begun_at=NOW, outcome="retried"), MailState.RETRYING),
        (None, Trace(begun_at=NOW, outcome="ignored"), MailState.IGNORED),
    ],
)
def test_before_there_is_a_manifest_the_queue_and_the_log_tell(
    queued: tuple[int, bool] | None, trace: Trace, fate: MailState
) -> None:
    message = queued and InQueue(
        is_dead_letter=False, sent_at=NOW, tries=queued[0], is_visible=queued[1]
    )
    assert fate is state_of(incoming_mail("words", queued=message, trace=trace), NOW)


def test_what_was_sent_to_the_queue_anew_does_not_seem_announced_late() -> None:
    later = NOW + timedelta(minutes=1)
    message = InQueue(is_dead_letter=False, sent_at=later, tries=0, is_visible=False)
    parked = replace(MAILS["parked"], queued=message)
    announced = steps_of_mail(parked, NOW)[2]
    assert (announced.at, announced.note) == (None, "again in the queue, tried not yet")


def test_a_page_that_was_looked_at_is_opened() -> None:
    served = incoming_mail(
        "words",
        ManifestState.RELAYING,
        trace=Trace(shown_at=NOW),
        manifest={
            "deliveries": (DeliveryRecord(recipient="a", state=DeliveryState.SUBMITTED),),
        },
    )
    assert steps_of_mail(served, NOW)[-1].note == "page opened, nothing downloaded"
    downloaded = replace(served, opened=Opening(at=NOW, count=1))
    assert steps_of_mail(downloaded, NOW)[-1].note == "one download"
