"""The alarms of the program fire in the sandbox too."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.emulator.running import Emulator
from sandbox.services.log_metrics import LogMetrics
from sandbox.services.metrics import QueueMetrics, Tally, UnmeasurableAlarm
from tests.sandbox.services.embedded_metrics import embedded
from tests.waiting import eventually

REGION = "eu-central-1"


class Watched:
    """A queue fed by a bucket, its dead-letter queue, and the three alarms on them.

    The queues are `work`, `dead` and `heard`, with a unique suffix.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.suffix = uuid.uuid4().hex[:8]
        self.sqs, self.s3 = emulator.client("sqs"), emulator.client("s3")
        self.bucket = self.own("incoming")
        self.url = self.sqs.create_queue(QueueName=self.own("work"))["QueueUrl"]
        self.dead_url = self.sqs.create_queue(QueueName=self.own("dead"))["QueueUrl"]
        heard_url = self.sqs.create_queue(QueueName=self.own("heard"))["QueueUrl"]
        self.heard_url = heard_url
        arn = f"arn:aws:sqs:{REGION}:{emulator.account_id}"
        for url, name, service in (
            (self.url, "work", "s3.amazonaws.com"),
            (heard_url, "heard", "sns.amazonaws.com"),
        ):
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sqs:SendMessage",
                "Resource": f"{arn}:{self.own(name)}",
            }
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        prefix = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}}
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": f"{arn}:{self.own('work')}",
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": prefix,
                    }
                ]
            },
        )
        sns = emulator.client("sns")
        self.topic = sns.create_topic(Name=self.own("alarms"))["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=f"{arn}:{self.own('heard')}")

    def own(self, name: str) -> str:
        return f"{name}-{self.suffix}"

    def alarm(
        self,
        name: str,
        queue: str,
        metric: str,
        statistic: str,
        threshold: float,
        *,
        namespace: str = "AWS/SQS",
        dimension: str = "QueueName",
        period: int = 300,
    ) -> None:
        value = self.own(queue) if dimension == "QueueName" else queue
        self.emulator.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": value}],
            Statistic=statistic,
            Period=period,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[self.topic],
        )

    def measure(self) -> QueueMetrics:
        return QueueMetrics(
            sqs=self.sqs,
            s3=self.s3,
            cloudwatch=self.emulator.client("cloudwatch"),
            interval=0.05,
        )

    def state(self, name: str) -> str:
        (alarm,) = self.emulator.client("cloudwatch").describe_alarms(AlarmNames=[name])[
            "MetricAlarms"
        ]
        return str(alarm["StateValue"])

    def heard(self) -> list[dict[str, Any]]:
        """The messages on the alarms' topic since the last call."""
        found = self.sqs.receive_message(QueueUrl=self.heard_url, MaxNumberOfMessages=10)
        return [
            json.loads(json.loads(message["Body"])["Message"])
            for message in found.get("Messages", [])
        ]


@pytest.fixture
def watched(emulator: Emulator) -> Iterator[Watched]:
    yield Watched(emulator)
    cloudwatch = emulator.client("cloudwatch")
    alarms = [one["AlarmName"] for one in cloudwatch.describe_alarms()["MetricAlarms"]]
    cloudwatch.delete_alarms(AlarmNames=alarms)


def test_an_alarm_goes_off_when_the_dead_letter_queue_holds_too_many(watched: Watched) -> None:
    watched.alarm("dead", "dead", "ApproximateNumberOfMessagesVisible", "Maximum", 2)
    with watched.measure():
        for body in "12":
            watched.sqs.send_message(QueueUrl=watched.dead_url, MessageBody=body)
        eventually(lambda: watched.state("dead") == "OK")
        assert watched.heard() == []
        watched.sqs.send_message(QueueUrl=watched.dead_url, MessageBody="3")
        (notice,) = eventually(watched.heard)
    assert (notice["AlarmName"], notice["NewStateValue"]) == ("dead", "ALARM")


def test_an_alarm_goes_off_when_the_traffic_is_high_however_fast_it_is_worked_off(
    watched: Watched,
) -> None:
    watched.alarm("traffic", "work", "NumberOfMessagesSent", "Sum", 3)
    for number in range(4):
        watched.s3.put_object(Bucket=watched.bucket, Key=f"incoming/{number}", Body=b"")
        watched.s3.put_object(Bucket=watched.bucket, Key=f"other/{number}", Body=b"")
        watched.sqs.purge_queue(QueueUrl=watched.url)
    with watched.measure():
        (notice,) = eventually(watched.heard)
    assert (notice["AlarmName"], notice["NewStateReason"]) == (
        "traffic",
        "Threshold Crossed: Sum 4.0 GreaterThanThreshold 3.0",
    )


def test_an_alarm_goes_off_when_a_message_grows_old(watched: Watched) -> None:
    watched.alarm("age", "work", "ApproximateAgeOfOldestMessage", "Maximum", 0.2)
    with watched.measure():
        watched.sqs.send_message(QueueUrl=watched.url, MessageBody="x")
        (notice,) = eventually(watched.heard)
    assert notice["AlarmName"] == "age"


def test_nothing_is_put_after_it_is_closed(watched: Watched) -> None:
    watched.alarm("dead", "dead", "ApproximateNumberOfMessagesVisible", "Maximum", 0)
    metrics = watched.measure()
    eventually(lambda: watched.state("dead") == "OK")
    metrics.close()
    metrics.close()
    watched.sqs.send_message(QueueUrl=watched.dead_url, MessageBody="x")
    assert watched.state("dead") == "OK"
    with watched.measure():
        eventually(lambda: watched.state("dead") == "ALARM")


def test_an_alarm_sees_nothing_of_another_queue(watched: Watched) -> None:
    metric = "ApproximateNumberOfMessagesVisible"
    # One message in `work` is the bucket's test event.
    watched.alarm("dead", "dead", metric, "Maximum", 1)
    watched.alarm("work", "work", metric, "Maximum", 1)
    with watched.measure():
        for body in "12":
            watched.sqs.send_message(QueueUrl=watched.dead_url, MessageBody=body)
        (notice,) = eventually(watched.heard)
        eventually(lambda: watched.state("work") == "OK")
        assert (notice["AlarmName"], watched.state("dead")) == ("dead", "ALARM")


def test_an_alarm_that_could_never_go_off_is_an_error(watched: Watched) -> None:
    watched.alarm("work", "work", "SentMessageSize", "Sum", 1)
    with pytest.raises(UnmeasurableAlarm, match="alarm work watches SentMessageSize, which"):
        watched.measure()


def test_an_alarm_on_what_the_sandbox_cannot_know_is_an_error(watched: Watched) -> None:
    watched.alarm("lag", "work", "IteratorAge", "Maximum", 1, namespace="AWS/Lambda")
    with pytest.raises(UnmeasurableAlarm, match="alarm lag watches IteratorAge, which"):
        watched.measure()


def test_an_alarm_on_a_count_of_the_function_goes_off_and_ends_in_silence(
    watched: Watched,
) -> None:
    put = LogMetrics(watched.emulator.client("cloudwatch"), function_name="some")
    # A short period, but longer than the time between the data and its evaluation.
    watched.alarm(
        "parked", "some", "Parked", "Sum", 1, namespace="Own", dimension="service", period=5
    )
    put([embedded("Parked", [1, 1]), "START RequestId: 1", "{}"])
    assert watched.state("parked") == "ALARM"
    with watched.measure():
        eventually(lambda: watched.state("parked") == "OK")


class TestTally:
    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
    def test_counts_at_least_what_was_announced_and_what_is_there(
        self, looks: list[tuple[int, int]]
    ) -> None:
        tally, sent, announced = Tally(), 0, 0
        for now, (depth, more) in enumerate(looks):
            announced += more
            newly, age = tally.observe(depth=depth, announced=announced, now=float(now))
            sent += newly
            assert newly >= 0
            assert sent >= max(announced, depth)
            assert 0 <= age <= now
            assert depth > 0 or age == 0

    def test_a_message_that_stays_grows_old_and_others_do_not_change_that(self) -> None:
        tally = Tally()
        assert tally.observe(depth=1, announced=1, now=10.0) == (1, 0.0)
        assert tally.observe(depth=3, announced=3, now=15.0) == (2, 5.0)
        assert tally.observe(depth=1, announced=3, now=16.0) == (0, 1.0)
        assert tally.observe(depth=0, announced=3, now=17.0) == (0, 0.0)

    def test_a_message_is_not_counted_again_when_it_is_announced_late(self) -> None:
        tally = Tally()
        assert tally.observe(depth=1, announced=0, now=0.0) == (1, 0.0)
        assert tally.observe(depth=0, announced=1, now=1.0) == (0, 0.0)
