"""`relayctl doctor` on a running sandbox: each fault is named, alone; a whole stack has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from operate.cli import app
from operate.commands import doctor as command
from operate.doctor.examination import CHECKS
from operate.doctor.parameters import OLD
from operate.doctor.verdicts import Finding, Status
from operate.stack.desk import Desk, open_desk
from operate.stack.outputs import parse_ready_file
from tests.operate.dns_server import serving, zone_of
from tests.sandbox.running import RunningSandbox, running_sandbox
from tests.sandbox.waiting import eventually


@dataclass(frozen=True, slots=True)
class Patient:
    """A sandbox of its own, and the DNS of its domains, which tests change."""

    relay: RunningSandbox
    zone: dict[tuple[str, str], list[str]]
    dns: str

    @property
    def stack(self) -> Mapping[str, Any]:
        stack: Mapping[str, Any] = self.relay.ready["stack"]
        return stack

    @property
    def desk(self) -> Desk:
        return open_desk(parse_ready_file(json.dumps(self.relay.ready), "ready"), None)

    def look(self, desk: Desk | None = None) -> list[Finding]:
        return list(command.examined(desk or self.desk, self.dns))

    def troubles(self, desk: Desk | None = None) -> list[Finding]:
        return [one for one in self.look(desk) if one.verdict.status is not Status.OK]

    def set_queue(self, **attributes: str) -> dict[str, str]:
        """Change attributes of the queue; what they were."""
        sqs, url = self.relay.client("sqs"), self.stack["queueUrl"]
        names = list(attributes)
        before: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)[
            "Attributes"
        ]
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
        return before


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    config = ("smtpUsers=hall-3", "eventBus=default", "watchSubscriptions=true")
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), config) as relay:
        zone = zone_of(relay.ready["stack"]["dnsRecords"])
        with serving(zone) as dns:
            yield Patient(relay, zone, dns)


# --- The faults ---------------------------------------------------------------------------------


@contextmanager
def unconfirmed_subscription(patient: Patient) -> Iterator[None]:
    sns, topic = patient.relay.client("sns"), patient.stack["fallbackTopicArn"]
    # Nobody listens there, so nobody confirms.
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/")
    try:
        yield
    finally:
        # AWS forgets it after three days. The emulator tells its ARN here.
        for one in sns.list_subscriptions()["Subscriptions"]:
            if one["Protocol"] == "http":
                sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


@contextmanager
def changed_rule(patient: Patient, **changes: object) -> Iterator[None]:
    ses, rule_set = patient.relay.client("ses"), patient.stack["receiptRuleSet"]
    (rule,) = ses.describe_receipt_rule_set(RuleSetName=rule_set)["Rules"]
    ses.update_receipt_rule(RuleSetName=rule_set, Rule={**rule, **changes})
    try:
        yield
    finally:
        ses.update_receipt_rule(RuleSetName=rule_set, Rule=rule)


@contextmanager
def disabled_rule(patient: Patient) -> Iterator[None]:
    with changed_rule(patient, Enabled=False):
        yield


@contextmanager
def rule_for_another_address(patient: Patient) -> Iterator[None]:
    with changed_rule(patient, Recipients=["old@in.example.com"]):
        yield


@contextmanager
def rule_without_scan(patient: Patient) -> Iterator[None]:
    with changed_rule(patient, ScanEnabled=False):
        yield


@contextmanager
def other_rule_set(patient: Patient) -> Iterator[None]:
    ses = patient.relay.client("ses")
    ses.create_receipt_rule_set(RuleSetName="somebody-elses")
    ses.set_active_receipt_rule_set(RuleSetName="somebody-elses")
    try:
        yield
    finally:
        ses.set_active_receipt_rule_set(RuleSetName=patient.stack["receiptRuleSet"])
        ses.delete_receipt_rule_set(RuleSetName="somebody-elses")


def suppressed(name: str) -> Callable[[Patient], AbstractContextManager[None]]:
    @contextmanager
    def fault(patient: Patient) -> Iterator[None]:
        sesv2, address = patient.relay.client("sesv2"), patient.stack[name]
        sesv2.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
        try:
            yield
        finally:
            sesv2.delete_suppressed_destination(EmailAddress=address)

    return fault


@contextmanager
def suppressed_recipient(patient: Patient) -> Iterator[None]:
    sesv2 = patient.relay.client("sesv2")
    document = {"groups": {"oncall": ["Anna@example.org"]}, "defaultRecipients": {}}
    with directory(patient, json.dumps(document)):
        sesv2.put_suppressed_destination(EmailAddress="anna@example.org", Reason="COMPLAINT")
        try:
            yield
        finally:
            sesv2.delete_suppressed_destination(EmailAddress="anna@example.org")


@contextmanager
def directory(patient: Patient, document: str) -> Iterator[None]:
    ssm, name = patient.relay.client("ssm"), patient.stack["directoryParameter"]
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value=document, Overwrite=True)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Value=before, Overwrite=True)


@contextmanager
def broken_directory(patient: Patient) -> Iterator[None]:
    with directory(patient, '{"groups": '):
        yield


@contextmanager
def no_queue_policy(patient: Patient) -> Iterator[None]:
    before = patient.set_queue(Policy="")
    try:
        yield
    finally:
        patient.set_queue(**before)


@contextmanager
def no_dead_letter_queue(patient: Patient) -> Iterator[None]:
    before = patient.set_queue(RedrivePolicy="")
    try:
        yield
    finally:
        patient.set_queue(**before)


@contextmanager
def no_link_keys(patient: Patient) -> Iterator[None]:
    ssm = patient.relay.client("ssm")
    name = patient.stack["directoryParameter"].rpartition("/")[0] + "/link-keys"
    before = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    ssm.delete_parameter(Name=name)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Type=before["Type"], Value=before["Value"])


@contextmanager
def no_credentials_of_a_user(patient: Patient) -> Iterator[None]:
    ssm, name = patient.relay.client("ssm"), patient.stack["smtpUserParameters"]["hall-3"]
    before = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    ssm.delete_parameter(Name=name)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Type=before["Type"], Value=before["Value"])


@contextmanager
def no_alarm_address(patient: Patient) -> Iterator[None]:
    sns, topic = patient.relay.client("sns"), patient.stack["alarmsTopicArn"]
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    (one,) = [each for each in listed if each["Protocol"] == "email"]
    sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    try:
        yield
    finally:
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=one["Endpoint"])


@contextmanager
def without_record(patient: Patient, type_: str, *, containing: str) -> Iterator[None]:
    key = next(
        (name, kind)
        for (name, kind), values in patient.zone.items()
        if kind == type_ and any(containing in text for text in (name, *values))
    )
    values = patient.zone.pop(key)
    try:
        yield
    finally:
        patient.zone[key] = values


def missing(type_: str, containing: str) -> Callable[[Patient], AbstractContextManager[None]]:
    @contextmanager
    def fault(patient: Patient) -> Iterator[None]:
        with without_record(patient, type_, containing=containing):
            yield

    return fault


def disabled_source(output: str) -> Callable[[Patient], AbstractContextManager[None]]:
    @contextmanager
    def fault(patient: Patient) -> Iterator[None]:
        with disabled_event_source(patient, patient.stack[output]):
            yield

    return fault


@contextmanager
def disabled_event_source(patient: Patient, name: str) -> Iterator[None]:
    client = patient.relay.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]

    def switch(*, on: bool) -> None:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
        state = "Enabled" if on else "Disabled"
        eventually(lambda: client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == state)

    switch(on=False)
    try:
        yield
    finally:
        switch(on=True)


@contextmanager
def no_notification(patient: Patient) -> Iterator[None]:
    s3, bucket = patient.relay.client("s3"), patient.stack["incomingBucket"]
    before = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": before}
        )


@contextmanager
def no_bucket_policy(patient: Patient) -> Iterator[None]:
    s3, bucket = patient.relay.client("s3"), patient.stack["incomingBucket"]
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)


@contextmanager
def no_encryption(patient: Patient) -> Iterator[None]:
    s3, bucket = patient.relay.client("s3"), patient.stack["attachmentsBucket"]
    before = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    try:
        yield
    finally:
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=before)


@contextmanager
def no_identity(patient: Patient) -> Iterator[None]:
    sesv2 = patient.relay.client("sesv2")
    domain = patient.stack["senderAddress"].rpartition("@")[2]
    sesv2.delete_email_identity(EmailIdentity=domain)
    try:
        yield
    finally:
        sesv2.create_email_identity(EmailIdentity=domain)


@contextmanager
def a_dead_letter(patient: Patient) -> Iterator[None]:
    sqs, url = patient.relay.client("sqs"), patient.stack["deadLetterQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    try:
        yield
    finally:
        sqs.purge_queue(QueueUrl=url)


@contextmanager
def a_firing_alarm(patient: Patient) -> Iterator[None]:
    cloudwatch = patient.relay.client("cloudwatch")
    # Of a metric that the sandbox never puts, so that nothing ends it meanwhile.
    name = next(
        alarm["AlarmName"]
        for alarm in cloudwatch.describe_alarms()["MetricAlarms"]
        if "bounce-rate" in alarm["AlarmName"]
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    try:
        yield
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")


@contextmanager
def no_alarm_actions(patient: Patient) -> Iterator[None]:
    cloudwatch = patient.relay.client("cloudwatch")
    name = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmName"]
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    try:
        yield
    finally:
        cloudwatch.enable_alarm_actions(AlarmNames=[name])


@contextmanager
def a_logged_error(patient: Patient) -> Iterator[None]:
    logs, group = patient.relay.client("logs"), patient.stack["logGroup"]
    line = json.dumps({"level": "ERROR", "message": "mail failed", "exception_name": "KeyError"})
    logs.create_log_stream(logGroupName=group, logStreamName="test")
    logs.put_log_events(
        logGroupName=group,
        logStreamName="test",
        logEvents=[{"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": line}],
    )
    try:
        yield
    finally:
        logs.delete_log_stream(logGroupName=group, logStreamName="test")


@contextmanager
def ses_sandbox(patient: Patient) -> Iterator[None]:
    sesv2 = patient.relay.client("sesv2")

    def put(*, production: bool) -> None:
        sesv2.put_account_details(
            MailType="TRANSACTIONAL",
            WebsiteURL="https://example.com",
            ProductionAccessEnabled=production,
        )

    put(production=False)
    try:
        yield
    finally:
        put(production=True)


@contextmanager
def no_workers(patient: Patient) -> Iterator[None]:
    client, name = patient.relay.client("lambda"), patient.stack["functionName"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        client.delete_function_concurrency(FunctionName=name)


Fault = Callable[[Patient], AbstractContextManager[None]]

FAULTS: Mapping[str, tuple[str, str, Fault]] = {
    # What is made → the check that tells, what it names, how it is made
    "subscription unconfirmed": ("subscriptions", "a receiver of http", unconfirmed_subscription),
    "rule disabled": ("receipt-rule", "-incoming is disabled", disabled_rule),
    "rule for another address": ("receipt-rule", "inbound address", rule_for_another_address),
    "rule without scan": ("receipt-rule", "scan", rule_without_scan),
    "other rule set active": ("receipt-rule-set", "somebody-elses", other_rule_set),
    "inbound address suppressed": ("ses-suppression", "inbound", suppressed("inboundAddress")),
    "sender suppressed": ("ses-suppression", "sender", suppressed("senderAddress")),
    "recipient suppressed": ("ses-suppression", "anna@example.org", suppressed_recipient),
    "directory unreadable": ("directory", "/recipients", broken_directory),
    "queue policy gone": ("queue-policy", "does not let S3", no_queue_policy),
    "dead-letter queue cut off": ("queue-policy", "no dead-letter", no_dead_letter_queue),
    "key parameter gone": ("parameters", "/link-keys", no_link_keys),
    "MX missing": ("dns-mx", "in.example.com MX", missing("MX", "inbound-smtp")),
    "DKIM missing": ("dns-dkim", "_domainkey", missing("CNAME", "_domainkey")),
    "MAIL FROM MX missing": ("dns-mail-from", "bounce.", missing("MX", "feedback-smtp")),
    "SPF missing": ("dns-mail-from", "SPF", missing("TXT", "v=spf1")),
    "DMARC missing": ("dns-dmarc", "_dmarc.", missing("TXT", "_dmarc.")),
    "event source disabled": ("event-source", "is Disabled", disabled_source("functionName")),
    "notification gone": ("bucket-notification", "does not tell", no_notification),
    "bucket policy gone": ("bucket-policy", "does not let SES", no_bucket_policy),
    "buckets encrypted unlike": ("bucket-encryption", "alike", no_encryption),
    "identity gone": ("ses-identities", "mail.example.com", no_identity),
    "dead-letter queue filled": ("dead-letters", "-dead-letters", a_dead_letter),
    "posting switched off": ("posting", "is Disabled", disabled_source("postingFunctionName")),
    "a user's credentials gone": ("parameters", "of hall-3", no_credentials_of_a_user),
    "alarm address missing": ("subscriptions", "operator@example.com of", no_alarm_address),
    "alarm fires": ("alarms", "bounce-rate", a_firing_alarm),
    "alarm without actions": ("alarms", "notifies no subscriber", no_alarm_actions),
    "function told of an error": ("function-errors", "mail failed KeyError", a_logged_error),
    "account in SES's sandbox": ("ses-account", "sandbox", ses_sandbox),
    "no workers": ("concurrency", "reserved concurrency of 0", no_workers),
}


def test_a_whole_stack_has_nothing(patient: Patient) -> None:
    found = patient.look()
    assert [] == [one for one in found if one.verdict.status is not Status.OK]
    assert {check.name for check in CHECKS} == {one.check for one in found}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_and_no_other(patient: Patient, fault: str) -> None:
    check, words, make = FAULTS[fault]
    with make(patient):
        found = patient.troubles()
    assert [check] == [one.check for one in found], found
    verdict = found[0].verdict
    assert words in verdict.found
    assert verdict.status in {Status.PROBLEM, Status.WARNING}
    assert verdict.remedy


def test_once_they_are_mended_there_is_nothing_again(patient: Patient) -> None:
    assert [] == patient.troubles()


def test_old_credentials_are_named(patient: Patient) -> None:
    def clock() -> datetime:
        return datetime.now(UTC) + OLD

    found = patient.troubles(replace(patient.desk, clock=clock))
    assert ["smtp-credentials"] * 2 == [one.check for one in found]
    of_all, of_one = (one.verdict for one in found)
    assert "credentials are 365 days old" in of_all.found
    assert "raise smtpCredentialsVersion by one" in of_all.remedy
    assert "of hall-3 are 365 days old" in of_one.found
    assert "raise its number in smtpUsers by one" in of_one.remedy


class TestCommand:
    def run(self, patient: Patient, folder: Path, *arguments: str) -> Any:
        ready_file = folder / "ready.json"
        ready_file.write_text(json.dumps(patient.relay.ready))
        where = ("--ready-file", str(ready_file), "--dns", patient.dns)
        return CliRunner().invoke(app, ["doctor", *arguments, *where])

    def test_json_is_an_object_a_line_and_a_problem_the_status(
        self, patient: Patient, tmp_path: Path
    ) -> None:
        whole = self.run(patient, tmp_path, "--json")
        lines = [json.loads(line) for line in whole.stdout.splitlines()]
        assert 0 == whole.exit_code
        assert {("check", "status", "found", "remedy")} == {tuple(line) for line in lines}
        assert {"ok"} == {line["status"] for line in lines}
        with disabled_rule(patient):
            assert 1 == self.run(patient, tmp_path, "--json").exit_code
        with rule_without_scan(patient):  # a warning is no problem
            assert 0 == self.run(patient, tmp_path, "--json").exit_code

    def test_a_person_is_told_what_to_do(self, patient: Patient, tmp_path: Path) -> None:
        with disabled_rule(patient):
            told = self.run(patient, tmp_path)
        assert "receipt-rule" in told.stdout
        assert "→ 'pulumi refresh', then 'pulumi up'" in told.stdout
        assert "26 of 27 are well, 1 problem" in told.stderr

    def test_without_dns_its_records_are_unknown(self, patient: Patient) -> None:
        found = [one for one in command.examined(patient.desk, None) if "dns" in one.check]
        assert {Status.UNKNOWN} == {one.verdict.status for one in found}

    def test_watching_ends_when_all_is_well(
        self, patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fault = disabled_rule(patient)
        fault.__enter__()

        def mend(_seconds: float) -> None:
            fault.__exit__(None, None, None)

        monkeypatch.setattr("time.sleep", mend)
        told = self.run(patient, tmp_path, "--watch", "--json")
        statuses = [
            line["status"]
            for line in map(json.loads, told.stdout.splitlines())
            if line["check"] == "receipt-rule"
        ]
        assert (["problem", "ok"], 0) == (statuses, told.exit_code)
        assert "1 problem; again in 15 seconds" in told.stderr


POLICY: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "doctor-policy.json").read_text("utf-8")
)
UNCALLED = {
    # Action → why nothing asks for it on this stack
    "kms:DescribeKey": "the stack has no key of its own",
}
NAMED_OTHERWISE = {
    # Calls of S3 whose actions have other names (Service Authorization Reference, Amazon S3)
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
}
EMULATOR_ASKS_FOR = {
    # ministack takes GetFunctionConcurrency for the call that sets it.
    "Effect": "Allow",
    "Action": "lambda:PutFunctionConcurrency",
    "Resource": "*",
}


class TestRights:
    def as_user(self, patient: Patient, name: str, statements: list[Any]) -> Patient:
        iam = patient.relay.client("iam")
        iam.create_user(UserName=name)
        document = json.dumps(
            {"Version": "2012-10-17", "Statement": [*statements, EMULATOR_ASKS_FOR]}
        )
        iam.put_user_policy(UserName=name, PolicyName="doctor", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        aws = {
            **patient.relay.ready["aws"],
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
        }
        return replace(patient, relay=RunningSandbox({**patient.relay.ready, "aws": aws}))

    def test_the_policy_to_paste_is_enough(self, patient: Patient) -> None:
        assert [] == self.as_user(patient, "doctor", POLICY["Statement"]).troubles()

    def test_it_has_no_right_that_is_not_used(self, patient: Patient) -> None:
        desk, called = patient.desk, set()

        def client(service: str) -> Any:
            made = desk.client(service)
            made.meta.events.register("before-call", remember)
            return made

        def remember(model: Any, **_: Any) -> None:
            prefix = {"sesv2": "ses", "monitoring": "cloudwatch"}.get(
                model.service_model.signing_name, model.service_model.signing_name
            )
            action = f"{prefix}:{model.name}"
            called.add(NAMED_OTHERWISE.get(action, action))

        patient.look(replace(desk, client=client))
        allowed = {action for one in POLICY["Statement"] for action in one["Action"]}
        assert allowed - UNCALLED.keys() == called

    def test_a_missing_right_is_named_and_hides_nothing_else(self, patient: Patient) -> None:
        missing = {"sns:ListSubscriptionsByTopic", "cloudwatch:DescribeAlarms"}
        statements = [
            {**one, "Action": actions}
            for one in POLICY["Statement"]
            if (actions := [action for action in one["Action"] if action not in missing])
        ]
        found = self.as_user(patient, "without-topics", statements).troubles()
        assert {"subscriptions", "alarms"} == {one.check for one in found}
        assert {Status.UNKNOWN} == {one.verdict.status for one in found}
        remedies = " ".join(one.verdict.remedy for one in found)
        assert "allow sns:ListSubscriptionsByTopic" in remedies
        assert "allow cloudwatch:DescribeAlarms" in remedies
