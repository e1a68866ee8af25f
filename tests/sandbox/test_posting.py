"""Notices and alarms arrive at a Slack, a Teams, a signed JSON receiver and on the bus."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from relay_core.posting.signature import verify
from tests.sandbox.privileges import Privileges, privileges_of
from tests.sandbox.receivers import LONG, Receivers, receivers
from tests.sandbox.running import (
    RunningSandbox,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.waiting import eventually

KEY = bytes(range(32))


@dataclass(frozen=True)
class Stack:
    """A sandbox, its folder and receivers, and a queue with the events of the bus."""

    relay: RunningSandbox
    data: Path
    receivers: Receivers
    events: str
    heard: list[dict[str, Any]] = field(default_factory=list)

    def await_event(self, words: str) -> dict[str, Any]:
        """The event with these words, which an operator's rule has sent to a queue."""

        def find() -> list[dict[str, Any]]:
            found = self.relay.client("sqs").receive_message(
                QueueUrl=self.events, MaxNumberOfMessages=10
            )
            self.heard.extend(json.loads(one["Body"]) for one in found.get("Messages", []))
            return [one for one in self.heard if words in json.dumps(one["detail"])]

        return eventually(find, within=LONG)[0]

    def refuse(self) -> str:
        """Have a mail refused; return the words that identify its notice."""
        recipient = unique_address("elsewhere.example")
        mail = f"From: {self.relay.device}\r\nSubject: Hot\r\n\r\n{recipient_code(recipient)}\r\n"
        self.relay.send(mail.encode())
        return recipient.partition("@")[0]

    def alarm(self, key: str) -> dict[str, Any]:
        pages = self.relay.client("cloudwatch").get_paginator("describe_alarms").paginate()
        found: dict[str, Any]
        (found,) = (
            one
            for page in pages
            for one in page["MetricAlarms"]
            if one["AlarmDescription"].endswith(f"#{key}")
        )
        return found

    def sound(self, key: str) -> None:
        self.relay.client("cloudwatch").set_alarm_state(
            AlarmName=self.alarm(key)["AlarmName"], StateValue="ALARM", StateReason="a trial"
        )

    def privileges(self, output: str) -> Privileges:
        """The permissions of the function that an output names."""
        return privileges_of(self.relay, self.data, self.relay.ready["stack"][output])

    def look(self) -> int:
        """Check the subscriptions, as the schedule does once an hour."""
        answer = self.relay.client("lambda").invoke(
            FunctionName=self.relay.ready["stack"]["watchFunctionName"], Payload=b"{}"
        )
        missing: int = json.load(answer["Payload"])["missing"]
        return missing


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("posting")
    ca_file = folder / "ca.pem"
    with receivers(ca_file) as state:
        webhooks = {
            "chat": {"kind": "slack", "url": state.url("/slack")},
            "room": {"kind": "teams", "url": state.url("/teams")},
            "desk": {
                "kind": "json",
                "url": state.url("/json"),
                "signingKey": f"whsec_{base64.b64encode(KEY).decode()}",
            },
            "flaky": {"kind": "json", "url": state.url("/flaky"), "sends": "notices"},
            "gone": {"kind": "slack", "url": state.url("/gone"), "sends": "notices"},
        }
        webhooks["flaky"]["signingKey"] = webhooks["desk"]["signingKey"]
        config = (
            f"webhooks={json.dumps(webhooks)}",
            "eventBus=default",
            "watchSubscriptions=true",
            "noticeLimit=0",
            "retryDelaySeconds=1",
            "dlqMaxReceiveCount=3",
        )
        state.refuses["/flaky"], state.refuses["/gone"] = 2, -1
        trust = {"SSL_CERT_FILE": str(ca_file)}
        with running_sandbox(folder, config, environment=trust) as relay:
            yield Stack(relay, folder / "data", state, _hear_the_bus(relay))


def _hear_the_bus(relay: RunningSandbox) -> str:
    """Create a rule on the bus and a queue, as an operator does."""
    sqs, events = relay.client("sqs"), relay.client("events")
    url: str = sqs.create_queue(QueueName="heard-on-the-bus")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = json.dumps({"source": ["mail-relay"]})
    rule = events.put_rule(Name="heard", EventPattern=pattern)["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule="heard", Targets=[{"Id": "heard", "Arn": arn["QueueArn"]}])
    return url


def test_a_notice_arrives_everywhere(stack: Stack) -> None:
    got, local = stack.receivers, stack.refuse()
    for path in ("/slack", "/teams", "/json", "/flaky"):
        got.await_post(path, local)
    assert got.refused["/flaky"] >= 2
    headers, body = next(one for one in got.got["/json"] if local.encode() in one[1])
    assert verify(KEY, headers=headers, body=body, now=float(headers["webhook-timestamp"]))
    document = json.loads(body)
    assert (document["kind"], document["code"]) == ("notice", "recipient-not-allowed")
    notice = stack.relay.await_notice(local)
    assert document["text"] == notice["message"]
    event = stack.await_event(local)
    assert (event["source"], event["detail-type"]) == ("mail-relay", "Mail Relay Notice")
    assert event["detail"] == document


def test_a_notice_that_no_endpoint_accepts_is_kept_and_its_alarm_goes_to_all(stack: Stack) -> None:
    stack.relay.send(f"From: {stack.relay.device}\r\nSubject: No code\r\n\r\nHot\r\n".encode())
    eventually(lambda: stack.alarm("not-posted")["StateValue"] == "ALARM", within=LONG)
    assert stack.receivers.refused["/gone"] >= 3
    assert "/gone" not in stack.receivers.got
    for path in ("/slack", "/teams", "/json"):
        stack.receivers.await_post(path, "alarm not-posted fires")


def test_an_alarm_arrives_everywhere_and_once(stack: Stack) -> None:
    stack.sound("device-bounces")
    for path in ("/slack", "/teams", "/json"):
        found = stack.receivers.await_post(path, "alarm device-bounces fires")
    # A queue may deliver twice, with the same id.
    assert len({json.loads(body)["id"] for body in found}) == 1
    event = stack.await_event("alarm device-bounces fires")
    assert (event["source"], event["detail-type"]) == ("mail-relay", "Mail Relay Alarm")
    assert event["detail"] == json.loads(found[0])


def test_an_address_that_is_lost_is_an_alarm_and_subscribed_anew_it_is_not(stack: Stack) -> None:
    assert stack.look() == 0
    sns = stack.relay.client("sns")
    topic = stack.relay.ready["stack"]["alarmsTopicArn"]
    found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    (lost,) = (one for one in found if one["Protocol"] == "email")
    sns.unsubscribe(SubscriptionArn=lost["SubscriptionArn"])
    assert stack.look() == 1
    eventually(lambda: stack.alarm("subscriptions")["StateValue"] == "ALARM", within=LONG)
    assert len(stack.alarm("subscriptions")["AlarmActions"]) == 2
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=lost["Endpoint"])
    assert stack.look() == 0


def test_the_look_may_look_at_nothing_else_and_says_so(stack: Stack) -> None:
    """Without its permission, all addresses count as lost."""
    privileges = stack.privileges("watchFunctionName")
    assert privileges.sids == {"LookAtSubscriptions"}
    with privileges.without("LookAtSubscriptions"):
        assert stack.look() == 2


_DENIED = {
    "ReadReceivers": "ssm:GetParameter",
    "PutOnTheBus": "events:PutEvents",
    "WorkThroughTheQueues": "sqs:ChangeMessageVisibility",
}


def test_posting_may_do_nothing_that_it_need_not(stack: Stack) -> None:
    assert stack.privileges("postingFunctionName").sids == _DENIED.keys()


@pytest.mark.parametrize("sid", _DENIED)
def test_without_a_right_something_is_not_posted_and_with_it_is(stack: Stack, sid: str) -> None:
    privileges = stack.privileges("postingFunctionName")
    with privileges.without(sid):
        privileges.forget()  # a warm worker has read the receivers already
        with privileges.denied(_DENIED[sid]):
            stack.refuse()
    # The failed message may stay hidden longer than the test: its timeout could not be changed.
    local = stack.refuse()
    stack.receivers.await_post("/json", local)
    stack.await_event(local)
