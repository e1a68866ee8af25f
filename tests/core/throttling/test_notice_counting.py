"""The number of notices is limited, and suppressed notices are counted in a summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import AdapterError, Conflict, PermanentError, Reason, TransientError
from relay_core.keys import MessageId, RawKey, WindowKey
from relay_core.limits.notice_window import (
    MAX_NAMED,
    SENDERS_AT_LIMIT,
    NoticeWindow,
    Tally,
    format_notice_window,
    parse_notice_window,
)
from relay_core.notices.summary import compose_summary
from relay_core.ports import Notice
from relay_core.record.manifest import ManifestState
from relay_core.record.report import Outcome
from relay_core.relay import relay_message
from relay_core.settings import Settings
from relay_core.throttling.notice_counting import GRACE
from tests.fakes import MemoryWorld
from tests.receipt import received

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
)
LIMIT = 3
LENGTH = timedelta(seconds=300)


def refused(sender: str) -> bytes:
    """A mail without a code."""
    return f"From: <{sender}>\r\nSubject: x\r\n\r\nno code\r\n".encode()


def forged(sender: str) -> bytes:
    return b"Received: x\r\nAuthentication-Results: amazonses.com; dmarc=fail\r\n" + refused(
        sender
    )


def receive(world: MemoryWorld, name: str, raw: bytes, limit: int = LIMIT) -> Outcome:
    key = RawKey(f"incoming/{name}")
    world.incoming.messages[key] = received(raw)
    ports = replace(world.ports, notices=world.counted_notices(limit, LENGTH))
    return relay_message(key, SETTINGS, ports, world.worker()).outcome


def pass_on(world: MemoryWorld) -> None:
    """Deliver the reminders as the queue does, each after its delay."""
    asked_for, world.reminders.asked_for = world.reminders.asked_for, []
    for key, after in asked_for:
        world.now += after
        world.counted_notices(LIMIT, LENGTH).sum_up(key)


def published_senders(world: MemoryWorld) -> Counter[Reason]:
    return Counter(notice.reason for notice in world.notices.published)


def test_five_hundred_forged_mails_of_one_sender_are_a_few_notices_and_a_summary() -> None:
    world = MemoryWorld()
    for number in range(500):
        assert Outcome.REFUSED is receive(world, f"m{number}", forged("boiler@plant.example"))
    assert LIMIT == len(world.notices.published)
    ((_, after),) = world.reminders.asked_for
    assert timedelta(0) < after <= LENGTH + GRACE
    pass_on(world)
    assert LIMIT + 1 == len(world.notices.published)
    summary = world.notices.published[-1]
    assert Reason.AUTHENTICATION_FAILED is summary.reason
    assert f"{500 - LIMIT} more notices" in summary.text
    assert "Mail relay test: authentication-failed (497 more notices)" == summary.subject
    assert "\nStack: test\n" in summary.text
    assert f"relayctl show m{LIMIT}\n" in summary.text
    assert "relayctl list --reason authentication-failed --since 2026-01-02T03:00:00Z" in (
        summary.text
    )
    assert all(f"* m{number}\n" in summary.text for number in range(LIMIT, LIMIT + MAX_NAMED))


def test_five_hundred_made_up_senders_are_a_few_notices_and_a_summary() -> None:
    world = MemoryWorld()
    for number in range(500):
        receive(world, f"m{number}", forged(f"x{number}@plant.example"))
    assert LIMIT * SENDERS_AT_LIMIT == len(world.notices.published)
    pass_on(world)
    assert f"{500 - LIMIT * SENDERS_AT_LIMIT} more notices" in world.notices.published[-1].text
    assert 1 == len(world.notice_windows.documents)
    assert max(len(one) for one, _ in world.notice_windows.documents.values()) < 10_000


def test_every_mail_without_a_notice_of_its_own_is_found_by_its_manifest() -> None:
    world = MemoryWorld()
    for number in range(9):
        receive(world, f"m{number}", refused("pump@plant.example"))
    for number in range(9):
        stored = world.manifests.load(MessageId(f"m{number}"))
        assert stored is not None
        assert (ManifestState.REFUSED, Reason.NO_RECIPIENT_CODE) == (
            stored.manifest.state,
            stored.manifest.reason,
        )


def test_each_reason_and_each_sender_has_a_count_of_its_own() -> None:
    world = MemoryWorld()
    for number in range(5):
        receive(world, f"a{number}", refused("pump@plant.example"))
        receive(world, f"b{number}", refused("PUMP@plant.example"))
        receive(world, f"c{number}", forged("pump@plant.example"))
        receive(world, f"d{number}", refused("valve@plant.example"))
    expected = {Reason.NO_RECIPIENT_CODE: 2 * LIMIT, Reason.AUTHENTICATION_FAILED: LIMIT}
    assert expected == published_senders(world)
    pass_on(world)
    assert {reason: count + 1 for reason, count in expected.items()} == published_senders(world)


def test_the_next_window_begins_anew() -> None:
    world = MemoryWorld()
    for number in range(5):
        receive(world, f"a{number}", refused("pump@plant.example"))
    world.now += LENGTH
    receive(world, "b", refused("pump@plant.example"))
    assert LIMIT + 1 == len(world.notices.published)


def test_a_notice_that_could_not_leave_gives_its_place_back_and_is_reported_by_the_next() -> None:
    world = MemoryWorld()
    down = TransientError(call="publish", target="x", detail="SNS is down")
    world.notices.faults.order("publish", down, times=LIMIT + 2)
    raw = refused("pump@plant.example")
    for number in range(LIMIT + 2):
        with pytest.raises(TransientError):
            receive(world, f"m{number}", raw)
    for number in range(LIMIT):
        assert Outcome.REFUSED is receive(world, f"m{number}", raw)
    assert LIMIT == len(world.notices.published)


def test_a_summary_that_could_not_leave_leaves_with_the_next_reminder() -> None:
    world = MemoryWorld()
    for number in range(LIMIT + 2):
        receive(world, f"m{number}", refused("pump@plant.example"))
    down = TransientError(call="publish", target="x", detail="SNS is down")
    world.notices.faults.order("publish", down)
    ((key, _),) = world.reminders.asked_for
    notices = world.counted_notices(LIMIT, LENGTH)
    with pytest.raises(TransientError):
        notices.sum_up(key)
    assert 2 == notices.sum_up(key)
    assert 0 == notices.sum_up(key)
    assert LIMIT + 1 == len(world.notices.published)


def test_what_comes_after_a_summary_asks_for_another() -> None:
    world = MemoryWorld()
    raw = refused("pump@plant.example")
    for number in range(LIMIT + 1):
        receive(world, f"m{number}", raw)
    ((key, _),) = world.reminders.asked_for
    notices = world.counted_notices(LIMIT, LENGTH)
    assert 1 == notices.sum_up(key)
    receive(world, "late", raw)
    assert 2 == len(world.reminders.asked_for)
    assert 1 == notices.sum_up(key)
    assert "* late\n" in world.notices.published[-1].text


def test_what_comes_while_a_summary_leaves_is_reported_too() -> None:
    world = MemoryWorld()
    raw = refused("pump@plant.example")
    for number in range(LIMIT + 1):
        receive(world, f"m{number}", raw)
    ((key, _),) = world.reminders.asked_for

    class Slow:
        """While the first summary is published, another worker counts one more mail."""

        def publish(self, notice: Notice) -> None:
            if LIMIT == len(world.notices.published):
                receive(world, "meanwhile", raw)
            world.notices.publish(notice)

    notices = replace(world.counted_notices(LIMIT, LENGTH), notices=Slow())
    assert 1 == notices.sum_up(key)
    assert "* meanwhile\n" not in world.notices.published[-1].text
    assert [key, key] == [one for one, _ in world.reminders.asked_for]
    assert 1 == notices.sum_up(key)
    assert "* meanwhile\n" in world.notices.published[-1].text
    assert 0 == notices.sum_up(key)


def test_a_window_that_was_not_written_has_nothing_to_report() -> None:
    world = MemoryWorld()
    assert 0 == world.counted_notices(LIMIT).sum_up(WindowKey("notices/none"))


@pytest.mark.parametrize(
    "error",
    [
        Conflict(call="create", target="x", detail="another write is under way"),
        PermanentError(call="create", target="x", detail="no record"),
    ],
)
def test_where_nothing_can_be_counted_each_notice_leaves(error: AdapterError) -> None:
    world = MemoryWorld()
    world.notice_windows.faults.order("create", error, times=1000)
    for number in range(9):
        assert Outcome.REFUSED is receive(world, f"m{number}", refused("pump@plant.example"))
    assert 9 == len(world.notices.published)


FAULTS = [
    ("notice_windows", "load"),
    ("notice_windows", "create"),
    ("notice_windows", "replace"),
    ("reminders", "remind"),
    ("notices", "publish"),
]


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize(("port", "method"), FAULTS)
def test_a_failure_anywhere_leaves_no_mail_in_silence(
    port: str, method: str, *, after_effect: bool
) -> None:
    world = MemoryWorld()
    throttled = TransientError(call=method, target="x", detail="slow down")
    getattr(world, port).faults.order(method, throttled, after_effect=after_effect)
    names = [f"m{number}" for number in range(LIMIT + 3)]
    for name in [*names, *names]:
        try:
            receive(world, name, refused("pump@plant.example"))
        except TransientError as error:
            assert error is throttled  # noqa: PT017 - most runs raise nothing here
    pass_on(world)
    everything = "\n".join(notice.text for notice in world.notices.published)
    assert [name for name in names if f"{name}\n" not in everything] == []


def test_with_the_limit_at_zero_each_leaves_and_nothing_is_counted() -> None:
    world = MemoryWorld()
    for number in range(9):
        receive(world, f"m{number}", refused("pump@plant.example"), limit=0)
    assert 9 == len(world.notices.published)
    assert {} == world.notice_windows.documents


def test_a_mail_that_is_relayed_costs_nothing() -> None:
    world = MemoryWorld()
    raw = b"From: <a@plant.example>\r\n\r\n:Email_Rxers_Code:b@example.com:Email_Rxers_Code:\r\n"
    world.notice_windows.faults.order("load", AssertionError(), times=9)
    assert Outcome.RELAYED is receive(world, "m", raw)


def test_recipients_who_were_left_out_of_a_relayed_mail_are_in_its_manifest() -> None:
    world = MemoryWorld()
    raw = (
        b"From: <a@plant.example>\r\n\r\n"
        b":Email_Rxers_Code:b@example.com,c@elsewhere.example:Email_Rxers_Code:\r\n"
    )
    assert Outcome.RELAYED is receive(world, "m", raw)
    stored = world.manifests.load(MessageId("m"))
    assert stored is not None
    (refusal,) = stored.manifest.refusals
    assert Reason.RECIPIENT_NOT_ALLOWED is refusal.reason
    assert "c@elsewhere.example" in refusal.detail


# --- the window

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).map(MessageId)
COUNTS = st.integers(0, 9)
TALLIES = st.builds(
    Tally,
    reason=st.sampled_from(Reason),
    published_senders=st.lists(st.none() | st.text(st.characters(codec="utf-8")), max_size=3).map(
        tuple
    ),
    left_out=COUNTS,
    summed_up=COUNTS,
    named=st.lists(NAMES, unique=True, max_size=3).map(tuple),
)
WINDOWS = st.builds(
    lambda tallies: replace(NoticeWindow.at(NOON, LENGTH), tallies=tuple(tallies)),
    st.lists(TALLIES, unique_by=lambda one: one.reason, max_size=3),
)


@given(WINDOWS)
def test_parse_is_the_inverse_of_format(window: NoticeWindow) -> None:
    assert window == parse_notice_window(format_notice_window(window))


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"{}", b'{"schema": 2}', b"\xff"])
def test_what_is_no_window_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_notice_window(document)


SPAM = Reason.SPAM


@given(st.lists(NAMES, max_size=300), st.integers(0, 300))
def test_a_window_counts_all_and_stays_small(names: list[MessageId], summed_up: int) -> None:
    window = NoticeWindow.at(NOON, LENGTH)
    for number, name in enumerate(names):
        if number == summed_up:
            window = window.with_summary(window.tally(SPAM))
        window = window.with_left_out(SPAM, name)
    tally = window.tally(SPAM)
    assert len(names) == tally.left_out
    assert len(tally.named) <= MAX_NAMED
    if tally.due:
        assert (
            compose_summary(window, tally, stack="test", place="docs").more_refusals
            == tally.due - 1
        )
    else:
        with pytest.raises(ValueError, match="is to be summed up"):
            compose_summary(window, tally, stack="test", place="docs")


def test_what_is_counted_while_a_summary_leaves_is_in_the_next() -> None:
    window = NoticeWindow.at(NOON, LENGTH)
    for name in "ab":
        window = window.with_left_out(SPAM, MessageId(name))
    told_of = window.tally(SPAM)
    after = window.with_left_out(SPAM, MessageId("b")).with_summary(told_of)
    assert 1 == after.tally(SPAM).due
    assert MessageId("b") in after.tally(SPAM).named
    assert after == after.with_summary(told_of)
