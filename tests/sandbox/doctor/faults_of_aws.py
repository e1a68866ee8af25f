"""Faults of a stack in functions, buckets, topics, alarms and account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from tests.sandbox.doctor.examined_stack import ExaminedStack
from tests.waiting import eventually


@contextmanager
def no_credentials_of_a_user(examined_stack: ExaminedStack) -> Iterator[None]:
    ssm, name = (
        examined_stack.relay.client("ssm"),
        examined_stack.stack["smtpUserParameters"]["hall-3"],
    )
    before = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    ssm.delete_parameter(Name=name)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Type=before["Type"], Value=before["Value"])


@contextmanager
def no_alarm_address(examined_stack: ExaminedStack) -> Iterator[None]:
    sns, topic = examined_stack.relay.client("sns"), examined_stack.stack["alarmsTopicArn"]
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    (one,) = [each for each in listed if each["Protocol"] == "email"]
    sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    try:
        yield
    finally:
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=one["Endpoint"])


def disabled_source(output: str) -> Callable[[ExaminedStack], AbstractContextManager[None]]:
    @contextmanager
    def fault(examined_stack: ExaminedStack) -> Iterator[None]:
        with disabled_event_source(examined_stack, examined_stack.stack[output]):
            yield

    return fault


@contextmanager
def disabled_event_source(examined_stack: ExaminedStack, name: str) -> Iterator[None]:
    client = examined_stack.relay.client("lambda")
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
def no_notification(examined_stack: ExaminedStack) -> Iterator[None]:
    s3, bucket = examined_stack.relay.client("s3"), examined_stack.stack["incomingBucket"]
    before = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": before}
        )


@contextmanager
def no_bucket_policy(examined_stack: ExaminedStack) -> Iterator[None]:
    s3, bucket = examined_stack.relay.client("s3"), examined_stack.stack["incomingBucket"]
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)


@contextmanager
def no_encryption(examined_stack: ExaminedStack) -> Iterator[None]:
    s3, bucket = examined_stack.relay.client("s3"), examined_stack.stack["attachmentsBucket"]
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
def no_identity(examined_stack: ExaminedStack) -> Iterator[None]:
    sesv2 = examined_stack.relay.client("sesv2")
    domain = examined_stack.stack["senderAddress"].rpartition("@")[2]
    sesv2.delete_email_identity(EmailIdentity=domain)
    try:
        yield
    finally:
        sesv2.create_email_identity(EmailIdentity=domain)


@contextmanager
def a_dead_letter(examined_stack: ExaminedStack) -> Iterator[None]:
    sqs, url = examined_stack.relay.client("sqs"), examined_stack.stack["deadLetterQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    try:
        yield
    finally:
        sqs.purge_queue(QueueUrl=url)


@contextmanager
def a_firing_alarm(examined_stack: ExaminedStack) -> Iterator[None]:
    cloudwatch = examined_stack.relay.client("cloudwatch")
    # On a metric that the sandbox does not put, so that the alarm's state does not change.
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
def no_alarm_actions(examined_stack: ExaminedStack) -> Iterator[None]:
    cloudwatch = examined_stack.relay.client("cloudwatch")
    name = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmName"]
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    try:
        yield
    finally:
        cloudwatch.enable_alarm_actions(AlarmNames=[name])


@contextmanager
def a_logged_error(examined_stack: ExaminedStack) -> Iterator[None]:
    logs, group = examined_stack.relay.client("logs"), examined_stack.stack["logGroup"]
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
def ses_sandbox(examined_stack: ExaminedStack) -> Iterator[None]:
    sesv2 = examined_stack.relay.client("sesv2")

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
def no_workers(examined_stack: ExaminedStack) -> Iterator[None]:
    client, name = examined_stack.relay.client("lambda"), examined_stack.stack["functionName"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        client.delete_function_concurrency(FunctionName=name)
