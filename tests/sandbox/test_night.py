"""Every alarm is brought about, followed by the document's steps as they stand, and ends.

What the sandbox cannot bring about, because AWS alone measures it, is put in as AWS would put it:
throttled starts, and the account's rates of bounces and complaints. An alarm that is over in
minutes is over in seconds here: see `Night.await_end`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.error import HTTPError

import pytest

from infra.watching.alarms import Thresholds, alarms
from relay_core.settings import MANUAL
from sandbox.emulator.workers import find_workers, kill_worker
from sandbox.verdicts import EICAR
from tests.sandbox.night import PREFIX, Night, open_page, section, steps_of
from tests.sandbox.running import LINK, running_sandbox
from tests.sandbox.waiting import eventually

TRAFFIC, SENDER_LIMIT, OLDEST = 12, 3, 5
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
    with running_sandbox(folder, CONFIG) as relay:
        relay.client("sqs").set_queue_attributes(
            QueueUrl=relay.ready["stack"]["queueUrl"],
            Attributes={"VisibilityTimeout": str(_RETURNS)},
        )
        yield Night(relay, folder / "data")


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
    attributes = night.relay.client("sqs").get_queue_attributes(
        QueueUrl=night.relay.ready["stack"]["deadLetterQueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


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
}


def declared() -> set[str]:
    """The alarms of a stack that has all of them."""
    found = alarms(
        Thresholds(failed_messages=1, oldest_message_seconds=1, messages_in_five_minutes=1),
        dashboard="",
        log_group="",
        page_log_group="",
        is_scanned=True,
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
    assert told, text
    assert told <= commands, told - commands
    # Keys and outputs are the same words in both; the stack's own names are not the document's.
    keys = set(re.findall(r"\b[a-z]+[A-Z]\w+\b", text))
    assert {one for one in keys if one not in section(key)} == set()


@pytest.mark.timeout(300)
def test_nobody_was_left_out_in_that_night(night: Night) -> None:
    """Not even of the mail whose worker died, once its lease is over."""
    eventually(lambda: all(map(night.relay.mails, night.promised)), within=200)
    assert dead_letters(night) == 0
