"""`relayctl list`, `show`, `redeliver` and `replay` on the emulator."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from adapters.aws.downloads import Download, format_download
from adapters.aws.sqs import Received
from relay_core.errors import Reason
from relay_core.keys import MessageId, RawKey
from relay_core.links.tokens import LinkKeys
from relay_core.record.lease import Lease
from relay_core.record.manifest import (
    Death,
    DeathCause,
    DeliveryState,
    Intervention,
    ManifestState,
)
from tests.operate.deployed import Answer, Deployed
from tests.operate.manifests import ANNA, BEN, CARL, NOW, attached, manifest, to

ROOT = Path(__file__).parent.parent.parent.parent
FAILED, PENDING = DeliveryState.FAILED, DeliveryState.PENDING
HOUR = timedelta(hours=1)
LEASE = Lease(holder="w", until=datetime.now(UTC) + HOUR)


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

    def test_what_is_cut_off_is_told(self, filled: Deployed) -> None:
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

    def test_whoever_watches_is_told_what_is_new_or_has_changed(
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
        told = [tuple(line.split("\t")[1:3]) for line in answer.stdout.splitlines()]
        first, then = told[:4], told[4:]
        names = ["relaying", "failed", "done", "held"]
        assert [(name, name) for name in names] == first
        assert [("done", "new"), ("done", "relaying")] == then

    def test_whoever_watches_is_told_of_a_worker_that_died(
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

    def test_nothing_is_told_where_there_is_nothing(self, filled: Deployed) -> None:
        assert "no message is as asked for" in filled.relayctl("list", "--since", "0s").stderr

    def test_one_that_cannot_be_read_hides_no_other(self, filled: Deployed) -> None:
        filled.store_document("broken", b"{}")
        answer = filled.relayctl("list", "--json")
        assert 1 == answer.status
        assert 4 == len(answer.lines)
        assert "1 manifests cannot be read, such as: s3:GetObject on " in answer.stderr
        assert f"{filled.attachments}/manifests/broken.json" in answer.stderr

    @pytest.mark.parametrize(
        "options",
        [("--since", "x"), ("--until", "x"), ("--sender", "a b"), ("--recipient", "*@x.org")],
    )
    def test_a_wrong_option_is_named(self, deployed: Deployed, options: tuple[str, str]) -> None:
        answer = deployed.relayctl("list", *options)
        assert 2 == answer.status
        assert options[0] in answer.stderr


def download(recipient: str, number: int | None, name: str) -> Download:
    return Download(
        message_id=MessageId("m1"),
        recipient=recipient,
        file=number,
        filename=name,
        at=NOW + 5 * HOUR,
        user_agent="Phone/1",
    )


class TestShow:
    def test_json_is_the_document_as_it_is_stored(self, deployed: Deployed) -> None:
        stored = json.loads(deployed_document := b'{"schema": 99, "x": ["\xc3\xbc", 1.5, null]}')
        deployed.store_document("new", deployed_document)
        deployed.store(manifest("m1", to(ANNA), reason=Reason.SPAM, lease=LEASE))
        for message_id, document in (
            ("new", stored),
            ("m1", json.loads(deployed.document("m1"))),
        ):
            answer = deployed.relayctl("show", message_id, "--json")
            assert (0, "") == (answer.status, answer.stderr)
            assert [document] == answer.lines

    def test_a_person_gets_all_of_it(self, deployed: Deployed) -> None:
        attachments = [
            attached("a.jpg"),
            attached("b.jpg", 1, failure="too large"),
            replace(attached("c.jpg", 2), revoked_at=NOW + HOUR),
        ]
        message = manifest(
            "m1",
            to(ANNA),
            to(BEN, FAILED, "MessageRejected"),
            reason=Reason.SPAM,
            detail="SES says so",
            lease=LEASE,
        )
        anna, ben = message.deliveries
        done = [
            Intervention(
                at=NOW + 2 * HOUR, by="arn:aws:iam::1:user/eve", what="extend", detail="d"
            ),
            Intervention(at=NOW + 3 * HOUR, by="\x1b[31mben@desk", what="replay"),
        ]
        deployed.store(
            replace(
                message,
                attachments=tuple(attachments),
                deliveries=(anna, replace(ben, revoked_at=NOW + 4 * HOUR)),
                interventions=tuple(done),
                deaths=(Death(queue_message="sqs-1", cause=DeathCause.TIME, at=NOW),),
            )
        )
        for number, name in ((1, "a.jpg"), (None, "Gate.zip")):
            deployed.store_download(download(ANNA, number, name))
        answer = deployed.relayctl("show", "m1")
        assert (0, "") == (answer.status, answer.stderr)
        for words in (
            "failed, at work",
            "spam",
            "SES says so",
            "worker w has it until",
            "incoming/m1",
            "cam@plant.example",
            f"ses-{ANNA}",
            "MessageRejected",
            "2026-01-02T12:00:00Z (",
            "a.jpg",
            "3.2 MB",
            "not kept",
            "too large",
            "they are over",
            "revoked 2026-01-02T13:00:00Z",
            "failed, link revoked 2026-01-02T16:00:00Z",
            "2026-01-02T14:00:00Z",
            "arn:aws:iam::1:user/eve",
            "extend",
            "ben@desk",
            "No. 1: a.jpg",
            "all files: Gate.zip",
            "2026-01-02T17:00:00Z",
            "by 2026-01-02T12:00:00Z",
            "time (functionTimeoutSeconds)",
            "sqs-1",
        ):
            assert words in answer.stdout
        assert "\x1b" not in answer.stdout

    def test_a_worker_whose_lease_ran_out_is_told_as_dead(self, deployed: Deployed) -> None:
        lease = replace(LEASE, until=NOW, queue_message="sqs-1")
        deployed.store(replace(manifest("m1"), state=ManifestState.FAILING, lease=lease))
        answer = deployed.relayctl("show", "m1")
        for words in ("that worker is gone", "memory, most likely (functionMemory)", "sqs-1"):
            assert words in answer.stdout

    def test_downloads_are_told_oldest_first_as_they_are_stored(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA)), manifest("m10"))
        told = [download(ANNA, 2, "b"), download(BEN, 1, "a"), download(ANNA, None, "x.zip")]
        told = [replace(one, at=NOW + n * HOUR) for n, one in enumerate(told)]
        for one in (told[2], told[0], told[1]):
            deployed.store_download(one)
        deployed.store_download(replace(told[0], message_id=MessageId("m10")))
        answer = deployed.relayctl("show", "m1", "--json", "--downloads")
        assert (0, "") == (answer.status, answer.stderr)
        manifest_line, *lines = answer.lines
        assert json.loads(deployed.document("m1")) == manifest_line
        assert [json.loads(format_download(one)) for one in told] == lines
        assert [manifest_line] == deployed.relayctl("show", "m1", "--json").lines

    def test_a_record_that_is_none_hides_no_other(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA)))
        deployed.store_download(download(ANNA, 1, "a.jpg"))
        deployed.emulator.client("s3").put_object(
            Bucket=deployed.attachments, Key="downloads/m1/0-broken.json", Body=b"{"
        )
        for options in ((), ("--json", "--downloads")):
            answer = deployed.relayctl("show", "m1", *options)
            assert 1 == answer.status
            assert "a.jpg" in answer.stdout
            assert "1 records of downloads cannot be read, such as downloads/m1/0-broken.json" in (
                answer.stderr
            )

    def test_every_kind_of_name(self, deployed: Deployed) -> None:
        # `.` is after `-`: by keys, a longer id may be before its own beginning.
        names = ["abc", "abc-1", "abc-2", "abd1"]
        deployed.store(*(manifest(name) for name in names))
        for name, expected in (
            ("abc", "abc"),
            ("incoming/abc", "abc"),
            ("abc-1", "abc-1"),
            ("abd", "abd1"),
        ):
            shown = deployed.relayctl("show", name, "--json")
            assert [expected] == [line["message_id"] for line in shown.lines]

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("ab", "ab may mean abc-1, abc-2: give more"),
            ("b", "b: no message"),
            ("incoming/ab", "incoming/ab has no manifest"),
            ("elsewhere/abc-1", "elsewhere/abc-1 has no manifest"),
            ("incoming/", "names no message"),
            ("", "names no message"),
        ],
    )
    def test_what_means_no_message_or_several(
        self, deployed: Deployed, name: str, words: str
    ) -> None:
        deployed.store(manifest("abc-1"), manifest("abc-2"))
        answer = deployed.relayctl("show", name)
        assert (1, "", 1) == (answer.status, answer.stdout, len(answer.stderr.splitlines()))
        assert words in answer.stderr

    def test_a_document_that_is_none_is_named(self, deployed: Deployed) -> None:
        deployed.store_document("broken", b"{")
        for options in ((), ("--json",)):
            answer = deployed.relayctl("show", "broken", *options)
            assert (1, "") == (answer.status, answer.stdout)
            assert "broken" in answer.stderr


class TestRedeliver:
    def test_those_who_failed_are_open_again_and_the_mail_is_announced(
        self, deployed: Deployed
    ) -> None:
        before = manifest("m1", to(ANNA), to(BEN, FAILED, "rejected"))
        deployed.store(before)
        answer = deployed.relayctl("redeliver", "m1", "--yes")
        assert (0, "m1: announced to the queue\n") == (answer.status, answer.stdout)
        assert f"{BEN} gets the mail: failed since" in answer.stderr
        assert ANNA not in answer.stderr
        after = deployed.manifest("m1")
        assert [DeliveryState.SUBMITTED, PENDING] == [one.state for one in after.deliveries]
        assert before.deliveries[0] == after.deliveries[0]
        arrived_at = deployed.stored_at("incoming/m1")
        expected = Received(raw_key=RawKey("incoming/m1"), arrived_at=arrived_at)
        assert [expected] == deployed.announced()
        assert [("redeliver", BEN)] == [(one.what, one.detail) for one in after.interventions]

    def test_who_is_named_gets_it_again_and_the_operator_knows(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA), to(BEN, FAILED), to(CARL, PENDING)))
        answer = deployed.relayctl("redeliver", "m1", "--recipient", "Anna@EXAMPLE.com", "--yes")
        assert 0 == answer.status
        assert f"{ANNA} gets the mail AGAIN" in answer.stderr
        assert f"{CARL} gets the mail: was still to get it" in answer.stderr
        states = [one.state for one in deployed.manifest("m1").deliveries]
        assert [PENDING, FAILED, PENDING] == states

    @pytest.mark.parametrize("state", [ManifestState.HELD, ManifestState.FAILING])
    def test_what_promised_nothing_is_released(
        self, deployed: Deployed, state: ManifestState
    ) -> None:
        deployed.store(manifest("m1", state=state, detail="why it was"))
        answer = deployed.relayctl("redeliver", "m1", "--yes")
        assert 0 == answer.status
        assert "why it was" in answer.stderr
        assert ManifestState.RELEASED is deployed.manifest("m1").state
        assert 1 == len(deployed.announced())

    def refused(self, deployed: Deployed, *arguments: str) -> str:
        before = deployed.document("m1")
        answer = deployed.relayctl("redeliver", "m1", "--yes", *arguments)
        assert (1, 1) == (answer.status, len(answer.stderr.splitlines()))
        assert before == deployed.document("m1")
        assert [] == deployed.announced()
        return answer.stderr

    def test_not_while_a_worker_has_it(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED), lease=LEASE))
        assert "worker w has it until" in self.refused(deployed)
        assert "worker w has it until" in self.refused(deployed, "--recipient", BEN)

    def test_not_without_its_raw_message(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED)), raw=False)
        deployed.store_raw("incoming/m1-another")
        assert "incoming/m1 is not in the incoming bucket" in self.refused(deployed)

    def test_not_to_who_is_no_recipient(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA)))
        assert f"{BEN} is no recipient of m1" in self.refused(deployed, "--recipient", BEN)

    def test_not_without_need(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA)))
        assert "every recipient has the mail" in self.refused(deployed)

    def test_a_dry_run_tells_and_does_nothing(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED)))
        before = deployed.document("m1")
        answer = deployed.relayctl("redeliver", "m1", "--dry-run")
        assert 0 == answer.status
        assert f"{BEN} gets the mail" in answer.stdout
        assert before == deployed.document("m1")
        assert [] == deployed.announced()

    def test_nobody_is_sent_dead_links_unawares(self, deployed: Deployed) -> None:
        created_at = datetime.now(UTC)
        message = manifest(
            "m1",
            to(BEN, FAILED),
            to(ANNA),
            attachments=(attached("a.jpg"),),
            created_at=created_at,
        )

        def told(deployed: Deployed) -> str:
            return deployed.relayctl("redeliver", "m1", "--dry-run").stdout

        deployed.store(message)
        assert "its attachments are gone" in told(deployed)
        assert f"EXTENDS the links of {ANNA} too: they are good until" in told(deployed)
        deployed.store_files(message)
        assert "attachments" not in told(deployed)
        assert f"EXTENDS the links of {ANNA} too: they are good until" in told(deployed)
        deployed.store(replace(message, expires_at=created_at))
        assert f"EXTENDS the links of {ANNA} too: they were good until" in told(deployed)
        assert "EXTENDS" not in told(deployed.without_page())
        assert 0 == deployed.relayctl("revoke", "m1", "--recipient", ANNA, "--yes").status
        assert "WARNING" not in told(deployed)
        assert 0 == deployed.relayctl("revoke", "m1", "--recipient", BEN, "--yes").status
        assert f"revoke m1 --recipient {BEN} --undo" in told(deployed)

    def test_if_the_queue_does_not_take_it_the_same_command_does_it(
        self, deployed: Deployed, tmp_path: Path
    ) -> None:
        deployed.store(manifest("m1", to(ANNA), to(BEN, FAILED)))
        rights = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
        powerless = deployed.as_user(rights, tmp_path)
        answer = powerless.relayctl("redeliver", "m1", "--yes")
        assert 1 == answer.status
        assert "sqs:SendMessage" in answer.stderr
        assert "nothing is lost: give the same command again" in answer.stderr
        assert [] == deployed.announced()
        answer = deployed.relayctl("redeliver", "m1", "--yes")
        assert 0 == answer.status
        assert 1 == len(deployed.announced())
        states = [one.state for one in deployed.manifest("m1").deliveries]
        assert [DeliveryState.SUBMITTED, PENDING] == states

    def test_without_a_terminal_it_is_not_done_unasked(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED)))
        before = deployed.document("m1")
        answer = deployed.relayctl("redeliver", "m1")
        assert (2, "") == (answer.status, answer.stdout)
        assert "give --yes" in answer.stderr
        assert before == deployed.document("m1")

    @pytest.mark.parametrize(("reply", "status", "number"), [("y", 0, 1), ("n", 1, 0), ("", 1, 0)])
    def test_at_a_terminal_it_is_asked(
        self, deployed: Deployed, reply: str, status: int, number: int
    ) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED)))
        result = at_a_terminal(deployed, reply, "redeliver", "m1")
        assert status == result.returncode
        assert b"Have it delivered? [y/N]" in result.stderr
        assert number == len(deployed.announced())


def at_a_terminal(
    deployed: Deployed, reply: str, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """A command typed at a terminal, with what the operator replies to its question."""
    master, terminal = pty.openpty()
    try:
        os.write(master, f"{reply}\n".encode())
        return subprocess.run(
            [
                *(sys.executable, "-m", "operate", *arguments),
                *("--ready-file", str(deployed.ready_file)),
            ],
            cwd=ROOT,
            stdin=terminal,
            capture_output=True,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(master)


class TestReplay:
    def test_a_raw_message_is_announced_under_every_name(self, deployed: Deployed) -> None:
        deployed.store_raw("incoming/a b+ü%41")
        deployed.store_raw("incoming/whole")
        deployed.store_raw("incoming/whole-2")
        answer = deployed.relayctl(
            "replay", "incoming/a b+ü%41", "whole", "whole-", "whole", "--yes"
        )
        assert (0, 3) == (answer.status, len(answer.stdout.splitlines())), answer.stderr
        keys = {one.raw_key for one in deployed.announced() if isinstance(one, Received)}
        assert {"incoming/a b+ü%41", "incoming/whole", "incoming/whole-2"} == keys
        assert 3 == len(deployed.announced())

    def test_an_id_means_the_raw_message_of_its_manifest(self, deployed: Deployed) -> None:
        odd = replace(manifest("a_b", to(ANNA, PENDING)), raw_key=RawKey("incoming/a b"))
        deployed.store(odd)
        assert 0 == deployed.relayctl("replay", "a_b", "--yes").status
        assert "incoming/a b" == getattr(deployed.announced()[0], "raw_key", None)

    @pytest.mark.parametrize(
        ("state", "after"),
        [
            (ManifestState.HELD, ManifestState.RELEASED),
            (ManifestState.REFUSED, ManifestState.RELEASED),
            (ManifestState.IGNORED, ManifestState.RELEASED),
            (ManifestState.FAILING, ManifestState.FAILING),
        ],
    )
    def test_what_has_ended_is_released_before(
        self, deployed: Deployed, state: ManifestState, after: ManifestState
    ) -> None:
        deployed.store(manifest("m1", state=state))
        assert 0 == deployed.relayctl("replay", "m1", "--yes").status
        assert after is deployed.manifest("m1").state
        assert 1 == len(deployed.announced())
        (noted,) = deployed.manifest("m1").interventions
        released = "released" if after is not state else ""
        assert ("replay", released) == (noted.what, noted.detail)

    def test_it_is_noted_while_a_worker_has_the_message(self, deployed: Deployed) -> None:
        message = manifest("m1", to(ANNA, PENDING), lease=LEASE)
        deployed.store(message)
        assert 0 == deployed.relayctl("replay", "m1", "--yes").status
        after = deployed.manifest("m1")
        assert ["replay"] == [one.what for one in after.interventions]
        assert message == replace(after, interventions=())

    def test_what_is_done_or_gone_stops_no_other(self, deployed: Deployed) -> None:
        deployed.store(manifest("done", to(ANNA)))
        deployed.store_raw("incoming/new")
        answer = deployed.relayctl("replay", "done", "incoming/gone", "gone", "new", "--yes")
        assert (1, "incoming/new: announced to the queue\n") == (answer.status, answer.stdout)
        for words in (
            "relayctl redeliver done",
            "incoming/gone is not in",
            "gone: no mail has this id",
        ):
            assert words in answer.stderr
        assert "incomingRetentionDays" not in answer.stderr
        assert 1 == len(deployed.announced())

    def test_the_short_id_of_a_list_is_enough_however_its_key_is_called(
        self, deployed: Deployed
    ) -> None:
        odd = replace(
            manifest("a_b=320e5c903cc83b98", to(ANNA, PENDING)), raw_key=RawKey("incoming/a b")
        )
        deployed.store(odd, manifest("a1"))
        deployed.store(manifest("old-one", to(ANNA, PENDING)), raw=False)
        answer = deployed.relayctl("replay", "a_b=320e5", "a", "old", "--yes")
        assert "incoming/a b: announced to the queue\n" == answer.stdout
        assert "a may mean a1, a_b=320e5c903cc83b98: give more" in answer.stderr
        assert "incoming/old-one is not in" in answer.stderr
        assert "any more: incomingRetentionDays" in answer.stderr

    def test_a_mail_of_a_similar_key_is_not_mistaken_for_it(self, deployed: Deployed) -> None:
        deployed.store(manifest("a_b", to(ANNA, PENDING)))
        deployed.store_raw("incoming/a b")
        answer = deployed.relayctl("replay", "incoming/a b", "--yes")
        assert (0, "incoming/a b: announced to the queue\n") == (answer.status, answer.stdout)
        assert () == deployed.manifest("a_b").interventions

    def test_nor_is_one_for_a_manifest_that_an_older_version_named_alike(
        self, deployed: Deployed
    ) -> None:
        deployed.store(replace(manifest("a_b", to(ANNA, PENDING)), raw_key=RawKey("incoming/a b")))
        deployed.store_raw("incoming/a_b")
        answer = deployed.relayctl("replay", "incoming/a_b", "--yes")
        assert 1 == answer.status
        assert "incoming/a_b would be taken for incoming/a b" in answer.stderr
        assert [] == deployed.announced()

    def test_a_dry_run_tells_and_does_nothing(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", state=ManifestState.HELD))
        before = deployed.document("m1")
        answer = deployed.relayctl("replay", "m1", "--dry-run")
        assert 0 == answer.status
        assert "is released" in answer.stdout
        assert before == deployed.document("m1")
        assert [] == deployed.announced()

    def test_without_a_terminal_it_is_not_done_unasked(self, deployed: Deployed) -> None:
        deployed.store_raw("incoming/m1")
        assert 2 == deployed.relayctl("replay", "m1").status
        assert [] == deployed.announced()


class TestRights:
    """What docs/relayctl.md says that an operator has to be allowed to do is enough."""

    def test_of_each_command(self, deployed: Deployed, tmp_path: Path) -> None:
        def allow(resource: str, *actions: str) -> dict[str, object]:
            return {"Effect": "Allow", "Action": list(actions), "Resource": resource}

        bucket = f"arn:aws:s3:::{deployed.attachments}"
        look = [
            allow(bucket, "s3:ListBucket"),
            allow(f"{bucket}/manifests/*", "s3:GetObject"),
        ]
        show = [*look, allow(f"{bucket}/downloads/*", "s3:GetObject")]
        change = [*look, allow(f"{bucket}/manifests/*", "s3:PutObject")]
        extend = [*change, allow(bucket, "s3:GetLifecycleConfiguration")]
        keys = f"arn:aws:ssm:{deployed.emulator.region}:000000000000:parameter"
        link = [*look, allow(f"{keys}{deployed.keys_parameter}", "ssm:GetParameter")]
        deliver = [
            *change,
            allow(f"arn:aws:s3:::{deployed.incoming}", "s3:ListBucket"),
            allow(deployed.arn_of(deployed.queue), "sqs:SendMessage"),
        ]
        examine = allow(
            deployed.arn_of(deployed.dead_letters),
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:ChangeMessageVisibility",
            # Part of the former in AWS (SQS API, "AddPermission"), but not in the emulator.
            "sqs:ChangeMessageVisibilityBatch",
        )
        send = allow(deployed.arn_of(deployed.queue), "sqs:SendMessage")
        delete = allow(deployed.arn_of(deployed.dead_letters), "sqs:DeleteMessage")
        deployed.store_files(
            manifest(
                "m1",
                to(ANNA, FAILED, "no"),
                created_at=datetime.now(UTC),
                attachments=(attached("a.jpg"),),
            )
        )
        deployed.keep_for(14)
        deployed.store_keys(LinkKeys(current=bytes(32)))
        deployed.store_download(download(ANNA, 1, "a.jpg"))
        deployed.fail(deployed.notification("incoming/m1"), "x")
        commands: list[tuple[list[dict[str, object]], str]] = [
            (show, "show m1"),
            (link, f"link m1 --recipient {ANNA}"),
            (change, "revoke m1 --attachment 1 --yes"),
            (change, "revoke m1 --attachment 1 --undo --yes"),
            (extend, "extend m1 --hours 1 --yes"),
            (look, "list"),
            ([*look, examine], "dlq list"),
            (deliver, "redeliver m1 --yes"),
            (deliver, "replay m1 --yes"),
            ([examine, delete], "dlq drop m1 --yes"),
            ([examine, send, delete], "dlq redrive --all --yes"),
        ]
        for rights, command in commands:
            answer = deployed.as_user(rights, tmp_path).relayctl(*command.split())
            assert 0 == answer.status, (command, answer.stderr)
        assert [] == deployed.visible(deployed.dead_letters)

    @pytest.mark.parametrize("missing", range(4))
    def test_without_one_of_them_nothing_is_done(
        self, deployed: Deployed, tmp_path: Path, missing: int
    ) -> None:
        bucket = f"arn:aws:s3:::{deployed.attachments}"
        rights = [
            ("s3:ListBucket", bucket),
            ("s3:GetObject", f"{bucket}/manifests/*"),
            ("s3:PutObject", f"{bucket}/manifests/*"),
            ("s3:GetLifecycleConfiguration", bucket),
        ]
        del rights[missing]
        message = manifest(
            "m1", to(ANNA), created_at=datetime.now(UTC), attachments=(attached("a.jpg"),)
        )
        deployed.store_files(message)
        user = deployed.as_user(
            [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights], tmp_path
        )
        for command in ("extend m1 --hours 1 --yes", "revoke m1 --yes")[
            : 1 if missing == 3 else 2
        ]:
            answer = user.relayctl(*command.split())
            assert 1 == answer.status, command
            assert "the rights that docs/relayctl.md lists" in answer.stderr, command
            assert message == deployed.manifest("m1")
