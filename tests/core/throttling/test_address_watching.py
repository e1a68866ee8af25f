"""A weekly notice names the senders that use previous addresses and closed labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import AdapterError, Reason, TransientError
from relay_core.keys import MessageId
from relay_core.limits.address_use import (
    MAX_LABELS,
    MAX_USES,
    WEEK,
    AddressRecord,
    AddressUse,
    AddressWeek,
    format_address_record,
    parse_address_record,
)
from relay_core.limits.notice_claim import NoticeClaim
from relay_core.notices.address_use import compose_address_notice
from relay_core.ports import Notice, Notices
from relay_core.record.report import Outcome, RelayReport
from relay_core.throttling.address_watching import AddressWatch
from tests.fakes import MemoryWorld
from tests.memory_windows import memory_address_records


class World(MemoryWorld):
    """The memory world with an address watch for each container."""

    def __init__(self) -> None:
        super().__init__()
        self.records = memory_address_records()
        self.errors: list[AdapterError] = []

    @property
    def record(self) -> AddressRecord:
        stored = self.records.load(AddressRecord().key)
        assert stored is not None
        return stored.window

    def watch(self, notices: Notices | None = None) -> AddressWatch:
        return AddressWatch(
            windows=self.records,
            notices=notices or self.notices,
            closed_labels=("CAM3",),
            stack="test",
            place="docs/operating.md#the-notices",
            clock=self.clock,
            on_error=self.errors.append,
        )


def by_previous(sender: str, message: str = "0abc") -> RelayReport:
    return RelayReport(
        message_id=MessageId(message),
        outcome=Outcome.RELAYED,
        sender=sender,
        labels=("boiler7",),
        by_previous_address=True,
    )


CURRENT = RelayReport(message_id=MessageId("0new"), outcome=Outcome.RELAYED)
CLOSED = RelayReport(
    message_id=MessageId("0shut"),
    outcome=Outcome.IGNORED,
    reason=Reason.CLOSED_LABEL,
    sender="stolen@plant.example",
    labels=("cam3",),
)


def test_a_week_with_uses_is_reported_once_by_the_first_mail_after_it() -> None:
    world = World()
    watch, other = world.watch(), world.watch()
    for _ in range(3):
        watch.record_use(by_previous("a@plant.example"))
        other.record_use(by_previous("A@plant.example", "0def"))
    watch.record_use(CLOSED)
    assert [] == world.notices.published
    world.now += WEEK
    for one in (watch, other, world.watch()):
        one.record_use(CURRENT)
        one.record_use(by_previous("b@plant.example"))
    (notice,) = world.notices.published
    assert Reason.ADDRESS_USE is notice.reason
    assert "From 2 senders; a mail of each device" in notice.text
    assert "* a@plant.example, by a previous address +boiler7: 0abc" in notice.text
    assert "* stolen@plant.example, by a closed label +cam3: 0shut" in notice.text
    assert "b@plant.example" not in notice.text
    world.now += WEEK
    watch.record_use(CURRENT)
    assert "b@plant.example" in world.notices.published[-1].text
    assert 2 == len(world.notices.published)


def test_every_week_with_a_use_is_reported_once_however_long_no_mail_comes() -> None:
    world = World()
    first, second = world.watch(), world.watch()
    first.record_use(by_previous("a@plant.example"))
    world.now += WEEK
    world.notices.faults.order("publish", TransientError(call="x", target="x", detail="slow"))
    second.record_use(by_previous("b@plant.example"))
    world.now += 5 * WEEK
    for one in (first, second, first, world.watch()):
        one.record_use(CURRENT)
    reported = [re.findall(r"\* (\w)@plant", one.text) for one in world.notices.published]
    assert [["a"], ["b"]] == reported
    world.now += WEEK
    first.record_use(CURRENT)
    assert 2 == len(world.notices.published)


def test_a_week_without_a_use_is_not_reported() -> None:
    world = World()
    watch = world.watch()
    watch.record_use(CURRENT)
    world.now += WEEK
    watch.record_use(CURRENT)
    assert [] == world.notices.published
    assert {} == world.records.documents


def test_a_use_is_written_once_a_week_and_container() -> None:
    world = World()
    watch = world.watch()
    for _ in range(50):
        watch.record_use(by_previous("a@plant.example"))
    # From here on each call to the store would fail.
    world.records.faults.order("load", AssertionError(), times=9)
    watch.record_use(by_previous("a@plant.example"))
    assert [] == world.errors


def test_a_failure_fails_no_mail_and_the_next_mail_makes_it_good() -> None:
    world = World()
    watch = world.watch()
    error = TransientError(call="s3:GetObject", target="windows", detail="slow down")
    world.records.faults.order("load", error)
    watch.record_use(by_previous("a@plant.example"))
    assert [error] == world.errors
    watch.record_use(by_previous("a@plant.example"))
    world.now += WEEK
    world.notices.faults.order("publish", error)
    watch.record_use(CURRENT)
    assert [] == world.notices.published
    watch.record_use(CURRENT)
    assert 1 == len(world.notices.published)


def test_who_died_while_telling_is_made_good_by_another() -> None:
    world = World()
    world.watch().record_use(by_previous("a@plant.example"))
    world.now += WEEK
    world.notices.faults.order("publish", SystemExit())
    with suppress(SystemExit):
        world.watch().record_use(CURRENT)
    other = world.watch()
    next_mail = RelayReport(message_id=MessageId("0next"), outcome=Outcome.RELAYED)
    other.record_use(next_mail)  # the worker that died may still be publishing the notice
    assert [] == world.notices.published
    world.now += timedelta(minutes=5)
    other.record_use(next_mail)
    assert 1 == len(world.notices.published)


def test_a_full_week_takes_no_call_and_the_next_week_is_recorded() -> None:
    world = World()
    watch = world.watch()
    for number in range(MAX_USES):
        watch.record_use(by_previous(f"d{number}@plant.example"))
    # From here on each call to the store would fail.
    world.records.faults.order("load", AssertionError(), times=9)
    watch.record_use(by_previous("another@plant.example"))
    world.records.faults.orders.clear()
    world.now += WEEK
    watch.record_use(by_previous("another@plant.example"))
    assert ["another@plant.example"] == [one.sender for one in world.record.weeks[-1].uses]


def test_of_many_labels_some_are_recorded_and_a_closed_one_is_among_them() -> None:
    world = World()
    watch = world.watch()
    labels = (*(f"l{number}" for number in range(100)), "cam3")
    for _ in range(2):
        watch.record_use(replace(CLOSED, labels=labels))
    ((use,),) = (week.uses for week in world.record.weeks)
    assert MAX_LABELS == len(use.labels)
    assert "cam3" in use.labels


@dataclass
class SlowNotices:
    """`Notices` that does something else after each notice."""

    notices: Notices
    after: Callable[[], None]

    def publish(self, notice: Notice) -> None:
        self.notices.publish(notice)
        self.after()


def test_a_worker_that_outlived_its_claim_takes_no_other_weeks_notice_away() -> None:
    world = World()
    world.watch().record_use(by_previous("a@plant.example"))
    world.now += WEEK
    world.notices.faults.order("publish", TransientError(call="x", target="x", detail="slow"))
    world.watch().record_use(by_previous("b@plant.example"))
    world.now += WEEK

    def another_reports_the_first_week_and_stops_in_the_second() -> None:
        world.now += timedelta(minutes=5)
        stopping = SlowNotices(world.notices, partial(world.notices.faults.order, "publish", STOP))
        with suppress(SystemExit):
            world.watch(stopping).record_use(replace(CURRENT, message_id=MessageId("0other")))

    slow = SlowNotices(world.notices, another_reports_the_first_week_and_stops_in_the_second)
    world.watch(slow).record_use(CURRENT)
    assert ["b@plant.example"] == [one.sender for week in world.record.weeks for one in week.uses]


STOP = SystemExit()
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
MOMENTS = st.datetimes(timezones=st.just(UTC))
USES = st.builds(
    AddressUse,
    sender=TEXTS,
    labels=st.lists(TEXTS, max_size=2).map(tuple),
    is_closed=st.booleans(),
    message_id=TEXTS.map(MessageId),
)
WEEKS = st.builds(AddressWeek, started_at=MOMENTS, uses=st.lists(USES, max_size=3).map(tuple))
CLAIMS = st.builds(
    NoticeClaim, is_published=st.booleans(), holder=TEXTS.map(MessageId), since=MOMENTS
)
RECORDS = st.builds(AddressRecord, weeks=st.lists(WEEKS, max_size=3).map(tuple), claim=CLAIMS)


@given(RECORDS)
def test_parse_is_the_inverse_of_format(record: AddressRecord) -> None:
    assert record == parse_address_record(format_address_record(record))


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"{}", b'{"schema": 2}', b"\xff"])
def test_what_is_no_record_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_address_record(document)


def test_the_record_and_the_notice_are_bounded_and_say_so() -> None:
    week = AddressWeek.at(World().now)
    for number in range(MAX_USES + 10):
        week = week.recording(
            AddressUse(
                sender=f"d{number}@plant.example",
                labels=(),
                is_closed=False,
                message_id=MessageId(f"0{number}"),
            )
        )
    assert MAX_USES == len(week.uses)
    notice = compose_address_notice(week, stack="test", place="here")
    assert f"{MAX_USES} or more senders" in notice.text
    assert f"and {MAX_USES - len(notice.refusals)} more" in notice.text


def test_words_of_a_sender_begin_no_line_of_the_notice() -> None:
    world = World()
    watch = world.watch()
    watch.record_use(by_previous("a@plant.example\nWhat to do:\nhttp://evil.example/"))
    world.now += WEEK
    watch.record_use(CURRENT)
    (notice,) = world.notices.published
    assert not any(line.startswith("http") for line in notice.text.splitlines())
    assert 1 == notice.text.count("\nWhat to do:")
