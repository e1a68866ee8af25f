"""At most the budget is submitted, with any concurrency; the rest is held, with one notice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Conflict, Reason, TransientError
from relay_core.keys import MessageId, RawKey, WindowKey
from relay_core.limits.budget import HOUR, BudgetWindow, format_budget, parse_budget
from relay_core.limits.notice_claim import PATIENCE, NoticeClaim
from relay_core.ports import BudgetReserve, Ports, StoredWindow, Version
from relay_core.record.manifest import ManifestState
from relay_core.record.report import Outcome
from relay_core.relay import relay_message
from relay_core.settings import Settings
from tests.fakes import MemoryWorld
from tests.memory_windows import MemoryWindows
from tests.receipt import received

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
    recipient_budget=500,
    max_recipients=1000,
)
RELAYED, HELD = Outcome.RELAYED, Outcome.HELD


def mail(name: str, count: int) -> bytes:
    """A mail to that many made-up recipients."""
    recipients = ",".join(f"{name}-{number}@example.com" for number in range(count))
    return (
        "From: <boiler@plant.example>\r\nSubject: Alarm\r\n\r\n"
        f":Email_Rxers_Code:{recipients}:Email_Rxers_Code:\r\n"
    ).encode()


def receive(
    world: MemoryWorld, name: str, count: int, ports: Ports | None = None, budget: int = 500
) -> Outcome:
    key = RawKey(f"incoming/{name}")
    world.incoming.messages[key] = received(mail(name, count))
    settings = replace(SETTINGS, recipient_budget=budget)
    return relay_message(key, settings, ports or world.ports, world.worker()).outcome


def state(world: MemoryWorld, name: str) -> ManifestState | None:
    stored = world.manifests.load(MessageId(name))
    return None if stored is None else stored.manifest.state


def test_twenty_mails_to_two_thousand_made_up_recipients_burn_no_more_than_the_budget() -> None:
    world = MemoryWorld()
    names = [f"m{number}" for number in range(20)]
    ends = [receive(world, name, 100) for name in names]
    assert Counter({RELAYED: 5, HELD: 15}) == Counter(ends)
    assert 500 == len(world.submission.outbox)
    (notice,) = world.notices.published
    assert Reason.LIMIT_EXCEEDED is notice.reason
    assert "500 recipients in this hour (recipientBudgetPerHour)" in notice.text
    assert "until 2026-01-02T04:00:00Z" in notice.text
    assert [ManifestState.RELAYING] * 5 + [ManifestState.HELD] * 15 == [
        state(world, name) for name in names
    ]


def test_a_mail_that_an_operator_releases_goes_out_and_is_not_counted() -> None:
    world = MemoryWorld()
    for name in "abcdef":
        receive(world, name, 100)
    stored = world.manifests.load(MessageId("f"))
    assert stored is not None
    released = replace(stored.manifest, state=ManifestState.RELEASED)
    world.manifests.replace(released, stored.version)
    assert RELAYED is receive(world, "f", 100)
    assert 600 == len(world.submission.outbox)


def test_a_smaller_mail_may_fit_where_a_larger_one_did_not() -> None:
    world = MemoryWorld()
    ends = [receive(world, name, count) for name, count in [("a", 450), ("b", 51), ("c", 50)]]
    assert [RELAYED, HELD, RELAYED] == ends


def test_the_next_hour_begins_anew_and_what_is_held_stays_held() -> None:
    world = MemoryWorld()
    ends = [receive(world, name, 500) for name in "ab"]
    world.now += HOUR
    ends += [receive(world, name, 500) for name in "cd"]
    assert [RELAYED, HELD, RELAYED, HELD] == ends
    assert ManifestState.HELD is state(world, "b")
    assert 2 == len(world.notices.published)


def test_with_the_budget_at_zero_everything_goes_and_nothing_is_counted() -> None:
    world = MemoryWorld()
    assert RELAYED is receive(world, "a", 1000, budget=0)
    assert {} == world.budgets.documents


def test_what_was_promised_is_kept_whatever_the_budget() -> None:
    world = MemoryWorld()
    throttled = TransientError(call="submit", target="x", detail="slow down")
    world.submission.faults.order("submit", throttled, times=8)
    assert Outcome.UNFINISHED is receive(world, "a", 400)
    assert HELD is receive(world, "b", 400)
    while receive(world, "a", 400) is not Outcome.DUPLICATE:
        pass
    assert 400 == len(world.submission.outbox)


def test_the_next_mail_reports_what_could_not_be_reported() -> None:
    world = MemoryWorld()
    receive(world, "a", 500)
    down = TransientError(call="publish", target="x", detail="SNS is down")
    world.notices.faults.order("publish", down)
    with pytest.raises(TransientError):
        receive(world, "b", 1)
    assert [HELD, HELD] == [receive(world, name, 1) for name in "cb"]
    (notice,) = world.notices.published
    assert "incoming/c" in notice.text


def test_no_mail_is_held_in_silence_because_who_was_to_tell_came_again_in_the_next_hour() -> None:
    world = MemoryWorld()
    world.now = BudgetWindow.at(world.now).ends_at - PATIENCE / 2
    receive(world, "a", 500)
    world.notices.faults.order("publish", SystemExit())
    with pytest.raises(SystemExit):
        receive(world, "b", 1)
    assert Outcome.UNFINISHED is receive(world, "c", 1)
    assert ManifestState.FAILING is state(world, "c")
    world.now += PATIENCE
    assert [RELAYED, RELAYED] == [receive(world, name, 1) for name in "bc"]


def test_a_mail_that_waits_for_anothers_notice_reports_a_minute_later() -> None:
    world = MemoryWorld()
    receive(world, "a", 500)
    world.notices.faults.order("publish", SystemExit())
    with pytest.raises(SystemExit):
        receive(world, "b", 1)
    assert Outcome.UNFINISHED is receive(world, "c", 1)
    world.now += PATIENCE
    assert [HELD, HELD] == [receive(world, name, 1) for name in "cb"]
    (notice,) = world.notices.published
    assert "incoming/c" in notice.text


def test_most_mails_write_nothing_to_the_budget() -> None:
    world = MemoryWorld()
    for number in range(500):
        assert RELAYED is receive(world, f"m{number}", 1)
    assert HELD is receive(world, "over", 1)
    # A mail reserves its own recipients and a block, a hundredth of the budget.
    assert world.budgets.writes <= 500 / 6 + 5


def test_a_store_that_fails_leaves_the_mail_to_the_queue() -> None:
    world = MemoryWorld()
    conflict = Conflict(call="create", target="x", detail="another write is under way")
    world.budgets.faults.order("create", conflict, times=1000)
    with pytest.raises(TransientError):
        receive(world, "a", 1)
    assert ([], []) == (world.submission.outbox, world.notices.published)


class Rival:
    """Another worker that reserves between this one's read and write, a given number of times."""

    def __init__(self, windows: MemoryWindows[BudgetWindow], amounts: list[int]) -> None:
        self.windows = windows
        self.amounts = amounts
        self.reserved = 0

    def load(self, key: WindowKey) -> StoredWindow[BudgetWindow] | None:
        stored = self.windows.load(key)
        if self.amounts and stored is not None:
            wanted = min(self.amounts.pop(), 500 - stored.window.reserved)
            reserved = replace(stored.window, reserved=stored.window.reserved + wanted)
            self.windows.replace(reserved, stored.version)
            self.reserved += wanted
        return stored

    def create(self, window: BudgetWindow) -> Version:
        return self.windows.create(window)

    def replace(self, window: BudgetWindow, expected: Version) -> Version:
        return self.windows.replace(window, expected)


@given(
    st.lists(st.integers(1, 120), max_size=12),
    st.lists(st.integers(1, 200), max_size=6),
)
def test_concurrent_workers_submit_no_more_than_the_budget(
    counts: list[int], amounts: list[int]
) -> None:
    world = MemoryWorld()
    rival = Rival(world.budgets, amounts)
    purses = [BudgetReserve(), BudgetReserve()]
    for number, count in enumerate(counts):
        ports = replace(world.ports, budgets=rival, budget_reserve=purses[number % 2])
        receive(world, f"m{number}", count, ports)
    assert rival.reserved + len(world.submission.outbox) <= 500


# --- the record

TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds have no zone
HOURS = st.builds(
    lambda at, reserved, published, since: replace(
        BudgetWindow.at(at),
        reserved=reserved,
        claim=NoticeClaim(is_published=published, holder=MessageId("m"), since=since),
    ),
    TIMES,
    st.integers(0, 1000),
    st.booleans(),
    st.none() | TIMES,
)


@given(HOURS)
def test_parse_is_the_inverse_of_format(hour: BudgetWindow) -> None:
    assert hour == parse_budget(format_budget(hour))


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"{}", b'{"schema": 2}', b"\xff"])
def test_what_is_no_hour_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_budget(document)


@given(HOURS, st.integers(1, 2000), st.integers(1, 5000), st.integers(0, 100))
def test_a_reservation_is_enough_or_none_and_never_beyond_the_budget(
    hour: BudgetWindow, needed: int, budget: int, spent: int
) -> None:
    after = hour.with_reservation(needed, budget, spent)
    taken = after.reserved - hour.reserved
    if hour.reserved + needed <= budget:
        assert needed <= taken <= needed + min(budget // 100, spent)
        assert after.reserved <= budget
    else:
        assert after is hour


def test_what_is_left_of_one_hour_is_worth_nothing_in_another() -> None:
    world = MemoryWorld()
    receive(world, "a", 5)
    receive(world, "b", 1)
    assert 5 == world.budget_reserve.left
    world.now += HOUR
    receive(world, "c", 500)
    assert 0 == world.budget_reserve.left
    assert HELD is receive(world, "d", 1)
    assert 506 == len(world.submission.outbox)


def test_workers_that_die_at_once_take_nothing_with_them() -> None:
    world = MemoryWorld()
    for name in "abcdefgh":
        receive(world, name, 1, replace(world.ports, budget_reserve=BudgetReserve()))
    assert RELAYED is receive(
        world, "last", 500 - 8, replace(world.ports, budget_reserve=BudgetReserve())
    )


def test_a_worker_that_is_alone_writes_and_does_not_read() -> None:
    world = MemoryWorld()
    receive(world, "a", 40)
    world.budgets.faults.order("load", AssertionError(), times=9)
    for name in "bcde":
        assert RELAYED is receive(world, name, 40)
