"""`relayctl dlq` on the emulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relay_core.errors import Reason
from relay_core.record.manifest import DeliveryState, ManifestState
from tests.operate.commands.terminal import at_a_terminal
from tests.operate.deployed import Answer, Deployed
from tests.operate.manifests import ANNA, BEN, manifest, to

PENDING = DeliveryState.PENDING


class TestList:
    def test_each_is_listed_with_what_went_wrong(self, deployed: Deployed) -> None:
        deployed.store(
            manifest("throttled", to(ANNA), to(BEN, PENDING, "TooManyRequests")),
            manifest("failing", state=ManifestState.FAILING, detail="AccessDenied on s3"),
            manifest("done", to(ANNA)),
            manifest("spam", state=ManifestState.REFUSED, reason=Reason.SPAM, detail="SES: FAIL"),
        )
        deployed.store_document("broken", b"{}")
        names = ["throttled", "failing", "done", "spam", "broken", "unknown"]
        sent = deployed.fail(*(deployed.notification(f"incoming/{name}") for name in names), "x")
        answer = deployed.relayctl("dlq", "list", "--json")
        assert (0, "") == (answer.status, answer.stderr)
        by_id = {line["sqs_message_id"]: line for line in answer.lines}
        assert set(sent) == by_id.keys()
        expected = [
            f"relaying: {BEN}: TooManyRequests",
            "failing: AccessDenied on s3",
            "done (it is finished by now",
            "refused: spam; SES: FAIL (it is finished by now",
            f"the manifest cannot be read: s3:GetObject on {deployed.attachments}/manifests/b",
            "no manifest: ",
            f"no S3 notification of bucket {deployed.incoming}",
        ]
        for sqs_message_id, reason in zip(sent, expected, strict=True):
            assert by_id[sqs_message_id]["reason"].startswith(reason)
        assert "search the log group /aws/lambda/relay for unknown" in by_id[sent[5]]["reason"]
        first = by_id[sent[0]]
        assert (["incoming/throttled"], "2026-01-02T03:04:05.678000+00:00", 0) == (
            first["raw_keys"],
            first["arrived_at"],
            first["tries"],
        )
        assert ([], None) == (by_id[sent[6]]["raw_keys"], by_id[sent[6]]["arrived_at"])

    def test_more_than_one_call_hands_out_each_once_and_all_stay(self, deployed: Deployed) -> None:
        sent = deployed.fail(*(deployed.notification(f"incoming/{n}") for n in range(35)))
        before = deployed.visible(deployed.dead_letters)
        for _ in range(2):
            answer = deployed.relayctl("dlq", "list", "--json")
            assert sorted(sent) == sorted(line["sqs_message_id"] for line in answer.lines)
            assert before == deployed.visible(deployed.dead_letters)
        assert [] == deployed.announced()

    def test_several_mails_in_one_message_are_distinguished(self, deployed: Deployed) -> None:
        deployed.store(manifest("b", state=ManifestState.FAILING, detail="why"))
        entries = [
            json.loads(deployed.notification(key))["Records"][0]
            for key in ("incoming/a", "incoming/b", "incoming/AMAZON_SES_SETUP_NOTIFICATION")
        ]
        deployed.fail(json.dumps({"Records": entries}))
        (line,) = deployed.relayctl("dlq", "list", "--json").lines
        assert ["incoming/a", "incoming/b"] == line["raw_keys"]
        for words in ("incoming/a: no manifest", "incoming/b: failing: why", "SES writes it"):
            assert words in line["reason"]

    def test_a_person_gets_a_table(self, deployed: Deployed) -> None:
        assert "the dead-letter queue is empty" in deployed.relayctl("dlq", "list").stderr
        deployed.store(manifest("m1", state=ManifestState.FAILING, detail="\x1b[31m[red]"))
        deployed.fail(deployed.notification("incoming/m1"))
        answer = deployed.relayctl("dlq", "list")
        for words in ("2026-01-02T03:04:05Z", "incoming/m1", "[red]"):
            assert words in answer.stdout
        assert "\x1b" not in answer.stdout
        (line,) = answer.stdout.splitlines()
        assert ["2026-01-02T03:04:05Z", "incoming/m1"] == line.split("\t")[::2][:2]

    def test_messages_that_another_reader_has_received_are_reported(
        self, deployed: Deployed
    ) -> None:
        deployed.fail("x")
        sqs = deployed.emulator.client("sqs")
        assert sqs.receive_message(QueueUrl=deployed.dead_letters, VisibilityTimeout=600)
        answer = deployed.relayctl("dlq", "list")
        assert (0, "") == (answer.status, answer.stdout)
        assert "about 1 message more could not be received" in answer.stderr

    def test_what_cannot_be_put_back_is_reported(self, deployed: Deployed, tmp_path: Path) -> None:
        deployed.fail("x")
        actions = ["sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        rights = [{"Effect": "Allow", "Action": actions, "Resource": "*"}]
        answer = deployed.as_user(rights, tmp_path).relayctl("dlq", "list", "--json")
        assert (0, 1) == (answer.status, len(answer.lines))
        assert "stay hidden until their visibility timeout ends" in answer.stderr
        assert "AccessDenied" in answer.stderr


def failed_at(deployed: Deployed, *names: str) -> dict[str, str]:
    """Create dead letters of mails with these names; return their bodies."""
    bodies = {name: deployed.notification(f"incoming/{name}") for name in names}
    deployed.fail(*bodies.values())
    return bodies


def done(number: int, deed: str) -> str:
    return f"{number} message{'' if number == 1 else 's'} {deed}\n"


class TestRedrive:
    def test_all_come_back_to_the_queue_as_they_were(self, deployed: Deployed) -> None:
        bodies = [*failed_at(deployed, *(str(n) for n in range(25))).values(), "no JSON"]
        deployed.fail("no JSON")
        answer = deployed.relayctl("dlq", "redrive", "--all", "--yes")
        assert (0, done(26, "moved back to the queue")) == (answer.status, answer.stdout)
        assert sorted(bodies) == deployed.visible(deployed.queue)
        assert [] == deployed.visible(deployed.dead_letters)

    def test_those_that_are_named_and_no_others(self, deployed: Deployed) -> None:
        bodies = failed_at(deployed, "abc-1", "abd-1", "b", "c", "d")
        (bad,) = deployed.fail("no JSON")
        # two messages of one mail, with one name
        deployed.fail(bodies["c"])
        names = ["abc", "incoming/b", "c", bad[:13]]
        answer = deployed.relayctl("dlq", "redrive", *names, "--yes")
        assert (0, done(5, "moved back to the queue")) == (answer.status, answer.stdout)
        moved = [bodies["abc-1"], bodies["b"], bodies["c"], bodies["c"], "no JSON"]
        assert sorted(moved) == deployed.visible(deployed.queue)
        left = [bodies["abd-1"], bodies["d"]]
        assert sorted(left) == deployed.visible(deployed.dead_letters)

    def test_an_empty_queue_is_no_error(self, deployed: Deployed) -> None:
        answer = deployed.relayctl("dlq", "redrive", "--all", "--yes")
        assert (0, done(0, "moved back to the queue")) == (answer.status, answer.stdout)

    @pytest.mark.parametrize(
        ("missing", "in_queue"), [("sqs:SendMessage", 0), ("sqs:DeleteMessage", 1)]
    )
    def test_without_a_right_it_is_reported_and_nothing_is_lost(
        self, deployed: Deployed, tmp_path: Path, missing: str, in_queue: int
    ) -> None:
        (body,) = failed_at(deployed, "m1").values()
        rights: list[dict[str, object]] = [
            {"Effect": "Allow", "Action": ["sqs:*", "s3:*"], "Resource": "*"},
            {"Effect": "Deny", "Action": missing, "Resource": "*"},
        ]
        answer = deployed.as_user(rights, tmp_path).relayctl("dlq", "redrive", "--all", "--yes")
        assert (1, done(0, "moved back to the queue")) == (answer.status, answer.stdout)
        assert missing in answer.stderr
        assert [body] * in_queue == deployed.visible(deployed.queue)
        assert [body] == deployed.visible(deployed.dead_letters)


class TestDrop:
    def test_those_that_are_named_and_no_others(self, deployed: Deployed) -> None:
        bodies = failed_at(deployed, "a", "b")
        answer = deployed.relayctl("dlq", "drop", "a", "--yes")
        assert (0, done(1, "deleted")) == (answer.status, answer.stdout)
        assert [bodies["b"]] == deployed.visible(deployed.dead_letters)
        assert [] == deployed.visible(deployed.queue)

    def test_a_dropped_mail_comes_back_by_replay(self, deployed: Deployed) -> None:
        deployed.store_raw("incoming/a")
        failed_at(deployed, "a")
        assert 0 == deployed.relayctl("dlq", "drop", "--all", "--yes").status
        assert [] == deployed.visible(deployed.dead_letters)
        assert 0 == deployed.relayctl("replay", "a", "--yes").status
        assert ["incoming/a"] == [getattr(one, "raw_key", None) for one in deployed.announced()]


@pytest.mark.parametrize("command", ["redrive", "drop"])
class TestBoth:
    def refused(self, deployed: Deployed, *arguments: str) -> Answer:
        before = deployed.visible(deployed.dead_letters)
        answer = deployed.relayctl("dlq", *arguments)
        assert "" == answer.stdout
        assert before == deployed.visible(deployed.dead_letters)
        assert [] == deployed.visible(deployed.queue)
        return answer

    def test_a_name_that_means_nothing_stops_all(self, deployed: Deployed, command: str) -> None:
        failed_at(deployed, "abc")
        answer = self.refused(deployed, command, "abc", "x", "--yes")
        assert (1, 1) == (answer.status, len(answer.stderr.splitlines()))
        assert "x: no message of the dead-letter queue" in answer.stderr

    def test_it_is_said_which(self, deployed: Deployed, command: str) -> None:
        failed_at(deployed, "a")
        for arguments in ((), ("a", "--all")):
            answer = self.refused(deployed, command, *arguments, "--yes")
            assert 2 == answer.status
            assert "--all" in answer.stderr

    def test_without_a_terminal_it_is_not_done_unasked(
        self, deployed: Deployed, command: str
    ) -> None:
        failed_at(deployed, "a")
        answer = self.refused(deployed, command, "--all")
        assert 2 == answer.status
        assert "give --yes" in answer.stderr

    @pytest.mark.parametrize(("reply", "left"), [("y", 0), ("n", 2)])
    def test_at_a_terminal_it_is_asked(
        self, deployed: Deployed, command: str, reply: str, left: int
    ) -> None:
        failed_at(deployed, "a", "b")
        result = at_a_terminal(deployed, reply, "dlq", command, "--all")
        assert (1 if left else 0) == result.returncode
        assert b"2 messages" in result.stderr
        assert left == len(deployed.visible(deployed.dead_letters))
