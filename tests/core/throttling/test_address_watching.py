"""Who uses previous addresses and closed labels is told once a week."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from relay_core.errors import AdapterError, Reason, TransientError
from relay_core.keys import MessageId
from relay_core.limits.address_use import MAX_USES, WEEK, AddressUse, AddressWeek
from relay_core.notices.address_use import compose_address_notice
from relay_core.record.report import Outcome, RelayReport
from relay_core.throttling.address_watching import AddressWatch
from tests.fakes import MemoryWorld
from tests.memory_windows import memory_address_weeks


class World(MemoryWorld):
    """With a watch for each container."""

    def __init__(self) -> None:
        super().__init__()
        self.weeks = memory_address_weeks()
        self.troubles: list[AdapterError] = []

    def watch(self) -> AddressWatch:
        return AddressWatch(
            windows=self.weeks,
            notices=self.notices,
            stack="test",
            place="docs/operating.md#the-notices",
            clock=self.clock,
            on_trouble=self.troubles.append,
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


def test_a_week_with_uses_is_told_once_by_the_first_mail_after_it() -> None:
    world = World()
    watch, other = world.watch(), world.watch()
    for _ in range(3):
        watch.saw(by_previous("a@plant.example"))
        other.saw(by_previous("A@plant.example", "0def"))
    watch.saw(CLOSED)
    assert [] == world.notices.published
    world.now += WEEK
    for one in (watch, other, world.watch()):
        one.saw(CURRENT)
        one.saw(by_previous("b@plant.example"))
    (notice,) = world.notices.published
    assert Reason.ADDRESS_USE is notice.reason
    assert "* a@plant.example, by a previous address +boiler7: 0abc" in notice.text
    assert "* stolen@plant.example, by a closed label +cam3: 0shut" in notice.text
    assert "b@plant.example" not in notice.text
    world.now += WEEK
    watch.saw(CURRENT)
    assert "b@plant.example" in world.notices.published[-1].text
    assert 2 == len(world.notices.published)


def test_a_week_without_a_use_is_not_told() -> None:
    world = World()
    watch = world.watch()
    watch.saw(CURRENT)
    world.now += WEEK
    watch.saw(CURRENT)
    assert [] == world.notices.published
    assert {} == world.weeks.documents


def test_a_use_is_written_once_a_week_and_container() -> None:
    world = World()
    watch = world.watch()
    for _ in range(50):
        watch.saw(by_previous("a@plant.example"))
    # From here on each call to the store would fail.
    world.weeks.faults.order("load", AssertionError(), times=9)
    watch.saw(by_previous("a@plant.example"))
    assert [] == world.troubles


def test_a_failure_fails_no_mail_and_the_next_mail_makes_it_good() -> None:
    world = World()
    watch = world.watch()
    error = TransientError(call="s3:GetObject", target="windows", detail="slow down")
    world.weeks.faults.order("load", error)
    watch.saw(by_previous("a@plant.example"))
    assert [error] == world.troubles
    watch.saw(by_previous("a@plant.example"))
    world.now += WEEK
    world.notices.faults.order("publish", error)
    watch.saw(CURRENT)
    assert [] == world.notices.published
    watch.saw(CURRENT)
    assert 1 == len(world.notices.published)


def test_who_died_while_telling_is_made_good_by_another() -> None:
    world = World()
    world.watch().saw(by_previous("a@plant.example"))
    world.now += WEEK
    world.notices.faults.order("publish", SystemExit())
    with suppress(SystemExit):
        world.watch().saw(CURRENT)
    other = world.watch()
    next_mail = RelayReport(message_id=MessageId("0next"), outcome=Outcome.RELAYED)
    other.saw(next_mail)  # the one who died may still be telling
    assert [] == world.notices.published
    world.now += timedelta(minutes=5)
    other.saw(next_mail)
    assert 1 == len(world.notices.published)


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
    watch.saw(by_previous("a@plant.example\nWhat to do:\nhttp://evil.example/"))
    world.now += WEEK
    watch.saw(CURRENT)
    (notice,) = world.notices.published
    assert not any(line.startswith("http") for line in notice.text.splitlines())
    assert 1 == notice.text.count("\nWhat to do:")
