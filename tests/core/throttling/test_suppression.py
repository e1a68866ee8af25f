"""Nothing is sent to an address that bounced, until an operator clears it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import AdapterError, PermanentError, Reason, TransientError
from relay_core.keys import MessageId
from relay_core.limits.suppression import (
    MAX_ADDRESSES,
    MAX_DETAIL,
    Cause,
    Suppressed,
    SuppressionList,
    format_suppressions,
    parse_suppressions,
)
from relay_core.ports import OutgoingMail, Ports
from relay_core.record.manifest import DeliveryState, Manifest
from relay_core.record.report import RelayReport
from relay_core.relay import relay_message
from relay_core.throttling.suppressing import SuppressingSubmission
from relay_core.throttling.window_change import change_window
from tests.core.delivery.deliveries import (
    ANNA,
    BEN,
    ID,
    KEY,
    SETTINGS,
    change,
    mail,
    manifest_of,
)
from tests.fakes import MemoryWorld
from tests.receipt import received

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def bounced(address: str) -> Suppressed:
    return Suppressed(address=address, cause=Cause.BOUNCE, at=NOON, detail="550 5.1.1 unknown")


class Stack:
    """The memory world with a submission that uses the list, an operator, and SES."""

    def __init__(self) -> None:
        self.world = MemoryWorld()
        self.errors: list[AdapterError] = []
        self.submission = SuppressingSubmission(
            submission=self.world.submission,
            lists=self.world.suppressions,
            max_age=MINUTE,
            clock=self.world.clock,
            on_error=self.errors.append,
        )

    @property
    def ports(self) -> Ports:
        return replace(self.world.ports, submission=self.submission)

    def bounces(self, *addresses: str) -> None:
        change_window(
            self.world.suppressions,
            SuppressionList(),
            lambda found: found.adding(map(bounced, addresses)),
        )

    def clears(self, *addresses: str) -> None:
        change_window(
            self.world.suppressions, SuppressionList(), lambda found: found.clearing(addresses)
        )

    def relay(self) -> RelayReport:
        self.world.incoming.messages[KEY] = received(mail())
        return relay_message(KEY, SETTINGS, self.ports, self.world.worker())

    def submitted(self) -> list[str]:
        return [one.recipient for one in self.world.submission.outbox]

    def submit(self, *recipients: str) -> list[bool]:
        """Whether each mail was accepted."""
        mails = [OutgoingMail(sender="r@x.example", recipient=r, raw=b"") for r in recipients]
        answers = self.submission.submit_each(mails)
        assert len(mails) == len(answers)
        return [not isinstance(one, PermanentError) for one in answers]


def test_a_change_that_changes_nothing_is_not_written() -> None:
    stack = Stack()
    stack.bounces("a@example.org")
    lists = stack.world.suppressions
    before = lists.load(SuppressionList().key)
    assert before is not None
    change_window(lists, SuppressionList(), lambda found: found)
    assert before == lists.load(SuppressionList().key)


def test_a_bounced_recipient_is_reported_as_permanently_failed_and_the_others_get_the_mail() -> (
    None
):
    stack = Stack()
    stack.bounces(ANNA)
    report = stack.relay()
    assert (1, 1) == (report.submitted, report.failed)
    assert [BEN] == stack.submitted()
    (notice,) = stack.world.notices.published
    assert Reason.SUBMISSION_FAILED is notice.reason
    assert "since the bounce of 2026-01-02T12:00:00Z" in notice.text
    assert f"relayctl bounces clear {ANNA}" in notice.text
    anna, _ = manifest_of(stack.world).deliveries
    assert DeliveryState.FAILED is anna.state


def test_once_it_is_cleared_a_redelivery_sends_the_mail_at_once() -> None:
    stack = Stack()
    stack.bounces(ANNA)
    stack.relay()
    stack.clears(ANNA.upper())
    anna, ben = manifest_of(stack.world).deliveries
    reopened = (replace(anna, state=DeliveryState.PENDING), ben)
    change(stack.world, replace(manifest_of(stack.world), deliveries=reopened))
    assert 1 == stack.relay().submitted
    assert [BEN, ANNA] == stack.submitted()


def test_the_list_is_read_when_it_is_old_and_not_for_each_mail() -> None:
    stack = Stack()
    assert [True] == stack.submit(ANNA)
    stack.bounces(ANNA)
    assert [True] == stack.submit(ANNA)
    stack.world.now += MINUTE
    assert [False] == stack.submit(ANNA)


def test_answers_are_in_the_order_of_the_mails_and_letter_case_does_not_matter() -> None:
    stack = Stack()
    stack.bounces("B@example.com", "d@EXAMPLE.com")
    found = stack.submit(*(f"{name}@example.com" for name in "abcde"))
    assert [True, False, True, False, True] == found
    assert [f"{name}@example.com" for name in "ace"] == stack.submitted()


def test_a_list_that_cannot_be_read_is_reported_and_the_last_one_holds() -> None:
    stack = Stack()
    down = TransientError(call="load", target="x", detail="slow down")
    stack.world.suppressions.faults.order("load", down)
    assert [True] == stack.submit(ANNA)
    stack.world.now += MINUTE
    stack.bounces(ANNA)
    assert [False, True] == stack.submit(ANNA, BEN)
    stack.world.now += MINUTE
    stack.world.suppressions.faults.order("load", down)
    assert [False] == stack.submit(ANNA)
    assert [down, down] == stack.errors


def test_a_list_that_could_not_be_read_ahead_is_read_for_the_first_mail() -> None:
    stack = Stack()
    stack.bounces(ANNA)
    down = TransientError(call="load", target="x", detail="slow down")
    stack.world.suppressions.faults.order("load", down)
    stack.submission.refresh()
    assert [False] == stack.submit(ANNA)
    assert [down] == stack.errors


def test_a_list_that_was_read_ahead_is_not_read_for_the_first_mail() -> None:
    stack = Stack()
    stack.submission.refresh()
    stack.bounces(ANNA)
    assert [True] == stack.submit(ANNA)


# --- the list

ADDRESSES = st.text("abAB", min_size=1, max_size=3).map(lambda name: f"{name}@example.com")
ENTRIES = st.builds(
    Suppressed,
    address=ADDRESSES,
    cause=st.sampled_from(Cause),
    at=st.datetimes(timezones=st.just(UTC)),
    detail=st.text(st.characters(codec="utf-8")),
)
LISTS = st.lists(ENTRIES, max_size=6).map(SuppressionList().adding)


@given(LISTS)
def test_parse_is_the_inverse_of_format(found: SuppressionList) -> None:
    assert found == parse_suppressions(format_suppressions(found))


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"{}", b'{"schema": 2}', b"\xff"])
def test_what_is_no_list_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_suppressions(document)


@given(LISTS, st.lists(ENTRIES, max_size=4), st.lists(ADDRESSES, max_size=4))
def test_each_address_is_in_it_once_until_it_is_cleared(
    before: SuppressionList, added: list[Suppressed], cleared: list[str]
) -> None:
    after = before.adding(added)
    assert len(after.entries) == len(after.by_address())
    assert after == after.adding(added)
    assert before.by_address().items() <= after.by_address().items()
    assert {one.address.lower() for one in added} <= after.by_address().keys()
    left = after.clearing(cleared).by_address().keys()
    assert left == after.by_address().keys() - {one.lower() for one in cleared}


def test_the_list_is_bounded_and_drops_the_oldest() -> None:
    full = SuppressionList().adding(
        replace(bounced(f"a{number}@example.com"), detail="x" * 1000)
        for number in range(MAX_ADDRESSES + 1)
    )
    assert MAX_ADDRESSES == len(full.entries)
    assert "a1@example.com" == full.entries[0].address
    assert MAX_DETAIL == len(full.entries[0].detail)
    assert len(format_suppressions(full)) < 2_000_000


def test_what_a_manifest_says_of_a_suppressed_recipient_fits_what_operators_read() -> None:
    stack = Stack()
    stack.bounces(ANNA, BEN)
    stack.relay()
    manifest: Manifest = manifest_of(stack.world)
    assert MessageId(ID) == manifest.message_id
    assert all("bounces clear" in (one.failure or "") for one in manifest.deliveries)
