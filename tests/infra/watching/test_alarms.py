"""An alarm fires only for a problem that needs an operator, and its text explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from infra.configuration.derived_times import MAX_DELAY
from infra.watching.metrics import RELAY_NAMESPACE
from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC_ARN = f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-alarms"

QUEUE = {"QueueName": "mail-relay-dev-incoming"}
DEAD_LETTER_QUEUE = {"QueueName": "mail-relay-dev-incoming-dead-letters"}
FUNCTION = {"FunctionName": "mail-relay-dev-function"}
PAGE = {"FunctionName": "mail-relay-dev-download"}
DEVICE_MAIL = {"ses:configuration-set": "mail-relay-dev-devices"}
SERVICE = {"service": "mail-relay-dev"}


@dataclass(frozen=True)
class Expected:
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    threshold: float
    period: int
    breaching_of: tuple[int, int] = (1, 1)


ALARMS = {
    "dead-letters": Expected(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        DEAD_LETTER_QUEUE,
        "Maximum",
        50,
        60,
    ),
    "queue-age": Expected(
        "AWS/SQS", "ApproximateAgeOfOldestMessage", QUEUE, "Maximum", 3 * 60, 60
    ),
    "traffic": Expected("AWS/SQS", "NumberOfMessagesSent", QUEUE, "Sum", 180, 5 * 60),
    "function-errors": Expected("AWS/Lambda", "Errors", FUNCTION, "Sum", 0, 300),
    "function-throttles": Expected("AWS/Lambda", "Throttles", FUNCTION, "Sum", 0, 300, (3, 3)),
    "last-try": Expected("MailRelay", "MessagesAtLastTry", SERVICE, "Sum", 0, 300),
    "parked": Expected("MailRelay", "MessagesParked", SERVICE, "Sum", 0, 300, (1, 4)),
    "held": Expected("MailRelay", "MessagesHeld", SERVICE, "Sum", 0, 300),
    "failed-recipients": Expected("MailRelay", "RecipientsFailed", SERVICE, "Sum", 10, 300),
    "directory": Expected("MailRelay", "DirectoryFailures", SERVICE, "Sum", 0, 300, (1, 4)),
    "device-bounces": Expected("AWS/SES", "Bounce", DEVICE_MAIL, "Sum", 0, 300),
    "bounce-rate": Expected("AWS/SES", "Reputation.BounceRate", {}, "Maximum", 0.05, 3600),
    "complaint-rate": Expected("AWS/SES", "Reputation.ComplaintRate", {}, "Maximum", 0.001, 3600),
    "download-errors": Expected("AWS/Lambda", "Url5xxCount", PAGE, "Sum", 0, 300),
    "download-throttles": Expected("AWS/Lambda", "Throttles", PAGE, "Sum", 0, 300, (3, 3)),
}
DOMAIN = {"ApiId": "mail-relay-dev-domain-id"}
OF_DOMAIN = {"domain-errors": Expected("AWS/ApiGateway", "5xx", DOMAIN, "Sum", 0, 300)}
OF_PAGE = {"download-errors", "download-throttles"}
OF_SCAN = {"malware"}


def inputs(stack: Deployment, key: str) -> Mapping[str, Any]:
    return stack.named(ALARM, f"mail-relay-dev-{key}").inputs


def test_these_are_all(dev: Deployment, presigned: Deployment) -> None:
    assert {one.name for one in dev.all(ALARM)} == {f"mail-relay-dev-{key}" for key in ALARMS}
    assert {one.name for one in presigned.all(ALARM)} == {
        f"mail-relay-dev-{key}" for key in ALARMS.keys() - OF_PAGE
    }


def test_malware_that_is_found_is_an_alarm_where_files_are_scanned(scanned: Deployment) -> None:
    keys = ALARMS.keys() | OF_SCAN
    assert {one.name for one in scanned.all(ALARM)} == {f"mail-relay-dev-{key}" for key in keys}
    alarm = inputs(scanned, "malware")
    assert ("MailRelay", "MalwareFound", 0) == tuple(
        alarm[name] for name in ("namespace", "metricName", "threshold")
    )


def test_errors_at_the_domain_are_an_alarm_where_links_have_one(in_domain: Deployment) -> None:
    keys = ALARMS.keys() | OF_DOMAIN.keys()
    assert {one.name for one in in_domain.all(ALARM)} == {f"mail-relay-dev-{key}" for key in keys}


@pytest.mark.parametrize("key", [*ALARMS, *OF_DOMAIN])
def test_an_alarm_sounds_when_its_metric_exceeds_its_threshold(
    in_domain: Deployment, key: str
) -> None:
    alarm = inputs(in_domain, key)
    found = Expected(
        alarm["namespace"],
        alarm["metricName"],
        alarm["dimensions"],
        alarm["statistic"],
        alarm["threshold"],
        alarm["period"],
        (alarm["datapointsToAlarm"], alarm["evaluationPeriods"]),
    )
    assert {**ALARMS, **OF_DOMAIN}[key] == found
    assert alarm["comparisonOperator"] == "GreaterThanThreshold"
    assert alarm["alarmActions"] == [TOPIC_ARN]


def test_the_thresholds_of_the_queues_are_configurable(deploy: Deploy) -> None:
    stack = deploy(dlqAlarmThreshold=1, queueAgeAlarmSeconds=600, trafficAlarmThreshold=1000)
    keys = ("dead-letters", "queue-age", "traffic")
    assert [inputs(stack, key)["threshold"] for key in keys] == [1, 600, 1000]


def test_an_alarm_on_the_relays_own_metrics_sees_only_its_own_stack(deploy: Deploy) -> None:
    stack = deploy(stack="other", createIdentities=False)
    variables = stack.one("aws:lambda/function:Function", "function").inputs["environment"][
        "variables"
    ]
    own = [one for one in stack.all(ALARM) if one.inputs["namespace"] == RELAY_NAMESPACE]
    assert len(own) == 5
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == RELAY_NAMESPACE
    for one in own:
        assert one.inputs["dimensions"] == {"service": variables["POWERTOOLS_SERVICE_NAME"]}


def test_silence_is_a_good_sign_but_for_a_reputation_which_holds(dev: Deployment) -> None:
    treated = {key: inputs(dev, key)["treatMissingData"] for key in ALARMS}
    reputation = {"bounce-rate", "complaint-rate"}
    assert {key for key, how in treated.items() if how == "ignore"} == reputation
    assert {how for key, how in treated.items() if key not in reputation} == {"notBreaching"}


def test_the_end_of_a_trouble_is_reported_and_no_end_of_a_mere_event(dev: Deployment) -> None:
    keys = {key for key in ALARMS if inputs(dev, key)["okActions"]}
    assert keys == {
        *("queue-age", "function-throttles", "parked", "directory", "download-throttles"),
        *("bounce-rate", "complaint-rate"),
    }
    assert all(inputs(dev, key)["okActions"] == [TOPIC_ARN] for key in keys)


def test_a_trouble_is_not_over_before_the_next_mail_could_have_shown_it(dev: Deployment) -> None:
    longest = MAX_DELAY.total_seconds()
    for key in ("parked", "directory"):
        alarm = inputs(dev, key)
        assert alarm["period"] * alarm["evaluationPeriods"] > longest


@pytest.mark.parametrize("key", [*ALARMS, *OF_DOMAIN])
def test_the_text_says_what_it_means_and_what_to_do_first(in_domain: Deployment, key: str) -> None:
    text = inputs(in_domain, key)["alarmDescription"]
    assert text.startswith("Stack dev: ")
    assert ". First: " in text
    assert text.endswith(f". More: docs/operating.md#{key}")
    assert len(text) <= 1024  # CloudWatch's limit


def test_the_text_links_to_its_section_where_the_documents_have_a_url(deploy: Deploy) -> None:
    url = "https://git.example.com/" + "d" * 176  # as long as may be
    found = deploy(documentsUrl=url)
    for key in ALARMS:
        text = inputs(found, key)["alarmDescription"]
        assert text.endswith(f" More: {url}/operating.md#{key}")
        assert len(text) <= 1024


def test_the_text_on_the_domain_names_the_log_and_the_dashboard(in_domain: Deployment) -> None:
    text = inputs(in_domain, "domain-errors")["alarmDescription"]
    assert f"the log group {in_domain.exports['downloadLogGroup']} has" in text
    assert "the dashboard mail-relay-dev. If" in text


def test_texts_that_send_to_the_log_or_the_dashboard_name_it(dev: Deployment) -> None:
    group = dev.exports["logGroup"]
    for key in ("dead-letters", "function-errors", "last-try"):
        assert group in inputs(dev, key)["alarmDescription"]
    assert dev.exports["downloadLogGroup"] in inputs(dev, "download-errors")["alarmDescription"]
    assert "dashboard mail-relay-dev." in inputs(dev, "queue-age")["alarmDescription"]


def test_texts_on_the_reputation_say_that_it_is_the_whole_accounts(dev: Deployment) -> None:
    for key in ("bounce-rate", "complaint-rate"):
        assert "this account sends in this region" in inputs(dev, key)["alarmDescription"]


def test_the_names_are_those_that_the_topic_lets_in(dev: Deployment) -> None:
    policy = dev.named("aws:sns/topicPolicy:TopicPolicy", "mail-relay-dev-alarms")
    statements = policy.document("policy")["Statement"]
    (allowed,) = (one for one in statements if one["Sid"] == "PublishAlarms")
    pattern = allowed["Condition"]["ArnLike"]["aws:SourceArn"]
    assert pattern.endswith(":alarm:mail-relay-dev-*")
    assert all(one.name.startswith("mail-relay-dev-") for one in dev.all(ALARM))
