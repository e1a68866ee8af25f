"""The causes of the alarms about mail and its page, and the manual steps against them."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from urllib.error import HTTPError

import pytest

from sandbox.emulator.workers import find_workers, kill_worker
from sandbox.verdicts import EICAR
from tests.sandbox.night import PREFIX, Night, Rehearsal, measured_by_aws, nothing_more, open_page
from tests.sandbox.running import LINK
from tests.waiting import eventually

TRAFFIC, SENDER_LIMIT = 12, 3
GROUP = "plant"


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
    before = night.dead_letters()
    for recipient in recipients:
        night.send(recipient)
    eventually(lambda: night.dead_letters() >= before + mails, within=90)


def one_fails_at_each_try(night: Night) -> None:
    _fail_for_good(night, 1)


def two_fail_at_each_try(night: Night) -> None:
    _fail_for_good(night, 2)


def a_worker_dies(night: Night) -> None:
    """A worker is killed after its mail was submitted to some of many recipients."""
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


def the_directory_is_broken(night: Night) -> None:
    """A mail that names a group needs the directory; others do not."""
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
    # Inside a text, where the scan of the mail does not detect it.
    lines = (binascii.b2a_uu(EICAR[start : start + 45]) for start in range(0, len(EICAR), 45))
    body = b"begin 644 bad.bin\n" + b"".join(lines) + b"`\nend\n"
    night.send(night.new_address(), text=body.decode().replace("\n", "\r\n"))


def ses_receives_none(night: Night) -> None:
    """SES bounces mail to the relay, as it does if the stack's rule set is not active."""
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
    """Send a mail with a file; return its link."""
    recipient = night.new_address()
    body = b"begin 644 good.bin\n" + binascii.b2a_uu(b"well") + b"`\nend\n"
    night.send(recipient, text=body.decode().replace("\n", "\r\n"))
    (link, *_) = LINK.findall(night.relay.await_mail(recipient).decode())
    return str(link)


def the_page_cannot_start(night: Night) -> None:
    link = _mail_a_file(night)
    _deploy_page(night, "adapters.absent.handler")
    with pytest.raises(HTTPError, match="502"):
        open_page(link, night.relay.ready["http"])


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


OF_MAIL: Mapping[str, Rehearsal] = {
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
    # The page's errors count for the domain too: so this alarm comes first.
    "domain-errors": Rehearsal(too_many_ask, (nothing_more,)),
    "download-errors": Rehearsal(the_page_cannot_start, (deploy_the_page_before,)),
    "download-throttles": Rehearsal(too_many_ask, (nothing_more,)),
}
