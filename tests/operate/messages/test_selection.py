"""Which messages are listed, and that the newest are found without reading all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.messages.message_status import MessageStatus, explain_status, lease_at, status_of
from operate.messages.selection import SLACK, Candidate, Selection, newest, parse_moment
from relay_core.errors import Reason, Refusal
from relay_core.keys import MessageId
from relay_core.record.lease import Lease
from relay_core.record.manifest import DeliveryState, Manifest, ManifestState
from tests.operate.manifests import ANNA, BEN, CARL, NOW, left_out, manifest, manifests, to

FAILED, PENDING = DeliveryState.FAILED, DeliveryState.PENDING


def last_try(until: datetime) -> Lease:
    return Lease(holder="w", until=until, is_last_try=True)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (manifest("m", to(ANNA), to(BEN)), MessageStatus.DONE),
        (manifest("m", to(ANNA), refusals=(left_out(BEN),)), MessageStatus.PARTIAL),
        (manifest("m", to(ANNA, FAILED), refusals=(left_out(BEN),)), MessageStatus.FAILED),
        (manifest("m", to(ANNA, PENDING), is_dead=True), MessageStatus.DEAD),
        (manifest("m", to(ANNA), is_dead=True), MessageStatus.DONE),
        (
            manifest(
                "m",
                to(ANNA, PENDING),
                lease=last_try(until=NOW + timedelta(seconds=1)),
                is_dead=True,
            ),
            MessageStatus.RELAYING,
        ),
        (manifest("m", state=ManifestState.FAILING, is_dead=True), MessageStatus.DEAD),
        (manifest("m", state=ManifestState.HELD, is_dead=True), MessageStatus.HELD),
        (manifest("m", to(ANNA, PENDING), lease=last_try(until=NOW)), MessageStatus.DEAD),
        (
            manifest("m", to(ANNA, PENDING), lease=last_try(until=NOW + timedelta(seconds=1))),
            MessageStatus.RELAYING,
        ),
        (manifest("m", to(ANNA, PENDING), refusals=(left_out(BEN),)), MessageStatus.RELAYING),
        (manifest("m", to(ANNA), to(BEN, FAILED)), MessageStatus.FAILED),
        (manifest("m", to(ANNA, PENDING), to(BEN, FAILED)), MessageStatus.RELAYING),
        (manifest("m", to(ANNA, DeliveryState.SUBMITTING)), MessageStatus.RELAYING),
        *(
            (manifest("m", to(ANNA, PENDING), state=state), MessageStatus(state.value))
            for state in ManifestState
            if state is not ManifestState.RELAYING
        ),
    ],
)
def test_what_became_of_a_message(message: Manifest, status: MessageStatus) -> None:
    assert status is status_of(message, NOW)


@given(manifests())
def test_what_has_ended_stands_as_ended(message: Manifest) -> None:
    ended = {
        MessageStatus.DONE,
        MessageStatus.PARTIAL,
        MessageStatus.FAILED,
        MessageStatus.REFUSED,
        MessageStatus.IGNORED,
    }
    assert message.is_settled == (status_of(message, NOW) in ended)


def test_a_worker_has_a_message_until_its_lease_ends() -> None:
    lease = Lease(holder="w", until=NOW)
    message = manifest(lease=lease)
    assert lease is lease_at(message, NOW - timedelta(microseconds=1))
    assert lease_at(message, NOW) is None


def test_recipients_who_fail_alike_are_reported_together() -> None:
    problem = to(ANNA, PENDING, "SlowDown"), to(BEN), to(CARL, PENDING, "SlowDown")
    assert f"{ANNA}, {CARL}: SlowDown" == explain_status(manifest("m", *problem))
    refused = manifest(reason=Reason.SPAM, detail="SES says so", state=ManifestState.REFUSED)
    assert "spam; SES says so" == explain_status(refused)
    crowd = [to(f"{n}@example.com", FAILED, "no") for n in range(1000)]
    assert "0@example.com, 1@example.com, 2@example.com and 997 more: no" == explain_status(
        manifest("m", *crowd)
    )


def test_an_error_is_reported_once_and_not_after_its_mail_went_out() -> None:
    problem = replace(manifest("m", to(ANNA, PENDING, "SlowDown")), detail="SlowDown")
    assert f"{ANNA}: SlowDown" == explain_status(problem)
    assert "" == explain_status(replace(manifest("m", to(ANNA)), detail="SlowDown"))
    assert f"{BEN}: no" == explain_status(
        replace(manifest("m", to(BEN, FAILED, "no")), detail="SlowDown")
    )
    assert "SlowDown" == explain_status(manifest(detail="SlowDown", state=ManifestState.FAILING))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-01-02T03:04Z", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("2026-01-02T03:04", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("2026-01-02T03:04+01:00", datetime(2026, 1, 2, 2, 4, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
    ],
)
def test_a_moment(text: str, moment: datetime) -> None:
    assert moment == parse_moment(text, NOW)


@pytest.mark.parametrize("text", ["", "h", "2", "2 h", "-2h", "2y", "yesterday", "999999w"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither|before the year 1"):
        parse_moment(text, NOW)


@pytest.mark.parametrize(
    ("selection", "is_in"),
    [
        (Selection(), True),
        (Selection(since=NOW), True),
        (Selection(since=NOW + timedelta(microseconds=1)), False),
        (Selection(until=NOW), False),
        (Selection(until=NOW + timedelta(microseconds=1)), True),
        (Selection(sender="CAM@plant.example"), True),
        (Selection(sender="plant.example"), True),
        (Selection(sender="*.plant.example"), False),
        (Selection(sender="dam@plant.example"), False),
        (Selection(recipient=ANNA), True),
        (Selection(recipient="*.example.com"), True),
        (Selection(recipient="example.org"), False),
        (Selection(statuses=frozenset({MessageStatus.FAILED, MessageStatus.HELD})), True),
        (Selection(statuses=frozenset({MessageStatus.DONE})), False),
        (Selection(recipient=ANNA, statuses=frozenset({MessageStatus.DONE})), False),
    ],
)
def test_a_message_is_listed_if_all_that_is_asked_holds(
    selection: Selection,
    *,
    is_in: bool,
) -> None:
    message = manifest("m", to(ANNA), to(CARL, FAILED))
    assert is_in == selection.admits(message, NOW)


def test_recipients_that_were_left_out_are_found_and_listed() -> None:
    message = manifest("m", to(ANNA), refusals=(left_out(BEN),))
    assert Selection(recipient=BEN, statuses=frozenset({MessageStatus.PARTIAL})).admits(
        message, NOW
    )
    assert f"left out, recipient-not-allowed: {BEN} is not in allowedRecipients" == explain_status(
        message
    )


@pytest.mark.parametrize(
    ("message", "reasons"),
    [
        (manifest("m", to(ANNA)), set()),
        (manifest("m", to(ANNA), to(BEN, FAILED)), {Reason.SUBMISSION_FAILED}),
        (manifest("m", reason=Reason.SPAM, state=ManifestState.REFUSED), {Reason.SPAM}),
        (
            replace(
                manifest("m", to(ANNA)),
                refusals=(Refusal(reason=Reason.UNKNOWN_GROUP, detail="@oncall"),),
            ),
            {Reason.UNKNOWN_GROUP},
        ),
    ],
)
def test_a_message_is_listed_by_why_a_recipient_got_no_mail(
    message: Manifest, reasons: set[Reason]
) -> None:
    listed = {one for one in Reason if Selection(reasons=frozenset({one})).admits(message, NOW)}
    assert reasons == listed


def test_a_mail_without_a_sender_matches_no_sender() -> None:
    assert not Selection(sender="*").admits(manifest(sender=None), NOW)
    assert not Selection(recipient="*").admits(manifest(), NOW)


# The arrival of a message, and the time until its manifest was last written. S3 truncates that
# time to a second, and its clock may be slow.
WRITTEN = st.tuples(
    st.integers(0, 10**7).map(lambda ms: NOW + timedelta(milliseconds=ms)),
    st.integers(-5000, 10**7).map(lambda ms: timedelta(milliseconds=ms)),
)


@given(
    st.lists(WRITTEN, max_size=300),
    st.none() | st.integers(1, 20),
    st.none() | st.integers(0, 10**7).map(lambda ms: NOW + timedelta(milliseconds=ms)),
)
def test_the_newest_are_found_as_if_all_were_read(
    written: list[tuple[datetime, timedelta]], limit: int | None, since: datetime | None
) -> None:
    messages = {
        MessageId(f"m{number}"): manifest(f"m{number}", to(ANNA), created_at=created_at)
        for number, (created_at, _) in enumerate(written)
    }
    candidates = [
        Candidate(
            message_id=MessageId(f"m{number}"),
            written_at=(created_at + later).replace(microsecond=0),
        )
        for number, (created_at, later) in enumerate(written)
    ]

    def read(chunk: Sequence[Candidate]) -> list[Manifest]:
        return [messages[one.message_id] for one in reversed(chunk)]

    selection = Selection(since=since)
    found = newest(candidates, read, selection, limit, NOW)
    all_of_them = sorted(
        (one for one in messages.values() if selection.admits(one, NOW)),
        key=lambda one: (one.created_at, one.message_id),
        reverse=True,
    )
    assert all_of_them[:limit] == list(found.manifests)
    if len(all_of_them) > len(found.manifests):
        assert found.is_cut


def test_what_cannot_be_among_the_newest_is_not_read() -> None:
    hours = [timedelta(hours=number) for number in range(1000)]
    candidates = [
        Candidate(message_id=MessageId(f"m{number}"), written_at=NOW - ago)
        for number, ago in enumerate(hours)
    ]
    reads: list[MessageId] = []

    def read(chunk: Sequence[Candidate]) -> list[Manifest]:
        reads.extend(one.message_id for one in chunk)
        return [manifest(one.message_id, created_at=one.written_at) for one in chunk]

    found = newest(candidates, read, Selection(), 3, NOW)
    assert (["m0", "m1", "m2"], True) == ([m.message_id for m in found.manifests], found.is_cut)
    assert len(reads) < 100
    reads.clear()
    found = newest(candidates, read, Selection(since=NOW - timedelta(hours=4)), None, NOW)
    assert (5, False) == (len(found.manifests), found.is_cut)
    assert 5 == len(reads)


def test_a_manifest_may_seem_written_before_its_message_came() -> None:
    message = replace(manifest(), created_at=NOW + timedelta(milliseconds=900))
    candidate = Candidate(message_id=message.message_id, written_at=NOW)
    selection = Selection(since=NOW + timedelta(milliseconds=500))
    assert (message,) == newest([candidate], lambda _: [message], selection, None, NOW).manifests
    early = Candidate(message_id=MessageId("m"), written_at=NOW - SLACK)
    assert not selection.may_admit(early)


@pytest.mark.parametrize("number_of_others", range(1, 200))
def test_what_seems_a_little_older_than_what_was_found_is_read_as_well(
    number_of_others: int,
) -> None:
    # Reading may stop early, but not before this message.
    times = {f"m{number}": (NOW, NOW) for number in range(number_of_others)}
    times["late"] = (NOW - timedelta(seconds=2), NOW + timedelta(seconds=1))
    candidates = [
        Candidate(message_id=MessageId(name), written_at=written_at)
        for name, (written_at, _) in times.items()
    ]

    def read(chunk: Sequence[Candidate]) -> list[Manifest]:
        return [manifest(one.message_id, created_at=times[one.message_id][1]) for one in chunk]

    (found,) = newest(candidates, read, Selection(), 1, NOW).manifests
    assert "late" == found.message_id


@pytest.mark.parametrize(
    ("via", "wanted", "is_shown"),
    [
        ("old@in.example.com", "old@in.example.com", True),
        ("old+boiler7@in.example.com", "OLD@in.example.com", True),
        ("old+boiler7@in.example.com", "old+boiler7@in.example.com", True),
        ("old+boiler7@in.example.com", "old+boiler@in.example.com", False),
        ("old@in.example.com", "new@in.example.com", False),
        ("old@in.example.com", "old@in.example.org", False),
        ("old@in.example.com", "old+boiler7@in.example.com", False),
        ("old+boiler7+oncall@in.example.com", "old+boiler7@in.example.com", True),
        ("old+boiler7+oncall@in.example.com", "old+oncall@in.example.com", True),
        ("old+boiler7+oncall@in.example.com", "old+boiler7+oncall@in.example.com", True),
        ("new+boiler7+oncall@in.example.com", "old+boiler7@in.example.com", False),
        ("older+boiler7@in.example.com", "old+boiler7@in.example.com", False),
        ("older@in.example.com", "old@in.example.com", False),
        ("old+boiler7+oncall@in.example.com", "+Boiler7", True),
        ("old+boiler7+oncall@in.example.com", "+oncall", True),
        ("old+boiler77@in.example.com", "+boiler7", False),
        ("", "old@in.example.com", False),
        ("", "+boiler7", False),
    ],
)
def test_by_which_address_of_the_relay_it_came(via: str, wanted: str, *, is_shown: bool) -> None:
    message = replace(manifest("m", to(ANNA)), via=via)
    assert is_shown is Selection(via=wanted).admits(message, NOW)
