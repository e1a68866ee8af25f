"""Undelivered notices and alarms: the causes of these alarms, and the manual steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.rehearsal import PREFIX, Rehearsal, RehearsalRun, measured_by_aws, nothing_more
from tests.waiting import eventually

DESK, WEBHOOK = "/desk", "desk"


def _refuse_one(run: RehearsalRun) -> str:
    """Cause the refusal of a mail; return its recipient."""
    recipient = run.new_address(domain="elsewhere.example")
    run.send(recipient, is_lost=True)
    return recipient


def the_webhook_is_taken_down(run: RehearsalRun) -> None:
    run.desk.refuses[DESK] = -1
    _refuse_one(run)


def make_a_new_webhook(run: RehearsalRun) -> None:
    run.desk.refuses.clear()


def move_the_messages_back(run: RehearsalRun) -> None:
    """Move them by hand until there are none, as the emulator has no StartMessageMoveTask."""
    sqs = run.relay.client("sqs")
    dead = run.relay.ready["stack"]["postingDeadLetterQueueUrl"]
    found = sqs.list_queues(QueueNamePrefix=f"{PREFIX}posting-{WEBHOOK}")["QueueUrls"]
    (queue,) = (url for url in found if url != dead)
    (recipient,) = run.recipients

    def is_posted() -> bool:
        for one in sqs.receive_message(QueueUrl=dead).get("Messages", []):
            sqs.send_message(QueueUrl=queue, MessageBody=one["Body"])
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=one["ReceiptHandle"])
        posted = run.desk.holding(DESK, recipient.partition("@")[0])
        return bool(posted) and not run.waiting(dead) and not run.waiting(queue)

    eventually(is_posted, within=90)


def an_address_unsubscribes(run: RehearsalRun) -> None:
    (lost,) = (one for one in _subscriptions(run) if one["Protocol"] == "email")
    run.relay.client("sns").unsubscribe(SubscriptionArn=lost["SubscriptionArn"])
    run.recipients.append(lost["Endpoint"])
    run.look()


def read_missing_subscribers(run: RehearsalRun) -> None:
    log = run.relay.client("lambda").get_function_configuration(
        FunctionName=run.relay.ready["stack"]["watchFunctionName"]
    )["LoggingConfig"]["LogGroup"]
    events = run.relay.client("logs").filter_log_events(logGroupName=log)["events"]
    (address,) = run.recipients
    assert any("not subscribed" in one["message"] and address in one["message"] for one in events)


def subscribe_again(run: RehearsalRun) -> None:
    run.relay.client("sns").subscribe(
        TopicArn=run.relay.ready["stack"]["alarmsTopicArn"],
        Protocol="email",
        Endpoint=run.recipients[0],
    )


def _subscriptions(run: RehearsalRun) -> list[Mapping[str, Any]]:
    topic = run.relay.ready["stack"]["alarmsTopicArn"]
    found = run.relay.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    return list(found["Subscriptions"])


def check_at_once(run: RehearsalRun) -> None:
    run.look()


def a_notice_is_not_delivered(run: RehearsalRun) -> None:
    run.relay.await_notice(_refuse_one(run))
    run.measure(1)


NOTICE_REHEARSALS: Mapping[str, Rehearsal] = {
    "not-posted": Rehearsal(
        the_webhook_is_taken_down, (make_a_new_webhook, move_the_messages_back)
    ),
    "subscriptions": Rehearsal(
        an_address_unsubscribes, (read_missing_subscribers, subscribe_again, check_at_once)
    ),
    "alarms-undelivered": Rehearsal(measured_by_aws(1), (nothing_more, nothing_more)),
    "notices-undelivered": Rehearsal(a_notice_is_not_delivered, (nothing_more,)),
}
