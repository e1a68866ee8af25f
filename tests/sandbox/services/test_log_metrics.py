"""Metrics embedded in the function's log are put into CloudWatch."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from sandbox.emulator.running import Emulator
from sandbox.services.log_metrics import count_errors, parse_embedded_metrics
from tests.sandbox.running import (
    RunningSandbox,
    recipient_code,
    unique_address,
)
from tests.sandbox.services.embedded_metrics import embedded
from tests.waiting import eventually


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
    print('{"message": "as requested"}')
    if event == "raise":
        raise RuntimeError("as requested")
"""


class TestErrors:
    @pytest.mark.parametrize(("event", "errors"), [("", 0), ("raise", 1), ("hang", 1), ("die", 1)])
    def test_an_invocation_that_died_is_reported_by_the_emulators_log(
        self, emulator: Emulator, event: str, errors: int
    ) -> None:
        logs, functions = emulator.client("logs"), emulator.client("lambda")
        name = f"some-{event or 'answers'}"
        logs.create_log_group(logGroupName=name)
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
        role = emulator.client("iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w") as archive:
            archive.writestr("app.py", HANDLER)
        functions.create_function(
            FunctionName=name,
            Role=role["Role"]["Arn"],
            Handler="app.handler",
            Runtime="python3.13",
            Timeout=2,
            Code={"ZipFile": output.getvalue()},
            LoggingConfig={"LogFormat": "JSON", "LogGroup": name},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())

        def lines() -> list[str]:
            events = logs.filter_log_events(logGroupName=name)["events"]
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
