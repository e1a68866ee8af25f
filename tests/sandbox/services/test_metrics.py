"""The alarms that the program declares go off here too."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from hypothesis import given
from hypothesis import strategies as st

from sandbox.emulator.running import Emulator
from sandbox.services.function_log import FunctionLogFollower
from sandbox.services.log_metrics import LogMetrics, count_errors, parse_embedded_metrics
from sandbox.services.metrics import QueueMetrics, Tally, UnmeasurableAlarm
from tests.sandbox.running import (
    RunningSandbox,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.sandbox.waiting import eventually

REGION = "eu-central-1"


@pytest.fixture
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


class Watched:
    """A queue fed by a bucket, its dead-letter queue, and the three alarms on them."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.sqs, self.s3 = emulator.client("sqs"), emulator.client("s3")
        self.url = self.sqs.create_queue(QueueName="work")["QueueUrl"]
        self.dead_url = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        heard_url = self.sqs.create_queue(QueueName="heard")["QueueUrl"]
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
                "Resource": f"{arn}:{name}",
            }
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self.s3.create_bucket(
            Bucket="incoming", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        prefix = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}}
        self.s3.put_bucket_notification_configuration(
            Bucket="incoming",
            NotificationConfiguration={
                "QueueConfigurations": [
                    {"QueueArn": f"{arn}:work", "Events": ["s3:ObjectCreated:*"], "Filter": prefix}
                ]
            },
        )
        sns = emulator.client("sns")
        self.topic = sns.create_topic(Name="alarms")["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=f"{arn}:heard")

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
        self.emulator.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": queue}],
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
        """What the alarms' topic published since it was last asked."""
        found = self.sqs.receive_message(QueueUrl=self.heard_url, MaxNumberOfMessages=10)
        return [
            json.loads(json.loads(message["Body"])["Message"])
            for message in found.get("Messages", [])
        ]


@pytest.fixture
def watched(emulator: Emulator) -> Watched:
    return Watched(emulator)


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
        watched.s3.put_object(Bucket="incoming", Key=f"incoming/{number}", Body=b"")
        watched.s3.put_object(Bucket="incoming", Key=f"other/{number}", Body=b"")
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


def test_an_alarm_hears_nothing_of_another_queue(watched: Watched) -> None:
    metric = "ApproximateNumberOfMessagesVisible"
    # The bucket has sent one message to `work`, when its notifications were turned on.
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
    # A period that does not end between the data and the look at it.
    watched.alarm(
        "parked", "some", "Parked", "Sum", 1, namespace="Own", dimension="service", period=5
    )
    put([embedded("Parked", [1, 1]), "START RequestId: 1", "{}"])
    assert watched.state("parked") == "ALARM"
    with watched.measure():
        eventually(lambda: watched.state("parked") == "OK")


def test_what_the_function_counts_is_put_under_the_stacks_name(relay: RunningSandbox) -> None:
    recipient = unique_address()
    before = sum_of(relay, "MailRelay", "RecipientsSubmitted")
    relay.send(f"From: {relay.device}\r\n\r\n{recipient_code(recipient)}\r\n".encode())
    eventually(lambda: sum_of(relay, "MailRelay", "RecipientsSubmitted") > before)
    (alarm,) = relay.client("cloudwatch").describe_alarms_for_metric(
        MetricName="MessagesParked", Namespace="MailRelay", Dimensions=[SERVICE]
    )["MetricAlarms"]
    metrics = relay.client("cloudwatch").list_metrics(
        Namespace="MailRelay", MetricName="RecipientsSubmitted"
    )["Metrics"]
    assert [metric["Dimensions"] for metric in metrics] == [alarm["Dimensions"]]


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox that tries a mail three times, a second apart."""
    config = ("dlqMaxReceiveCount=3", "retryDelaySeconds=1", "parkingDelaySeconds=1")
    with running_sandbox(tmp_path_factory.mktemp("impatient"), config) as sandbox:
        yield sandbox


def test_the_operator_hears_of_mail_that_an_account_may_not_send(
    impatient: RunningSandbox,
) -> None:
    recipient = unique_address()
    impatient.set_faults({"error": "SendingPausedException", "times": 2})
    impatient.send(f"From: {impatient.device}\r\n\r\n{recipient_code(recipient)}\r\n".encode())
    alarm = impatient.await_notice("mail-relay-sandbox-parked")
    assert alarm["topic"] == "alarms"
    assert "The account may not send" in alarm["message"]
    assert impatient.await_mail(recipient)  # and parking cost it no try


def test_the_operator_hears_of_a_mail_that_is_at_its_last_try(impatient: RunningSandbox) -> None:
    recipient = unique_address()
    impatient.set_faults(
        {"error": "ServiceUnavailableException", "times": 1000, "recipient": recipient}
    )
    impatient.send(f"From: {impatient.device}\r\n\r\n{recipient_code(recipient)}\r\n".encode())
    alarm = impatient.await_notice("mail-relay-sandbox-last-try")
    assert alarm["topic"] == "alarms"
    assert "on its last try" in alarm["message"]


SERVICE = {"Name": "service", "Value": "mail-relay-sandbox"}


def sum_of(relay: RunningSandbox, namespace: str, metric: str) -> float:
    """The sum of a metric's values in the last hour, of all dimensions."""
    now = datetime.now(UTC)
    found = relay.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(float(point["Sum"]) for point in found)


def embedded(name: str, values: object) -> str:
    """A line of a function's log that embeds a metric."""
    metric = {"Name": name, "Unit": "Count"}
    directive = {"Namespace": "Own", "Dimensions": [["service"]], "Metrics": [metric]}
    now = int(datetime.now(UTC).timestamp() * 1000)
    return json.dumps(
        {
            "_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]},
            "service": "some",
            name: values,
        }
    )


class TestEmbeddedMetrics:
    def test_what_powertools_writes_is_read(self, capsys: pytest.CaptureFixture[str]) -> None:
        written = EphemeralMetrics(namespace="MailRelay", service="some-stack")
        written.add_metric(name="MessagesRelayed", unit=MetricUnit.Count, value=1)
        written.add_metric(name="MessagesRelayed", unit=MetricUnit.Count, value=1)
        written.add_metric(name="SubmissionAge", unit=MetricUnit.Seconds, value=2.5)
        written.flush_metrics()
        with single_metric(
            name="Refusals",
            unit=MetricUnit.Count,
            value=1,
            namespace="MailRelay",
            default_dimensions={"service": "some-stack", "reason": "spam"},
        ):
            pass
        lines = capsys.readouterr().out.splitlines()
        found = [
            (
                namespace,
                datum["MetricName"],
                {d["Name"]: d["Value"] for d in datum["Dimensions"]},
                datum["Unit"],
                datum["Values"],
            )
            for line in lines
            for namespace, datum in parse_embedded_metrics(line)
        ]
        service = {"service": "some-stack"}
        assert found == [
            ("MailRelay", "MessagesRelayed", service, "Count", [1, 1]),
            ("MailRelay", "SubmissionAge", service, "Seconds", [2.5]),
            ("MailRelay", "Refusals", {**service, "reason": "spam"}, "Count", [1]),
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "",
            "START RequestId: 1",
            "[]",
            '{"_aws": {}}',
            '{"_aws": 1}',
            '{"_aws": {"Timestamp": "now", "CloudWatchMetrics": []}}',
            '{"_aws": {"Timestamp": 1e300, "CloudWatchMetrics": []}}',
            embedded("Text", "many"),
            embedded("Count", [1]).replace('"service": ', '"absent": '),
            embedded("Count", [1]).replace('"Count": ', '"absent": '),
        ],
    )
    def test_a_line_that_embeds_none_has_none(self, line: str) -> None:
        assert parse_embedded_metrics(line) == []

    def test_a_line_without_dimensions_has_a_metric_without_any(self) -> None:
        line = embedded("Count", 2).replace('[["service"]]', "[]")
        ((_, datum),) = parse_embedded_metrics(line)
        assert (datum["Dimensions"], datum["Values"]) == ([], [2])


HANDLER = """
import os, time
def handler(event, context):
    if event == "hang":
        time.sleep(60)
    if event == "die":
        os._exit(1)
    print('{"message": "as told"}')
    if event == "raise":
        raise RuntimeError("as told")
"""


class TestErrors:
    @pytest.mark.parametrize(("event", "errors"), [("", 0), ("raise", 1), ("hang", 1), ("die", 1)])
    def test_an_invocation_that_died_is_told_by_the_emulators_log(
        self, emulator: Emulator, event: str, errors: int
    ) -> None:
        logs, functions = emulator.client("logs"), emulator.client("lambda")
        logs.create_log_group(logGroupName="log")
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
        role = emulator.client("iam").create_role(
            RoleName="some",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w") as archive:
            archive.writestr("app.py", HANDLER)
        functions.create_function(
            FunctionName="some",
            Role=role["Role"]["Arn"],
            Handler="app.handler",
            Runtime="python3.13",
            Timeout=2,
            Code={"ZipFile": output.getvalue()},
            LoggingConfig={"LogFormat": "JSON", "LogGroup": "log"},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="some")
        functions.invoke(FunctionName="some", Payload=json.dumps(event).encode())

        def lines() -> list[str]:
            events = logs.filter_log_events(logGroupName="log")["events"]
            return [event["message"] for event in events]

        eventually(lambda: any(line.startswith("REPORT") for line in lines()))
        assert count_errors(lines()) == errors

    def test_an_invocation_counts_once_whatever_it_writes(self) -> None:
        died = ["START RequestId: 1", "Traceback (most recent call last):", *["  File x"] * 9]
        timed_out = ["START RequestId: 2", "Task timed out after 2.00 seconds"]
        killed = ["START RequestId: 4", "RequestId: 4 Error: Runtime exited with error: signal"]
        fine = ["START RequestId: 3", '{"exception": "Traceback (most recent call last):"}']
        end = ["END RequestId: 1", "REPORT RequestId: 1"]
        unstarted = ["START RequestId: 5", "Worker init failed: No module named 'x'"]
        lines = [*died, *died, *end, *fine, *end, *timed_out, *end, *killed, *end]
        assert count_errors([*lines, *unstarted, *end]) == 4


class TestFunctionLog:
    def test_every_line_is_given_once_the_late_ones_and_those_alike_too(
        self, emulator: Emulator
    ) -> None:
        logs = emulator.client("logs")
        logs.create_log_group(logGroupName="log")
        for stream in ("one", "other"):
            logs.create_log_stream(logGroupName="log", logStreamName=stream)
        now = int(datetime.now(UTC).timestamp() * 1000)

        def write(stream: str, at: int, *messages: str) -> None:
            events = [{"timestamp": at, "message": message} for message in messages]
            logs.put_log_events(logGroupName="log", logStreamName=stream, logEvents=events)

        given: list[str] = []
        follower = FunctionLogFollower(
            logs=logs, log_group="log", listener=lambda _event: None, on_lines=given.extend
        )
        try:
            write("one", now, "first", "alike", "alike")
            eventually(lambda: len(given) == 3)
            write("other", now - 500, "late")
            write("one", now, "alike")
            eventually(lambda: len(given) == 5)
            write("one", now + 1, "last")
            eventually(lambda: "last" in given)
        finally:
            follower.close()
        assert [given[:3], sorted(given[3:5]), given[5:]] == [
            ["first", "alike", "alike"],
            ["alike", "late"],
            ["last"],
        ]


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
