from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from sandbox.emulator.running import Emulator
from tests.sandbox.emulator.contract.resources import (
    allow,
    error_code,
    make_queue,
    messages,
    policy,
    unique,
)
from tests.waiting import eventually


class TestMail:
    def test_the_active_rule_set_can_be_read(self, emulator: Emulator) -> None:
        ses, name = emulator.client("ses"), unique("rules")
        rule = {
            "Name": "relay",
            "Enabled": True,
            "TlsPolicy": "Require",
            "ScanEnabled": True,
            "Recipients": ["devices@in.example"],
            "Actions": [{"S3Action": {"BucketName": "incoming", "ObjectKeyPrefix": "incoming/"}}],
        }
        ses.create_receipt_rule_set(RuleSetName=name)
        ses.create_receipt_rule(RuleSetName=name, Rule=rule)
        ses.set_active_receipt_rule_set(RuleSetName=name)
        active = ses.describe_active_receipt_rule_set()
        assert (active["Metadata"]["Name"], active["Rules"]) == (name, [rule])

    def test_a_receipt_rule_is_updated_in_its_place(self, emulator: Emulator) -> None:
        ses, rule_set = emulator.client("ses"), unique("rules")
        ses.create_receipt_rule_set(RuleSetName=rule_set)
        made = [
            {
                "Name": name,
                "Enabled": True,
                "TlsPolicy": "Require",
                "ScanEnabled": True,
                "Recipients": [f"{name}@in.example"],
                "Actions": [{"S3Action": {"BucketName": "incoming"}}],
            }
            for name in ("third", "second", "first")
        ]
        for rule in made:
            ses.create_receipt_rule(RuleSetName=rule_set, Rule=rule)
        changed = {**made[1], "Recipients": ["other@in.example"], "ScanEnabled": False}
        ses.update_receipt_rule(RuleSetName=rule_set, Rule=changed)
        rules = ses.describe_receipt_rule_set(RuleSetName=rule_set)["Rules"]
        assert rules == [made[2], changed, made[0]]
        with pytest.raises(ClientError) as caught:
            ses.update_receipt_rule(RuleSetName=rule_set, Rule={**changed, "Name": "absent"})
        assert error_code(caught) == "RuleDoesNotExist"
        with pytest.raises(ClientError) as caught:
            ses.update_receipt_rule(RuleSetName=unique("none"), Rule=changed)
        assert error_code(caught) == "RuleSetDoesNotExist"

    def test_an_identity_is_verified_and_has_dkim_tokens(self, emulator: Emulator) -> None:
        domain = f"{unique('d')}.example"
        made = emulator.client("sesv2").create_email_identity(EmailIdentity=domain)
        assert made["VerifiedForSendingStatus"] is True
        assert len(set(made["DkimAttributes"]["Tokens"])) == 3

    def test_an_address_is_on_the_suppression_list_until_it_is_taken_off(
        self, emulator: Emulator
    ) -> None:
        sesv2, address = emulator.client("sesv2"), f"{unique('a')}@example.net"

        def listed() -> list[str]:
            answer = sesv2.list_suppressed_destinations()
            return [one["EmailAddress"] for one in answer["SuppressedDestinationSummaries"]]

        with pytest.raises(ClientError) as caught:
            sesv2.get_suppressed_destination(EmailAddress=address)
        assert error_code(caught) == "NotFoundException"
        sesv2.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
        found = sesv2.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]
        assert (address, "BOUNCE") == (found["EmailAddress"], found["Reason"])
        assert address in listed()
        sesv2.delete_suppressed_destination(EmailAddress=address)
        assert address not in listed()


class TestSubscriptions:
    def test_one_that_waits_to_be_confirmed_is_listed_as_such(self, emulator: Emulator) -> None:
        sns = emulator.client("sns")
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.net")
        # A closed port.
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/")
        listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        arns = {one["Protocol"]: one["SubscriptionArn"] for one in listed}
        assert arns["http"] == "PendingConfirmation"
        assert arns["email"].startswith(topic)


class TestAlarms:
    def test_data_over_the_threshold_publishes_to_the_topic(self, emulator: Emulator) -> None:
        cloudwatch, sns = emulator.client("cloudwatch"), emulator.client("sns")
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        url, queue_arn = make_queue(emulator)
        from_topic = allow(
            "sqs:SendMessage", queue_arn, Principal={"Service": "sns.amazonaws.com"}
        )
        emulator.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": policy(from_topic)}
        )
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
        alarm, metric = unique("alarm"), unique("metric")
        cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            Namespace="Test",
            MetricName=metric,
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=2,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[topic],
        )
        for value in (2, 3):
            cloudwatch.put_metric_data(
                Namespace="Test", MetricData=[{"MetricName": metric, "Value": value}]
            )
        (message,) = eventually(lambda: messages(emulator, url))
        notice = json.loads(json.loads(message["Body"])["Message"])
        assert (notice["AlarmName"], notice["NewStateValue"]) == (alarm, "ALARM")
