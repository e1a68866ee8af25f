"""`relayctl list`, and a stack that is not there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo

import pytest

from relay_core.keys import MessageId
from relay_core.links.reference import reference
from relay_core.record.lease import Lease
from relay_core.record.manifest import ManifestState
from tests.operate.commands.messages import FAILED, HOUR, LEASE, PENDING
from tests.operate.deployed import Answer, Deployed
from tests.operate.manifests import ANNA, BEN, CARL, manifest, to


def ids(answer: Answer) -> list[str]:
    assert 0 == answer.status, answer.stderr
    return [line["message_id"] for line in answer.lines]


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("show", "x"),
        ("redeliver", "x", "--yes"),
        ("replay", "x", "--yes"),
        ("replay", "--unannounced", "--yes"),
        ("list", "--unannounced"),
        ("empty", "--yes"),
        ("revoke", "x", "--yes"),
        ("extend", "x", "--hours", "1", "--yes"),
        ("link", "x", "--recipient", ANNA),
        ("dlq", "list"),
        ("dlq", "redrive", "--all", "--yes"),
        ("dlq", "drop", "--all", "--yes"),
    ],
)
def test_a_stack_that_is_not_there_is_an_error_of_one_line(
    command: tuple[str, ...], deployed: Deployed
) -> None:
    ready = json.loads(deployed.ready_file.read_text())
    for name in ("incomingBucket", "attachmentsBucket"):
        ready["stack"][name] = "nowhere"
    for name in ("queueUrl", "deadLetterQueueUrl"):
        ready["stack"][name] = f"{deployed.emulator.endpoint}/000000000000/nowhere"
    deployed.ready_file.write_text(json.dumps(ready))
    answer = deployed.relayctl(*command)
    assert (1, "", 1) == (answer.status, answer.stdout, len(answer.stderr.splitlines()))
    assert "nowhere" in answer.stderr
    assert "outputs of the right stack" in answer.stderr
    deployed.ready_file.unlink()
    answer = deployed.relayctl(*command)
    assert (2, "", 1) == (answer.status, answer.stdout, len(answer.stderr.splitlines()))
    assert str(deployed.ready_file) in answer.stderr


class TestList:
    @pytest.fixture
    def filled(self, deployed: Deployed) -> Deployed:
        now = datetime.now(UTC)
        deployed.store(
            manifest("done", to(ANNA), created_at=now - HOUR),
            manifest("failed", to(ANNA), to(BEN, FAILED, "rejected"), created_at=now - 2 * HOUR),
            manifest("relaying", to(CARL, PENDING), lease=LEASE, created_at=now - 3 * HOUR),
            manifest("held", state=ManifestState.HELD, sender="ups@x.org", created_at=now),
        )
        return deployed

    def test_all_are_listed_newest_first(self, filled: Deployed) -> None:
        answer = filled.relayctl("list", "--json")
        assert ["held", "done", "failed", "relaying"] == ids(answer)
        assert {
            "message_id": "relaying",
            "reference": reference(MessageId("relaying")),
            "raw_key": "incoming/relaying",
            "state": "relaying",
            "created_at": filled.manifest("relaying").created_at.isoformat(),
            "sender": "cam@plant.example",
            "subject": "Gate",
            "recipients": {"pending": 1, "submitting": 0, "submitted": 0, "failed": 0},
            "left_out": [],
            "attachments": 0,
            "reason": None,
            "detail": "",
            "via": None,
            "worker": {"holder": "w", "until": LEASE.until.isoformat()},
        } == answer.lines[-1]
        assert answer.lines[0]["worker"] is None

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (("--since", "90m"), ["held", "done"]),
            (("--until", "90m"), ["failed", "relaying"]),
            (("--since", "150m", "--until", "30m"), ["done", "failed"]),
            (("--sender", "x.org"), ["held"]),
            (("--recipient", BEN), ["failed"]),
            (("--recipient", "example.com", "--state", "failed"), ["failed"]),
            (("--state", "held", "--state", "relaying"), ["held", "relaying"]),
            (("--reference", reference(MessageId("failed"))), ["failed"]),
            (("--reference", reference(MessageId("held")).lower(), "--state", "done"), []),
            (("--state", "released"), []),
            (("--limit", "4"), ["held", "done", "failed", "relaying"]),
            (("--limit", "0"), ["held", "done", "failed", "relaying"]),
        ],
    )
    def test_filters(
        self, filled: Deployed, options: tuple[str, ...], expected: list[str]
    ) -> None:
        answer = filled.relayctl("list", "--json", *options)
        assert expected == ids(answer)
        assert "" == answer.stderr

    def test_progress_counts_what_is_read(
        self, filled: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        totals: dict[str, int | None] = {}

        @contextmanager
        def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
            totals[label] = total
            yield lambda _: None

        monkeypatch.setattr("operate.commands.listing.progress", progress)
        filled.relayctl("list", "--reference", reference(MessageId("failed")))
        assert {"Listing manifests": None, "Reading manifests": 1} == totals

    def test_what_is_cut_off_is_reported(self, filled: Deployed) -> None:
        answer = filled.relayctl("list", "--json", "--limit", "2")
        assert ["held", "done"] == ids(answer)
        assert "there may be more" in answer.stderr

    def test_more_than_a_page_of_the_bucket(self, deployed: Deployed) -> None:
        s3 = deployed.emulator.client("s3")
        for number in range(1001):
            s3.put_object(Bucket=deployed.attachments, Key=f"manifests/0{number}.txt", Body=b"")
        deployed.store(manifest("z"))
        assert ["z"] == ids(deployed.relayctl("list", "--json"))

    def test_a_pipe_gets_a_line_a_message_with_tabs(self, filled: Deployed) -> None:
        filled.store(manifest("\x1b[31m", to(ANNA), subject="\x1b[31m[red]\t\r\n x"))
        answer = filled.relayctl("list")
        lines = [line.split("\t") for line in answer.stdout.splitlines()]
        assert [7] * 5 == [len(line) for line in lines]
        held, _, failed, relaying, odd = lines
        assert ["held", "held", "-", "ups@x.org", "Gate", ""] == held[1:]
        assert ["failed", "failed", "1/2", "cam@plant.example", "Gate"] == failed[1:-1]
        assert f"{BEN}: rejected" == failed[-1]
        assert f"at work; {CARL}: pending" == relaying[-1]
        assert "2026-01-02T12:00:00Z" == odd[0]
        assert "\N{REPLACEMENT CHARACTER}[31m[red] x" == odd[5]
        assert "\x1b" not in answer.stdout

    def test_a_watcher_sees_what_is_new_or_has_changed(
        self, filled: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pauses = iter(range(2))

        def pause(_: float) -> None:
            if next(pauses, None) is None:
                raise KeyboardInterrupt
            filled.store(manifest("relaying", to(CARL)), manifest("new", to(ANNA)))

        monkeypatch.setattr("operate.commands.listing.sleep", pause)
        answer = filled.relayctl("list", "--watch")
        assert (0, "") == (answer.status, answer.stderr)
        rows = [tuple(line.split("\t")[1:3]) for line in answer.stdout.splitlines()]
        first, then = rows[:4], rows[4:]
        names = ["relaying", "failed", "done", "held"]
        assert [(name, name) for name in names] == first
        assert [("done", "new"), ("done", "relaying")] == then

    def test_a_watcher_sees_a_worker_that_died(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        until = datetime.now(UTC) + HOUR
        lease = Lease(holder="w", until=until, is_last_try=True)
        deployed.store(manifest("m1", to(CARL, PENDING), lease=lease))
        pauses = iter(range(1))

        class Later(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return until.astimezone(tz)

        def pause(_: float) -> None:
            if next(pauses, None) is None:
                raise KeyboardInterrupt
            monkeypatch.setattr("operate.commands.listing.datetime", Later)

        monkeypatch.setattr("operate.commands.listing.sleep", pause)
        answer = deployed.relayctl("list", "--watch")
        assert ["relaying", "dead"] == [line.split("\t")[1] for line in answer.stdout.splitlines()]

    def test_nothing_is_reported_where_there_is_nothing(self, filled: Deployed) -> None:
        assert "no message matches" in filled.relayctl("list", "--since", "0s").stderr

    def test_one_that_cannot_be_read_hides_no_other(self, filled: Deployed) -> None:
        filled.store_document("broken", b"{}")
        answer = filled.relayctl("list", "--json")
        assert 1 == answer.status
        assert 4 == len(answer.lines)
        assert "1 manifests cannot be read, such as: s3:GetObject on " in answer.stderr
        assert f"{filled.attachments}/manifests/broken.json" in answer.stderr

    @pytest.mark.parametrize(
        "options",
        [
            ("--since", "x"),
            ("--until", "x"),
            ("--sender", "a b"),
            ("--recipient", "*@x.org"),
            ("--via", "old"),
            ("--via", "in.example.com"),
            ("--via", "+boiler7@in.example.com"),
            ("--via", "+"),
            ("--via", "+a b"),
            ("--via", "old@in,example.com"),
            ("--via", ""),
        ],
    )
    def test_a_wrong_option_is_named(self, deployed: Deployed, options: tuple[str, str]) -> None:
        answer = deployed.relayctl("list", *options)
        assert 2 == answer.status
        assert options[0] in answer.stderr
