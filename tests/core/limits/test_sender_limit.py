"""A flooding sender's mail is held, with one notice, and none of it is lost."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from relay_core.errors import Conflict, Reason, TransientError
from relay_core.keys import MessageId, RawKey, WindowKey
from relay_core.limits.notice_claim import PATIENCE, NoticeClaim
from relay_core.limits.sender_limit import SenderWindow, format_window, parse_window
from relay_core.ports import Version
from relay_core.record.manifest import ManifestState
from relay_core.record.report import Outcome, RelayReport
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
    sender_message_limit=2,
    sender_window=timedelta(seconds=300),
)
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def mail(sender: str = "pump@plant.example", code: str = "anna@example.com") -> bytes:
    return (
        f"From: Pump <{sender}>\r\nSubject: Alarm\r\n\r\n"
        f":Email_Rxers_Code:{code}:Email_Rxers_Code:\r\n"
    ).encode()


def relay(
    world: MemoryWorld,
    name: str,
    raw: bytes | None = None,
    *,
    arrived_at: datetime | None = NOON,
    settings: Settings = SETTINGS,
) -> RelayReport:
    key = RawKey(f"incoming/{name}")
    return world.relay(mail() if raw is None else raw, settings, key=key, arrived_at=arrived_at)


def outcomes(world: MemoryWorld, *names: str) -> list[Outcome]:
    return [relay(world, name).outcome for name in names]


def state(world: MemoryWorld, name: str) -> ManifestState | None:
    stored = world.manifests.load(MessageId(name))
    return None if stored is None else stored.manifest.state


RELAYED, HELD, DUPLICATE = Outcome.RELAYED, Outcome.HELD, Outcome.DUPLICATE


def test_what_is_over_the_limit_is_held_and_reported_once() -> None:
    world = MemoryWorld()
    assert [RELAYED, RELAYED, HELD, HELD, HELD] == outcomes(world, *"abcde")
    assert 2 == len(world.submission.outbox)
    (notice,) = world.notices.published
    assert Reason.LIMIT_EXCEEDED == notice.reason
    assert "incoming/c" in notice.text
    assert "over 2 mails in 300 seconds" in notice.text
    assert "until 2026-11-25T12:05:00Z" in notice.text
    assert [ManifestState.RELAYING] * 2 + [ManifestState.HELD] * 3 == [
        state(world, name) for name in "abcde"
    ]
    assert {} == world.attachments.attachments


def test_the_next_mail_reports_a_flood_whose_notice_failed() -> None:
    world = MemoryWorld()
    outcomes(world, *"ab")
    down = TransientError(call="publish", target="x", detail="SNS is down")
    world.notices.faults.order("publish", down)
    with pytest.raises(TransientError):
        relay(world, "c")
    assert [HELD, HELD, HELD] == outcomes(world, *"def")
    (notice,) = world.notices.published
    assert "incoming/d" in notice.text
    assert HELD is relay(world, "c").outcome
    assert 1 == len(world.notices.published)


def test_a_window_of_schema_1_was_reported() -> None:
    at = SenderWindow.at(NOON, sender=None, length=timedelta(seconds=300))
    for first_over, claim in ((None, NoticeClaim()), ("c", NoticeClaim(is_published=True))):
        document = json.loads(format_window(at)) | {"schema": 1, "first_over": first_over}
        del document["telling"]
        window = parse_window(json.dumps(document).encode())
        assert replace(at, claim=claim) == window


def test_a_flood_whose_worker_stopped_before_its_notice_is_reported_a_minute_later() -> None:
    world = MemoryWorld()
    outcomes(world, *"ab")
    world.notices.faults.order("publish", SystemExit())
    with pytest.raises(SystemExit):
        relay(world, "c")
    assert [HELD] == outcomes(world, "d")
    assert [] == world.notices.published
    world.now += PATIENCE
    assert [HELD, HELD] == outcomes(world, *"ef")
    (notice,) = world.notices.published
    assert "incoming/e" in notice.text


def test_a_held_manifest_says_what_the_operator_needs_to_find_the_mail() -> None:
    world = MemoryWorld()
    outcomes(world, *"abc")
    stored = world.manifests.load(MessageId("c"))
    assert stored is not None
    manifest = stored.manifest
    assert ("incoming/c", "pump@plant.example", "Alarm") == (
        manifest.raw_key,
        manifest.sender,
        manifest.subject,
    )
    assert ((), ()) == (manifest.attachments, manifest.deliveries)


def test_a_redelivery_does_not_count_twice() -> None:
    world = MemoryWorld()
    assert [RELAYED, DUPLICATE, RELAYED, DUPLICATE] == outcomes(world, *"aaba")
    assert [HELD, HELD, HELD] == outcomes(world, *"ccd")
    assert 2 == len(world.submission.outbox)
    assert 1 == len(world.notices.published)


def test_a_redelivery_in_a_later_window_counts_in_its_own() -> None:
    world = MemoryWorld()
    throttled = TransientError(call="load", target="x", detail="slow down")
    world.attachments.faults.order("store", throttled)
    raw = mail() + b"begin 644 a.log\r\n#0V%T\r\n`\r\nend\r\n"
    with pytest.raises(TransientError):
        relay(world, "a", raw)
    outcomes(world, "b")
    world.now += timedelta(hours=1)
    assert RELAYED is relay(world, "a", raw).outcome
    assert HELD is relay(world, "c").outcome


def test_the_next_window_begins_anew() -> None:
    world = MemoryWorld()
    outcomes(world, *"abc")
    later = NOON + timedelta(seconds=300)
    assert RELAYED is relay(world, "d", arrived_at=later).outcome


def test_each_sender_has_a_limit_of_its_own() -> None:
    world = MemoryWorld()
    outcomes(world, *"abc")
    assert RELAYED is relay(world, "d", mail("valve@plant.example")).outcome
    assert HELD is relay(world, "e", mail("PUMP@Plant.example")).outcome


def test_mails_without_a_sender_share_one_limit() -> None:
    world = MemoryWorld()
    code = b"\r\n:Email_Rxers_Code:anna@example.com:Email_Rxers_Code:\r\n"
    raws = [b"From: App1\r\n" + code, b"From: App2\r\n" + code, b"Subject: x\r\n" + code]
    assert [RELAYED, RELAYED, HELD] == [
        relay(world, str(number), raw).outcome for number, raw in enumerate(raws)
    ]


def test_a_flood_of_mails_that_would_be_refused_is_reported_once_more() -> None:
    world = MemoryWorld()
    codeless = b"From: pump@plant.example\r\n\r\nno code"
    found = [relay(world, str(number), codeless).outcome for number in range(5)]
    assert [Outcome.REFUSED] * 2 + [HELD] * 3 == found
    assert [Reason.NO_RECIPIENT_CODE] * 2 + [Reason.LIMIT_EXCEEDED] == [
        notice.reason for notice in world.notices.published
    ]


@pytest.mark.parametrize(
    "verdict", ["X-SES-Virus-Verdict: FAIL", "Authentication-Results: amazonses.com; dmarc=fail"]
)
def test_forged_mail_uses_up_nothing(verdict: str) -> None:
    world = MemoryWorld()
    forged = f"Received: x\r\n{verdict}\r\n".encode() + mail()
    for number in range(5):
        assert Outcome.REFUSED is relay(world, f"forged-{number}", forged).outcome
    assert [RELAYED, RELAYED, HELD] == outcomes(world, *"abc")


def test_it_is_off_by_default() -> None:
    world = MemoryWorld()
    off = replace(SETTINGS, sender_message_limit=0)
    assert [RELAYED] * 9 == [relay(world, str(n), settings=off).outcome for n in range(9)]
    assert {} == world.windows.documents


def test_a_released_mail_is_relayed_and_not_counted() -> None:
    world = MemoryWorld()
    outcomes(world, *"abcd")
    stored = world.manifests.load(MessageId("c"))
    assert stored is not None
    released = replace(stored.manifest, state=ManifestState.RELEASED)
    world.manifests.replace(released, stored.version)
    report = relay(world, "c")
    assert (RELAYED, 1) == (report.outcome, report.submitted)
    assert ManifestState.RELAYING is state(world, "c")
    again = relay(world, "c")
    assert (0, 1) == (again.submitted, again.already_submitted)
    assert 3 == len(world.submission.outbox)
    assert 1 == len(world.notices.published)
    assert HELD is relay(world, "d").outcome


def test_held_mail_is_relayed_at_its_next_delivery_once_the_limit_is_off() -> None:
    world = MemoryWorld()
    outcomes(world, *"abc")
    off = replace(SETTINGS, sender_message_limit=0)
    assert RELAYED is relay(world, "c", settings=off).outcome
    assert 3 == len(world.submission.outbox)


FAULTS = [
    ("windows", "load"),
    ("windows", "create"),
    ("windows", "replace"),
    ("manifests", "load"),
    ("manifests", "create"),
    ("notices", "publish"),
]


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize(("port", "method"), FAULTS)
def test_a_failure_anywhere_loses_no_mail_and_no_notice(
    port: str, method: str, *, after_effect: bool
) -> None:
    world = MemoryWorld()
    throttled = TransientError(call=method, target="x", detail="slow down")
    getattr(world, port).faults.order(method, throttled, after_effect=after_effect)
    for name in "abcdabcd":
        try:
            relay(world, name)
        except TransientError as error:
            assert error is throttled  # noqa: PT017 - most runs raise nothing here
    assert Counter({ManifestState.RELAYING: 2, ManifestState.HELD: 2}) == Counter(
        state(world, name) for name in "abcd"
    )
    assert 2 == len(world.submission.outbox)
    assert 1 <= len(world.notices.published) <= 2


class Rival:
    """Another worker that always writes first, until the limit is reached."""

    def __init__(self, windows: MemoryWindows[SenderWindow], names: list[str]) -> None:
        self.windows = windows
        self.names = names

    def load(self, key: WindowKey) -> object:
        stored = self.windows.load(key)
        if self.names:
            rival = MessageId(self.names.pop(0))
            if stored is None:
                empty = SenderWindow.at(
                    NOON, sender="pump@plant.example", length=timedelta(seconds=300)
                )
                self.windows.create(empty.with_message(rival, 2, NOON))
            else:
                counted = stored.window.with_message(rival, 2, NOON)
                if counted != stored.window:
                    self.windows.replace(counted, stored.version)
        return stored

    def create(self, window: SenderWindow) -> Version:
        return self.windows.create(window)

    def replace(self, window: SenderWindow, expected: Version) -> Version:
        return self.windows.replace(window, expected)


@pytest.mark.parametrize("rivals", range(12))
def test_workers_that_meet_at_one_sender_are_through_in_the_end(rivals: int) -> None:
    world = MemoryWorld()
    names = [f"rival-{number}" for number in range(rivals)]
    ports = replace(world.ports, windows=Rival(world.windows, names))  # type: ignore[arg-type] # not a subclass of the fake
    key = RawKey("incoming/a")
    world.incoming.messages[key] = received(mail())
    report = relay_message(key, SETTINGS, ports, world.worker(), arrived_at=NOON)
    assert (HELD if rivals >= 2 else RELAYED) is report.outcome


def test_a_store_that_never_stops_refusing_leaves_the_mail_to_the_queue() -> None:
    world = MemoryWorld()
    conflict = Conflict(call="create", target="x", detail="another write is under way")
    world.windows.faults.order("create", conflict, times=1000)
    with pytest.raises(TransientError):
        relay(world, "a")
    assert ([], []) == (world.submission.outbox, world.notices.published)
