"""The causes of the alarms about mail and its page, and the manual steps against them."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from urllib.error import HTTPError

import pytest

from sandbox.emulator.workers import find_workers, kill_worker
from sandbox.ses_verdicts import EICAR
from tests.sandbox.rehearsal import (
    PREFIX,
    Rehearsal,
    RehearsalRun,
    measured_by_aws,
    nothing_more,
    open_page,
)
from tests.sandbox.running import LINK
from tests.waiting import eventually

TRAFFIC, SENDER_LIMIT = 12, 3
GROUP = "plant"


def fix_cause(run: RehearsalRun) -> None:
    run.fix_cause()


def _trigger(run: RehearsalRun, *, is_enabled: bool) -> None:
    functions, name = run.relay.client("lambda"), run.relay.ready["stack"]["functionName"]
    (found,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=found["UUID"], Enabled=is_enabled)


def no_function_reads_the_queue(run: RehearsalRun) -> None:
    _trigger(run, is_enabled=False)
    run.send(run.new_address())


def enable_the_trigger(run: RehearsalRun) -> None:
    _trigger(run, is_enabled=True)


def many_mails(run: RehearsalRun) -> None:
    for number in range(TRAFFIC + 1):
        run.send(run.new_address(), sender=f"traffic-{number // SENDER_LIMIT}")


def sending_is_paused(run: RehearsalRun) -> None:
    recipient = run.new_address()
    run.fail("SendingPausedException", [recipient])
    run.send(recipient)


def a_device_floods(run: RehearsalRun) -> None:
    for _ in range(SENDER_LIMIT + 2):
        run.send(run.new_address())


def ses_rejects_many_recipients(run: RehearsalRun) -> None:
    recipients = [run.new_address() for _ in range(11)]
    run.fail("MessageRejected", recipients)
    run.send(*recipients)


def _fail_at_each_try(run: RehearsalRun, mails: int) -> None:
    recipients = [run.new_address() for _ in range(mails)]
    run.fail("ServiceUnavailableException", recipients)
    before = run.dead_letters()
    for recipient in recipients:
        run.send(recipient)
    eventually(lambda: run.dead_letters() >= before + mails, within=90)


def one_mail_fails_at_each_try(run: RehearsalRun) -> None:
    _fail_at_each_try(run, 1)


def two_mails_fail_at_each_try(run: RehearsalRun) -> None:
    _fail_at_each_try(run, 2)


def a_worker_dies(run: RehearsalRun) -> None:
    """A worker is killed after its mail was submitted to some of many recipients."""
    recipients = [run.new_address() for _ in range(90)]
    run.send(*recipients)
    eventually(lambda: any(map(run.relay.mails, recipients)), within=60)
    workers = find_workers(run.data, run.relay.ready["stack"]["functionName"])
    assert sum(map(kill_worker, workers))


def read_the_log(run: RehearsalRun) -> None:
    events = run.relay.client("logs").filter_log_events(
        logGroupName=run.relay.ready["stack"]["logGroup"]
    )["events"]
    assert any("mail begun" in event["message"] for event in events)


def the_directory_is_broken(run: RehearsalRun) -> None:
    """A mail that names a group needs the directory; others do not."""
    _write_directory(run, '{"groups": ')
    run.send(run.new_address(), f"@{GROUP}")


def restore_the_last_valid_directory(run: RehearsalRun) -> None:
    history = run.relay.client("ssm").get_parameter_history(
        Name=run.relay.ready["stack"]["directoryParameter"]
    )["Parameters"]
    _write_directory(run, history[-2]["Value"])


def _write_directory(run: RehearsalRun, document: str) -> None:
    run.relay.client("ssm").put_parameter(
        Name=run.relay.ready["stack"]["directoryParameter"], Value=document, Overwrite=True
    )


def a_file_is_malware(run: RehearsalRun) -> None:
    # Inside a text, where the scan of the mail does not detect it.
    lines = (binascii.b2a_uu(EICAR[start : start + 45]) for start in range(0, len(EICAR), 45))
    body = b"begin 644 bad.bin\n" + b"".join(lines) + b"`\nend\n"
    run.send(run.new_address(), text=body.decode().replace("\n", "\r\n"))


def ses_receives_no_mail(run: RehearsalRun) -> None:
    """SES bounces mail to the relay, as it does if the stack's rule set is not active."""
    inbound = run.relay.smtp["rcpt_to"]
    run.relay.set_faults({"event": "Bounce", "times": 1000, "recipient": inbound})
    run.send(run.new_address(), is_lost=True)


def activate_the_rule_set(run: RehearsalRun) -> None:
    event = run.relay.await_notice("bouncedRecipients")
    assert run.relay.smtp["rcpt_to"] in event["message"]
    run.relay.client("ses").set_active_receipt_rule_set(
        RuleSetName=run.relay.ready["stack"]["receiptRuleSet"]
    )
    run.fix_cause()


def send_again(run: RehearsalRun) -> None:
    run.send(run.new_address())


def _simulated(run: RehearsalRun, event: str, rate: float) -> None:
    address = run.new_address(event, "simulator.amazonses.com")
    run.send(address)
    eventually(lambda: address in _suppressed(run), within=60)
    run.measure(rate)


def _suppressed(run: RehearsalRun) -> str:
    s3, bucket = run.relay.client("s3"), run.relay.ready["stack"]["incomingBucket"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="suppression/").get("Contents", [])
    return "".join(
        s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read().decode() for one in listed
    )


def mail_bounces(run: RehearsalRun) -> None:
    _simulated(run, "bounce", 0.06)


def a_recipient_complains(run: RehearsalRun) -> None:
    _simulated(run, "complaint", 0.002)


def _mail_a_file(run: RehearsalRun) -> str:
    """Send a mail with a file; return its link."""
    recipient = run.new_address()
    body = b"begin 644 good.bin\n" + binascii.b2a_uu(b"well") + b"`\nend\n"
    run.send(recipient, text=body.decode().replace("\n", "\r\n"))
    (link, *_) = LINK.findall(run.relay.await_mail(recipient).decode())
    return str(link)


def the_page_cannot_start(run: RehearsalRun) -> None:
    link = _mail_a_file(run)
    _deploy_page(run, "adapters.absent.handler")
    with pytest.raises(HTTPError, match="502"):
        open_page(link, run.relay.ready["http"])


def deploy_the_previous_page(run: RehearsalRun) -> None:
    _deploy_page(run, "adapters.download_function.handler")


def _deploy_page(run: RehearsalRun, handler: str) -> None:
    functions = run.relay.client("lambda")
    names = (one["FunctionName"] for one in functions.list_functions()["Functions"])
    (page,) = (one for one in names if one.startswith(f"{PREFIX}download"))
    functions.update_function_configuration(FunctionName=page, Handler=handler)


def too_many_page_requests(run: RehearsalRun) -> None:
    _mail_a_file(run)
    run.measure(1)


MAIL_REHEARSALS: Mapping[str, Rehearsal] = {
    "queue-age": Rehearsal(no_function_reads_the_queue, (enable_the_trigger,)),
    "traffic": Rehearsal(many_mails, (nothing_more,)),
    "parked": Rehearsal(sending_is_paused, (fix_cause,)),
    "held": Rehearsal(a_device_floods, (nothing_more,)),
    "failed-recipients": Rehearsal(ses_rejects_many_recipients, (fix_cause,)),
    "last-try": Rehearsal(one_mail_fails_at_each_try, (fix_cause,)),
    "dead-letters": Rehearsal(two_mails_fail_at_each_try, (fix_cause,)),
    "function-errors": Rehearsal(a_worker_dies, (read_the_log,)),
    "function-throttles": Rehearsal(measured_by_aws(1), (nothing_more,)),
    "directory": Rehearsal(the_directory_is_broken, (restore_the_last_valid_directory,)),
    "malware": Rehearsal(a_file_is_malware, (nothing_more,)),
    "device-bounces": Rehearsal(ses_receives_no_mail, (activate_the_rule_set, send_again)),
    "bounce-rate": Rehearsal(mail_bounces, (nothing_more,)),
    "complaint-rate": Rehearsal(a_recipient_complains, (nothing_more,)),
    # The page's errors count for the domain too: so this alarm comes first.
    "domain-errors": Rehearsal(too_many_page_requests, (nothing_more,)),
    "download-errors": Rehearsal(the_page_cannot_start, (deploy_the_previous_page,)),
    "download-throttles": Rehearsal(too_many_page_requests, (nothing_more,)),
}
