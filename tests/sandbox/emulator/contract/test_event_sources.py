from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.emulator.running import Emulator
from sandbox.emulator.workers import WorkerProcess, find_workers, kill_worker
from tests.sandbox.emulator.contract.resources import (
    allow,
    archive,
    invoke,
    make_function,
    make_queue,
    make_role,
    messages,
)
from tests.waiting import eventually

HANDLER = """
import json, os, time, boto3
sqs = boto3.client("sqs")
def handler(event, context):
    failed = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        count = int(record["attributes"]["ApproximateReceiveCount"])
        at = record["attributes"]
        seen = {"id": order["id"], "count": count, "keys": sorted(record),
                "batch": len(event["Records"]),
                "waited": int(at["ApproximateFirstReceiveTimestamp"]) - int(at["SentTimestamp"])}
        sqs.send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(seen))
        if count <= order.get("failures", 0):
            if order.get("again_in") is not None:
                sqs.change_message_visibility(
                    QueueUrl=os.environ["QUEUE"], ReceiptHandle=record["receiptHandle"],
                    VisibilityTimeout=order["again_in"])
            failed.append({"itemIdentifier": record["messageId"]})
        if anew := order.get("anew"):
            sqs.send_message(
                QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(anew), DelaySeconds=1)
        if count <= order.get("raises", 0):
            raise RuntimeError("as requested")
        if count <= order.get("hangs", 0):
            time.sleep(60)
        time.sleep(order.get("naps", 0))
    return {"batchItemFailures": failed}
"""


class Feed:
    """A queue with a dead-letter queue, and a function that does what each message says."""

    def __init__(
        self,
        emulator: Emulator,
        *,
        visibility: int,
        timeout: int,
        tries: int,
        batch_size: int = 10,
    ) -> None:
        self.emulator = emulator
        self.dead_url, dead_arn = make_queue(emulator)
        self.seen_url, seen_arn = make_queue(emulator)
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": tries})
        self.url, self.arn = make_queue(
            emulator, RedrivePolicy=redrive, VisibilityTimeout=str(visibility)
        )
        role = make_role(
            emulator,
            allow("sqs:SendMessage", seen_arn),
            allow(
                [
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ChangeMessageVisibility",
                    "sqs:SendMessage",
                ],
                self.arn,
            ),
        )
        self.function = make_function(
            emulator,
            role,
            archive(app=HANDLER),
            Timeout=timeout,
            Environment={"Variables": {"QUEUE": self.url, "SEEN": self.seen_url}},
        )
        # Start a worker first: that takes longer than the visibility timeout.
        invoke(emulator, self.function, {"Records": []})
        emulator.client("lambda").create_event_source_mapping(
            EventSourceArn=self.arn,
            FunctionName=self.function,
            BatchSize=batch_size,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": 2},
        )
        self._seen: list[Any] = []

    def send(self, *orders: dict[str, Any]) -> None:
        self.emulator.client("sqs").send_message_batch(
            QueueUrl=self.url,
            Entries=[{"Id": o["id"], "MessageBody": json.dumps(o)} for o in orders],
        )

    def seen(self, identifier: str) -> list[int]:
        """The receive counts that the function was called with for one message."""
        found = messages(self.emulator, self.seen_url)
        self._seen += [json.loads(message["Body"]) for message in found]
        return sorted(s["count"] for s in self._seen if s["id"] == identifier)

    def waited(self, identifier: str) -> int:
        """Milliseconds from when a message was sent to when it was first received."""
        (waited,) = (int(s["waited"]) for s in self._seen if s["id"] == identifier)
        return waited

    def largest_batch(self) -> int:
        """The most messages that the function was called with at once."""
        return max(int(seen["batch"]) for seen in self._seen)

    def workers(self) -> tuple[WorkerProcess, ...]:
        return find_workers(self.emulator.log.parent, self.function)

    def depth(self) -> int:
        attributes = self.emulator.client("sqs").get_queue_attributes(
            QueueUrl=self.url, AttributeNames=["All"]
        )["Attributes"]
        return sum(
            int(attributes[f"ApproximateNumberOfMessages{kind}"])
            for kind in ("", "NotVisible", "Delayed")
        )


class TestEventSources:
    def test_only_the_failed_messages_of_a_batch_come_again(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=3, timeout=20, tries=5)
        feed.send({"id": "good"}, {"id": "bad", "failures": 1})
        eventually(lambda: feed.seen("bad") == [1, 2])
        eventually(lambda: feed.depth() == 0)
        assert feed.seen("good") == [1]
        keys = {"messageId", "receiptHandle", "body", "attributes", "eventSourceARN"}
        assert keys <= set(feed._seen[0]["keys"])

    def test_a_handler_may_set_when_its_message_comes_again(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=2)
        feed.send({"id": "soon", "failures": 9, "again_in": 0})
        eventually(lambda: messages(emulator, feed.dead_url))
        assert feed.seen("soon") == [1, 2]
        assert feed.depth() == 0

    def test_a_batch_whose_handler_raises_comes_again(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=5, timeout=20, tries=5)
        feed.send({"id": "raise", "raises": 1})
        eventually(lambda: feed.seen("raise") == [1, 2])
        eventually(lambda: feed.depth() == 0)

    def test_a_handler_that_hangs_is_killed_at_its_timeout(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=5, timeout=1, tries=5)
        feed.send({"id": "hang", "hangs": 1})
        eventually(lambda: feed.seen("hang") == [1, 2])
        eventually(lambda: feed.depth() == 0)

    def test_a_worker_that_is_killed_leaves_its_messages_to_the_next(
        self, emulator: Emulator
    ) -> None:
        feed = Feed(emulator, visibility=5, timeout=20, tries=5)
        feed.send({"id": "killed", "hangs": 1})
        eventually(lambda: feed.seen("killed") == [1])
        [worker] = feed.workers()
        assert kill_worker(worker)
        eventually(lambda: worker not in feed.workers())
        assert not kill_worker(worker)
        feed.send({"id": "meanwhile"})
        eventually(lambda: feed.seen("meanwhile") == [1])
        eventually(lambda: feed.seen("killed") == [1, 2])
        eventually(lambda: feed.depth() == 0)

    @pytest.mark.parametrize("update", ["code", "configuration"])
    def test_an_update_lets_what_has_begun_end(self, emulator: Emulator, update: str) -> None:
        client = emulator.client("lambda")
        feed = Feed(emulator, visibility=120, timeout=60, tries=5)
        feed.send({"id": "begun", "naps": 3})
        eventually(lambda: feed.seen("begun") == [1])
        [worker] = feed.workers()
        if update == "code":
            client.update_function_code(FunctionName=feed.function, ZipFile=archive(app=HANDLER))
        else:
            client.update_function_configuration(FunctionName=feed.function, MemorySize=256)
        # The first try succeeded: a second one would come only after two minutes.
        eventually(lambda: feed.depth() == 0)
        assert feed.seen("begun") == [1]
        eventually(lambda: worker not in feed.workers())
        feed.send({"id": "next"})
        eventually(lambda: feed.seen("next") == [1])

    def test_an_idle_worker_that_is_killed_costs_nothing(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=5)
        feed.send({"id": "first"})
        eventually(lambda: feed.seen("first") == [1])
        eventually(lambda: feed.depth() == 0)
        [worker] = feed.workers()
        assert kill_worker(worker)
        eventually(lambda: worker not in feed.workers())
        feed.send({"id": "second"})
        eventually(lambda: feed.seen("second") == [1])

    def test_a_function_may_send_its_message_anew_to_be_had_later(
        self, emulator: Emulator
    ) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=2)
        feed.send({"id": "first", "anew": {"id": "again"}})
        eventually(lambda: feed.seen("again") == [1])
        assert feed.seen("first") == [1]
        assert feed.waited("again") >= 999  # milliseconds, each end rounded down
        eventually(lambda: feed.depth() == 0)

    def test_no_more_workers_run_than_the_mapping_allows(self, emulator: Emulator) -> None:
        # On a busy machine, a new worker may take longer to start than a short timeout.
        feed = Feed(emulator, visibility=600, timeout=300, tries=2, batch_size=1)
        names = ("a", "b", "c")
        feed.send(*({"id": name, "hangs": 1} for name in names))

        def begun() -> int:
            return sum(len(feed.seen(name)) for name in names)

        eventually(lambda: begun() == 2)
        first, _ = feed.workers()
        assert begun() == 2
        kill_worker(first)
        eventually(lambda: begun() == 3)
        assert len(feed.workers()) == 2

    def test_a_batch_has_no_more_messages_than_the_mapping_allows(
        self, emulator: Emulator
    ) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=2, batch_size=2)
        names = ("a", "b", "c", "d", "e")
        feed.send(*({"id": name} for name in names))
        eventually(lambda: all(feed.seen(name) for name in names))
        assert feed.largest_batch() <= 2
