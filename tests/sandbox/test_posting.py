"""Notices and alarms arrive at a Slack, a Teams, a signed JSON receiver and on the bus.

The receivers are an HTTPS server of this test, whom the functions trust by `SSL_CERT_FILE`.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from relay_core.posting.signature import verify
from tests.sandbox.running import (
    RunningSandbox,
    await_ready,
    recipient_code,
    sandbox_process,
    unique_address,
)
from tests.sandbox.waiting import eventually

KEY = bytes(range(32))
LONG = 300.0  # seconds that a broken expectation is waited for


@dataclass
class Receivers:
    """What came to each path, and how often each still answers 500 first (for ever: -1)."""

    port: int
    got: dict[str, list[tuple[Mapping[str, str], bytes]]] = field(default_factory=dict)
    refuses: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    def await_post(self, path: str, text: str) -> list[bytes]:
        return eventually(lambda: self.holding(path, text), within=LONG)

    def holding(self, path: str, text: str) -> list[bytes]:
        return [body for _, body in self.got.get(path, []) if text in body.decode()]


@contextmanager
def receivers(ca_file: Path) -> Iterator[Receivers]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if state.refuses[self.path]:
                state.refuses[self.path] -= 1
                state.refused[self.path] += 1
                self.send_error(500)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.got.setdefault(self.path, []).append((headers, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state = Receivers(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Stack:
    relay: RunningSandbox
    receivers: Receivers
    events: str

    def on_the_bus(self) -> list[dict[str, Any]]:
        """Events that a rule of an operator's own has sent to a queue."""
        found = self.relay.client("sqs").receive_message(
            QueueUrl=self.events, MaxNumberOfMessages=10
        )
        return [json.loads(one["Body"]) for one in found.get("Messages", [])]

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

    def look(self) -> int:
        """What the schedule does once an hour."""
        answer = self.relay.client("lambda").invoke(
            FunctionName=self.relay.ready["stack"]["watchFunctionName"], Payload=b"{}"
        )
        missing: int = json.load(answer["Payload"])["missing"]
        return missing


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("posting")
    ca_file, ready_file = folder / "ca.pem", folder / "ready.json"
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
            "retryDelaySeconds=1",
            "dlqMaxReceiveCount=3",
        )
        state.refuses["/flaky"], state.refuses["/gone"] = 2, -1
        arguments = [part for one in config for part in ("--config", one)]
        with sandbox_process(
            folder,
            *("--data", str(folder / "data"), "--ready-file", str(ready_file), *arguments),
            environment={"SSL_CERT_FILE": str(ca_file)},
        ) as process:
            relay = await_ready(process, folder, ready_file)
            yield Stack(relay, state, _hear_the_bus(relay))


def _hear_the_bus(relay: RunningSandbox) -> str:
    """A rule and a queue, as an operator makes them."""
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
    recipient = unique_address("elsewhere.example")
    mail = f"From: {stack.relay.device}\r\nSubject: Hot\r\n\r\n{recipient_code(recipient)}\r\n"
    stack.relay.send(mail.encode())
    got = stack.receivers
    local = recipient.partition("@")[0]
    for path in ("/slack", "/teams", "/json", "/flaky"):
        got.await_post(path, local)
    assert got.refused["/flaky"] >= 2
    headers, body = next(one for one in got.got["/json"] if local.encode() in one[1])
    assert verify(KEY, headers=headers, body=body, now=float(headers["webhook-timestamp"]))
    document = json.loads(body)
    assert (document["kind"], document["code"]) == ("notice", "recipient-not-allowed")
    notice = stack.relay.await_notice(recipient)
    assert document["text"] == notice["message"]
    event = eventually(stack.on_the_bus, within=LONG)[0]
    assert (event["source"], event["detail-type"]) == ("mail-relay", "Mail Relay Notice")
    assert event["detail"] == document


def test_what_nobody_takes_is_kept_and_an_alarm_that_goes_to_all(stack: Stack) -> None:
    stack.relay.send(f"From: {stack.relay.device}\r\nSubject: No code\r\n\r\nHot\r\n".encode())
    eventually(lambda: stack.alarm("not-posted")["StateValue"] == "ALARM", within=LONG)
    assert stack.receivers.refused["/gone"] >= 3
    assert "/gone" not in stack.receivers.got
    for path in ("/slack", "/teams", "/json"):
        stack.receivers.await_post(path, "alarm not-posted sounds")


def test_an_alarm_arrives_everywhere_and_once(stack: Stack) -> None:
    stack.sound("device-bounces")
    for path in ("/slack", "/teams", "/json"):
        found = stack.receivers.await_post(path, "alarm device-bounces sounds")
    # A queue may deliver twice: by the same id then.
    assert len({json.loads(body)["id"] for body in found}) == 1


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
    """Without its right, all addresses count as lost: nobody knows that they hear anything."""
    iam = stack.relay.client("iam")
    function = stack.relay.client("lambda").get_function_configuration(
        FunctionName=stack.relay.ready["stack"]["watchFunctionName"]
    )
    role = function["Role"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    kept = [one for one in document["Statement"] if one["Sid"] != "LookAtSubscriptions"]
    iam.put_role_policy(
        RoleName=role, PolicyName=name, PolicyDocument=json.dumps({**document, "Statement": kept})
    )
    try:
        assert stack.look() == 2
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
