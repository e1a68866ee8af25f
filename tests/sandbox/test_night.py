"""Every alarm is brought about, followed by the document's steps as they stand, and ends.

What the sandbox cannot bring about, because AWS alone measures it, is put in as AWS would put it:
throttled starts, deliveries that SNS gives up, and the account's rates of bounces and complaints.
An alarm that is over in minutes is over in seconds here: see `Night.await_end`.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError

import pytest

from infra.watching.alarms import Thresholds, alarms
from relay_core.settings import MANUAL
from sandbox.emulator.workers import find_workers, kill_worker
from sandbox.verdicts import EICAR
from tests.sandbox.night import PREFIX, Night, open_page, section, steps_of
from tests.sandbox.receivers import receivers
from tests.sandbox.running import LINK, RunningSandbox, running_sandbox
from tests.sandbox.waiting import eventually

TRAFFIC, SENDER_LIMIT, OLDEST = 12, 3, 5
DESK, WEBHOOK = "/desk", "desk"
GROUP, MEMBER = "plant", "member-of-plant@example.com"
CONFIG = (
    "allowedRecipients=example.com,simulator.amazonses.com",
    "malwareProtection=true",
    "directoryRefreshSeconds=0",
    f'recipientGroups={{"{GROUP}": ["{MEMBER}"]}}',
    "dlqMaxReceiveCount=3",
    "retryDelaySeconds=1",
    "parkingDelaySeconds=1",
    "functionTimeoutSeconds=30",
    "maxConcurrency=2",
    "noticeLimit=0",
    "dlqAlarmThreshold=1",
    "watchSubscriptions=true",
    f"trafficAlarmThreshold={TRAFFIC}",
    f"senderMessageLimit={SENDER_LIMIT}",
    f"queueAgeAlarmSeconds={OLDEST}",
)
_RETURNS = 36  # seconds: what a dead worker held comes again a little after its lease is over

Act = Callable[[Night], None]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What brings an alarm about, and what is done in each step by hand, in their order."""

    trouble: Act
    hands: tuple[Act, ...]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    ca_file = folder / "ca.pem"
    with receivers(ca_file) as desk:
        webhook = {"kind": "slack", "url": desk.url(DESK), "sends": "notices"}
        config = (*CONFIG, f"webhooks={json.dumps({WEBHOOK: webhook})}")
        trust = {"SSL_CERT_FILE": str(ca_file)}
        with running_sandbox(folder, config, environment=trust) as relay:
            hide_less(relay)
            yield Night(relay, folder / "data", desk)


def hide_less(relay: RunningSandbox) -> None:
    """What a dead worker held comes again in less time than is usual."""
    relay.client("sqs").set_queue_attributes(
        QueueUrl=relay.ready["stack"]["queueUrl"],
        Attributes={"VisibilityTimeout": str(_RETURNS)},
    )


def nothing_more(_night: Night) -> None:
    """The device is silent, or was talked to: nothing is to be done here."""


def mend(night: Night) -> None:
    night.mend()


def _trigger(night: Night, *, is_enabled: bool) -> None:
    functions, name = night.relay.client("lambda"), night.relay.ready["stack"]["functionName"]
    (found,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=found["UUID"], Enabled=is_enabled)


def nobody_takes_mail(night: Night) -> None:
    _trigger(night, is_enabled=False)
    night.send(night.new_address())


def enable_the_trigger(night: Night) -> None:
    _trigger(night, is_enabled=True)


def many_mails(night: Night) -> None:
    for number in range(TRAFFIC + 1):
        night.send(night.new_address(), sender=f"traffic-{number // SENDER_LIMIT}")


def sending_is_paused(night: Night) -> None:
    recipient = night.new_address()
    night.fail("SendingPausedException", [recipient])
    night.send(recipient)


def a_device_floods(night: Night) -> None:
    for _ in range(SENDER_LIMIT + 2):
        night.send(night.new_address())


def ses_refuses_many(night: Night) -> None:
    recipients = [night.new_address() for _ in range(11)]
    night.fail("MessageRejected", recipients)
    night.send(*recipients)


def _fail_for_good(night: Night, mails: int) -> None:
    recipients = [night.new_address() for _ in range(mails)]
    night.fail("ServiceUnavailableException", recipients)
    before = dead_letters(night)
    for recipient in recipients:
        night.send(recipient)
    eventually(lambda: dead_letters(night) >= before + mails, within=90)


def dead_letters(night: Night) -> int:
    return waiting(night, night.relay.ready["stack"]["deadLetterQueueUrl"])


def waiting(night: Night, queue_url: str) -> int:
    """How many messages a queue holds, of whatever state."""
    attributes = night.relay.client("sqs").get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["All"]
    )["Attributes"]
    return sum(
        int(attributes[f"ApproximateNumberOfMessages{state}"])
        for state in ("", "NotVisible", "Delayed")
    )


def one_fails_at_each_try(night: Night) -> None:
    _fail_for_good(night, 1)


def two_fail_at_each_try(night: Night) -> None:
    _fail_for_good(night, 2)


def a_worker_dies(night: Night) -> None:
    """It is killed when its mail has come to somebody, and many are still to get it."""
    recipients = [night.new_address() for _ in range(90)]
    night.send(*recipients)
    eventually(lambda: any(map(night.relay.mails, recipients)), within=60)
    workers = find_workers(night.data, night.relay.ready["stack"]["functionName"])
    assert sum(map(kill_worker, workers))


def read_the_log(night: Night) -> None:
    events = night.relay.client("logs").filter_log_events(
        logGroupName=night.relay.ready["stack"]["logGroup"]
    )["events"]
    assert any("mail begun" in event["message"] for event in events)


def measured_by_aws(value: float) -> Act:
    return lambda night: night.measure(value)


def the_directory_is_broken(night: Night) -> None:
    """Only a mail that names a group needs it."""
    _write_directory(night, '{"groups": ')
    night.send(night.new_address(), f"@{GROUP}")


def put_back_the_last_good_one(night: Night) -> None:
    history = night.relay.client("ssm").get_parameter_history(
        Name=night.relay.ready["stack"]["directoryParameter"]
    )["Parameters"]
    _write_directory(night, history[-2]["Value"])


def _write_directory(night: Night, document: str) -> None:
    night.relay.client("ssm").put_parameter(
        Name=night.relay.ready["stack"]["directoryParameter"], Value=document, Overwrite=True
    )


def a_file_is_malware(night: Night) -> None:
    # In a text, where the scan of the mail does not find it.
    lines = (binascii.b2a_uu(EICAR[start : start + 45]) for start in range(0, len(EICAR), 45))
    body = b"begin 644 bad.bin\n" + b"".join(lines) + b"`\nend\n"
    night.send(night.new_address(), text=body.decode().replace("\n", "\r\n"))


def ses_receives_none(night: Night) -> None:
    """As where the stack's rule set is not the active one."""
    inbound = night.relay.smtp["rcpt_to"]
    night.relay.set_faults({"event": "Bounce", "times": 1000, "recipient": inbound})
    night.send(night.new_address(), is_lost=True)


def activate_the_rule_set(night: Night) -> None:
    event = night.relay.await_notice("bouncedRecipients")
    assert night.relay.smtp["rcpt_to"] in event["message"]
    night.relay.client("ses").set_active_receipt_rule_set(
        RuleSetName=night.relay.ready["stack"]["receiptRuleSet"]
    )
    night.mend()


def send_again(night: Night) -> None:
    night.send(night.new_address())


def _simulated(night: Night, event: str, rate: float) -> None:
    address = night.new_address(event, "simulator.amazonses.com")
    night.send(address)
    eventually(lambda: address in _suppressed(night), within=60)
    night.measure(rate)


def _suppressed(night: Night) -> str:
    s3, bucket = night.relay.client("s3"), night.relay.ready["stack"]["incomingBucket"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="suppression/").get("Contents", [])
    return "".join(
        s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read().decode() for one in listed
    )


def mail_bounces(night: Night) -> None:
    _simulated(night, "bounce", 0.06)


def somebody_complains(night: Night) -> None:
    _simulated(night, "complaint", 0.002)


def _mail_a_file(night: Night) -> str:
    """The link to a file that was sent."""
    recipient = night.new_address()
    body = b"begin 644 good.bin\n" + binascii.b2a_uu(b"well") + b"`\nend\n"
    night.send(recipient, text=body.decode().replace("\n", "\r\n"))
    (link, *_) = LINK.findall(night.relay.await_mail(recipient).decode())
    return str(link)


def the_page_cannot_start(night: Night) -> None:
    link = _mail_a_file(night)
    _deploy_page(night, "adapters.absent.handler")
    with pytest.raises(HTTPError, match="502"):
        open_page(link)


def deploy_the_page_before(night: Night) -> None:
    _deploy_page(night, "adapters.download_function.handler")


def _deploy_page(night: Night, handler: str) -> None:
    functions = night.relay.client("lambda")
    names = (one["FunctionName"] for one in functions.list_functions()["Functions"])
    (page,) = (one for one in names if one.startswith(f"{PREFIX}download"))
    functions.update_function_configuration(FunctionName=page, Handler=handler)


def too_many_ask(night: Night) -> None:
    _mail_a_file(night)
    night.measure(1)


def _refuse_one(night: Night) -> str:
    """A mail is refused; to whom it was to go."""
    recipient = night.new_address(domain="elsewhere.example")
    night.send(recipient, is_lost=True)
    return recipient


def the_webhook_is_taken_down(night: Night) -> None:
    night.desk.refuses[DESK] = -1
    _refuse_one(night)


def make_a_new_webhook(night: Night) -> None:
    night.desk.refuses.clear()


def move_the_messages_back(night: Night) -> None:
    """By hand, since the emulator has no StartMessageMoveTask, until none comes any more."""
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
        return bool(posted) and not waiting(night, dead) and not waiting(night, queue)

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


REHEARSALS: Mapping[str, Rehearsal] = {
    "queue-age": Rehearsal(nobody_takes_mail, (enable_the_trigger,)),
    "traffic": Rehearsal(many_mails, (nothing_more,)),
    "parked": Rehearsal(sending_is_paused, (mend,)),
    "held": Rehearsal(a_device_floods, (nothing_more,)),
    "failed-recipients": Rehearsal(ses_refuses_many, (mend,)),
    "last-try": Rehearsal(one_fails_at_each_try, (mend,)),
    "dead-letters": Rehearsal(two_fail_at_each_try, (mend,)),
    "function-errors": Rehearsal(a_worker_dies, (read_the_log,)),
    "function-throttles": Rehearsal(measured_by_aws(1), (nothing_more,)),
    "directory": Rehearsal(the_directory_is_broken, (put_back_the_last_good_one,)),
    "malware": Rehearsal(a_file_is_malware, (nothing_more,)),
    "device-bounces": Rehearsal(ses_receives_none, (activate_the_rule_set, send_again)),
    "bounce-rate": Rehearsal(mail_bounces, (nothing_more,)),
    "complaint-rate": Rehearsal(somebody_complains, (nothing_more,)),
    "download-errors": Rehearsal(the_page_cannot_start, (deploy_the_page_before,)),
    "download-throttles": Rehearsal(too_many_ask, (nothing_more,)),
    "not-posted": Rehearsal(
        the_webhook_is_taken_down, (make_a_new_webhook, move_the_messages_back)
    ),
    "subscriptions": Rehearsal(
        an_address_unsubscribes, (read_who_is_not_subscribed, subscribe_anew, look_at_once)
    ),
    "alarms-undelivered": Rehearsal(measured_by_aws(1), (nothing_more, nothing_more)),
    "notices-undelivered": Rehearsal(a_notice_is_given_up, (nothing_more,)),
}


def declared() -> set[str]:
    """The alarms of a stack that has all of them."""
    found = alarms(
        Thresholds(failed_messages=1, oldest_message_seconds=1, messages_in_five_minutes=1),
        dashboard="",
        log_group="",
        page_log_group="",
        is_scanned=True,
        posting_log_group="",
        watch_log_group="",
    )
    return {one.key for one in found}


def test_every_alarm_is_rehearsed_and_has_its_steps(night: Night) -> None:
    assert night.alarms().keys() == declared()
    assert REHEARSALS.keys() == declared()
    for key in REHEARSALS:
        steps = steps_of(key)
        assert steps, key
        for step in steps:
            assert step.is_by_hand != bool(step.commands), (key, step.text)


@pytest.mark.parametrize("key", REHEARSALS)
@pytest.mark.timeout(300)
def test_an_alarm_is_brought_about_and_ended_by_the_document(night: Night, key: str) -> None:
    rehearsal, steps = REHEARSALS[key], steps_of(key)
    night.begin(key)
    rehearsal.trouble(night)
    _check_text(key, night.await_alarm(), {one for step in steps for one in step.commands})
    hands = iter(rehearsal.hands)
    for step in steps:
        if step.is_by_hand:
            next(hands)(night)
        for command in () if step.is_by_hand else step.commands:
            night.type(command)
    assert not list(hands)
    night.await_end()


def _check_text(key: str, text: str, commands: set[str]) -> None:
    """It names the stack, what happened, the commands that help, and its place."""
    assert re.match(r"Stack sandbox: [A-Z].*\. First: .*", text), text
    assert text.endswith(f" More: {MANUAL}#{key}")
    told = set(re.findall(r"'(relayctl [^']+)'", text))
    assert bool(told) == bool(commands), text
    assert told <= commands, told - commands
    # Keys and outputs are the same words in both; the stack's own names are not the document's.
    keys = set(re.findall(r"\b[a-z]+[A-Z]\w+\b", text))
    assert {one for one in keys if one not in section(key)} == set()


@pytest.mark.timeout(300)
def test_nobody_was_left_out_in_that_night(night: Night) -> None:
    """Not even of the mail whose worker died, once its lease is over."""
    eventually(lambda: all(map(night.relay.mails, night.promised)), within=200)
    assert dead_letters(night) == 0
