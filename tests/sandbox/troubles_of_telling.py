"""Undelivered notices and alarms: the causes of these alarms, and the manual steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.night import PREFIX, Night, Rehearsal, measured_by_aws, nothing_more
from tests.waiting import eventually

DESK, WEBHOOK = "/desk", "desk"


def _refuse_one(night: Night) -> str:
    """Cause the refusal of a mail; return its recipient."""
    recipient = night.new_address(domain="elsewhere.example")
    night.send(recipient, is_lost=True)
    return recipient


def the_webhook_is_taken_down(night: Night) -> None:
    night.desk.refuses[DESK] = -1
    _refuse_one(night)


def make_a_new_webhook(night: Night) -> None:
    night.desk.refuses.clear()


def move_the_messages_back(night: Night) -> None:
    """Move them by hand until there are none, as the emulator has no StartMessageMoveTask."""
    sqs = night.relay.client("sqs")
    dead = night.relay.ready["stack"]["postingDeadLetterQueueUrl"]
    found = sqs.list_queues(QueueNamePrefix=f"{PREFIX}posting-{WEBHOOK}")["QueueUrls"]
    (queue,) = (url for url in found if url != dead)
    (recipient,) = night.recipients

    def is_posted() -> bool:
        for one in sqs.receive_message(QueueUrl=dead).get("Messages", []):
            sqs.send_message(QueueUrl=queue, MessageBody=one["Body"])
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=one["ReceiptHandle"])
        posted = night.desk.holding(DESK, recipient.partition("@")[0])
        return bool(posted) and not night.waiting(dead) and not night.waiting(queue)

    eventually(is_posted, within=90)


def an_address_unsubscribes(night: Night) -> None:
    (lost,) = (one for one in _subscriptions(night) if one["Protocol"] == "email")
    night.relay.client("sns").unsubscribe(SubscriptionArn=lost["SubscriptionArn"])
    night.recipients.append(lost["Endpoint"])
    night.look()


def read_who_is_not_subscribed(night: Night) -> None:
    log = night.relay.client("lambda").get_function_configuration(
        FunctionName=night.relay.ready["stack"]["watchFunctionName"]
    )["LoggingConfig"]["LogGroup"]
    events = night.relay.client("logs").filter_log_events(logGroupName=log)["events"]
    (address,) = night.recipients
    assert any("not subscribed" in one["message"] and address in one["message"] for one in events)


def subscribe_anew(night: Night) -> None:
    night.relay.client("sns").subscribe(
        TopicArn=night.relay.ready["stack"]["alarmsTopicArn"],
        Protocol="email",
        Endpoint=night.recipients[0],
    )


def _subscriptions(night: Night) -> list[Mapping[str, Any]]:
    topic = night.relay.ready["stack"]["alarmsTopicArn"]
    found = night.relay.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    return list(found["Subscriptions"])


def look_at_once(night: Night) -> None:
    night.look()


def a_notice_is_given_up(night: Night) -> None:
    night.relay.await_notice(_refuse_one(night))
    night.measure(1)


OF_TELLING: Mapping[str, Rehearsal] = {
    "not-posted": Rehearsal(
        the_webhook_is_taken_down, (make_a_new_webhook, move_the_messages_back)
    ),
    "subscriptions": Rehearsal(
        an_address_unsubscribes, (read_who_is_not_subscribed, subscribe_anew, look_at_once)
    ),
    "alarms-undelivered": Rehearsal(measured_by_aws(1), (nothing_more, nothing_more)),
    "notices-undelivered": Rehearsal(a_notice_is_given_up, (nothing_more,)),
}
