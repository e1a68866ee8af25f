"""Faults of a stack in receiving, queue and DNS; and the list of all faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from tests.sandbox.doctor.examined_stack import ExaminedStack
from tests.sandbox.doctor.faults_of_aws import (
    a_dead_letter,
    a_firing_alarm,
    a_logged_error,
    disabled_source,
    no_alarm_actions,
    no_alarm_address,
    no_bucket_policy,
    no_credentials_of_a_user,
    no_encryption,
    no_identity,
    no_notification,
    no_workers,
    ses_sandbox,
)


@contextmanager
def unconfirmed_subscription(examined_stack: ExaminedStack) -> Iterator[None]:
    sns, topic = examined_stack.relay.client("sns"), examined_stack.stack["fallbackTopicArn"]
    # A closed port, so the subscription is never confirmed.
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/")
    try:
        yield
    finally:
        # AWS deletes it after three days. The emulator returns its ARN here.
        for one in sns.list_subscriptions()["Subscriptions"]:
            if one["Protocol"] == "http":
                sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


@contextmanager
def changed_rule(examined_stack: ExaminedStack, **changes: object) -> Iterator[None]:
    ses, rule_set = examined_stack.relay.client("ses"), examined_stack.stack["receiptRuleSet"]
    (rule,) = ses.describe_receipt_rule_set(RuleSetName=rule_set)["Rules"]
    ses.update_receipt_rule(RuleSetName=rule_set, Rule={**rule, **changes})
    try:
        yield
    finally:
        ses.update_receipt_rule(RuleSetName=rule_set, Rule=rule)


@contextmanager
def disabled_rule(examined_stack: ExaminedStack) -> Iterator[None]:
    with changed_rule(examined_stack, Enabled=False):
        yield


@contextmanager
def rule_for_another_address(examined_stack: ExaminedStack) -> Iterator[None]:
    with changed_rule(examined_stack, Recipients=["old@in.example.com"]):
        yield


@contextmanager
def rule_without_scan(examined_stack: ExaminedStack) -> Iterator[None]:
    with changed_rule(examined_stack, ScanEnabled=False):
        yield


@contextmanager
def other_rule_set(examined_stack: ExaminedStack) -> Iterator[None]:
    ses = examined_stack.relay.client("ses")
    ses.create_receipt_rule_set(RuleSetName="somebody-elses")
    ses.set_active_receipt_rule_set(RuleSetName="somebody-elses")
    try:
        yield
    finally:
        ses.set_active_receipt_rule_set(RuleSetName=examined_stack.stack["receiptRuleSet"])
        ses.delete_receipt_rule_set(RuleSetName="somebody-elses")


def suppressed(name: str) -> Callable[[ExaminedStack], AbstractContextManager[None]]:
    @contextmanager
    def fault(examined_stack: ExaminedStack) -> Iterator[None]:
        sesv2, address = examined_stack.relay.client("sesv2"), examined_stack.stack[name]
        sesv2.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
        try:
            yield
        finally:
            sesv2.delete_suppressed_destination(EmailAddress=address)

    return fault


@contextmanager
def suppressed_recipient(examined_stack: ExaminedStack) -> Iterator[None]:
    sesv2 = examined_stack.relay.client("sesv2")
    document = {"groups": {"oncall": ["Anna@example.org"]}, "defaultRecipients": {}}
    with directory(examined_stack, json.dumps(document)):
        sesv2.put_suppressed_destination(EmailAddress="anna@example.org", Reason="COMPLAINT")
        try:
            yield
        finally:
            sesv2.delete_suppressed_destination(EmailAddress="anna@example.org")


@contextmanager
def directory(examined_stack: ExaminedStack, document: str) -> Iterator[None]:
    ssm, name = examined_stack.relay.client("ssm"), examined_stack.stack["directoryParameter"]
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value=document, Overwrite=True)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Value=before, Overwrite=True)


@contextmanager
def broken_directory(examined_stack: ExaminedStack) -> Iterator[None]:
    with directory(examined_stack, '{"groups": '):
        yield


@contextmanager
def no_queue_policy(examined_stack: ExaminedStack) -> Iterator[None]:
    before = examined_stack.set_queue(Policy="")
    try:
        yield
    finally:
        examined_stack.set_queue(**before)


@contextmanager
def no_dead_letter_queue(examined_stack: ExaminedStack) -> Iterator[None]:
    before = examined_stack.set_queue(RedrivePolicy="")
    try:
        yield
    finally:
        examined_stack.set_queue(**before)


@contextmanager
def no_link_keys(examined_stack: ExaminedStack) -> Iterator[None]:
    ssm = examined_stack.relay.client("ssm")
    name = examined_stack.stack["directoryParameter"].rpartition("/")[0] + "/link-keys"
    before = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    ssm.delete_parameter(Name=name)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Type=before["Type"], Value=before["Value"])


@contextmanager
def without_record(
    examined_stack: ExaminedStack, type_: str, *, containing: str
) -> Iterator[None]:
    key = next(
        (name, kind)
        for (name, kind), values in examined_stack.zone.items()
        if kind == type_ and any(containing in text for text in (name, *values))
    )
    values = examined_stack.zone.pop(key)
    try:
        yield
    finally:
        examined_stack.zone[key] = values


def missing(
    type_: str, containing: str
) -> Callable[[ExaminedStack], AbstractContextManager[None]]:
    @contextmanager
    def fault(examined_stack: ExaminedStack) -> Iterator[None]:
        with without_record(examined_stack, type_, containing=containing):
            yield

    return fault


Fault = Callable[[ExaminedStack], AbstractContextManager[None]]

FAULTS: Mapping[str, tuple[str, str, Fault]] = {
    # Fault → the check that reports it, words of the report, how the fault is made
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
    "notification gone": ("bucket-notification", "does not announce", no_notification),
    "bucket policy gone": ("bucket-policy", "does not let SES", no_bucket_policy),
    "buckets encrypted unlike": ("bucket-encryption", "in different ways", no_encryption),
    "identity gone": ("ses-identities", "mail.example.com", no_identity),
    "dead-letter queue filled": ("dead-letters", "-dead-letters", a_dead_letter),
    "posting switched off": ("posting", "is Disabled", disabled_source("postingFunctionName")),
    "a user's credentials gone": ("parameters", "of hall-3", no_credentials_of_a_user),
    "alarm address missing": ("subscriptions", "operator@example.com of", no_alarm_address),
    "alarm fires": ("alarms", "bounce-rate", a_firing_alarm),
    "alarm without actions": ("alarms", "notifies no subscriber", no_alarm_actions),
    "function that logs an error": ("function-errors", "mail failed KeyError", a_logged_error),
    "account in SES's sandbox": ("ses-account", "sandbox", ses_sandbox),
    "no workers": ("concurrency", "reserved concurrency of 0", no_workers),
}
