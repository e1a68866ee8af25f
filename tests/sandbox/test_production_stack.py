"""The production example, deployed unchanged on the sandbox, relays mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML carries no types

from tests.sandbox.running import (
    LINK,
    RunningSandbox,
    recipient_code,
    running_sandbox,
)

EXAMPLE = Path(__file__).resolve().parents[2] / "Pulumi.prod.yaml.example"


def options() -> list[str]:
    """The example's configuration as arguments of the sandbox's command line."""

    def text(value: object) -> str:
        if isinstance(value, list):
            return ",".join(map(str, value))
        return value if isinstance(value, str) else json.dumps(value)

    config = yaml.safe_load(EXAMPLE.read_text("utf-8"))["config"]
    # The sandbox starts from the dev stack: keys that the example leaves out get their defaults.
    fast = {"retryDelaySeconds": 30, "parkingDelaySeconds": 300}
    return [f"{key}={text(value)}" for key, value in {**fast, **config}.items()]


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("production"), options()) as relay:
        yield relay


def test_mail_flows_through_it(production: RunningSandbox) -> None:
    recipient = "maintenance@example.com"  # allowed by the example
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = production.device, production.smtp["rcpt_to"]
    mail.set_content(f"Too high.\n{recipient_code(recipient)}\n")
    mail.add_attachment(b"data", maintype="application", subtype="octet-stream", filename="a.bin")
    production.send(mail.as_bytes())
    raw = production.await_mail(recipient).decode()
    base = production.ready["stack"]["downloadUrl"]
    assert [link for link in LINK.findall(raw) if link.startswith(f"{base}/")]
    assert len(production.stored_attachments()) == 1


def test_what_it_keeps_is_under_a_key_of_its_own(production: RunningSandbox) -> None:
    kms, stack = production.client("kms"), production.ready["stack"]
    (alias,) = (
        one
        for one in kms.list_aliases()["Aliases"]
        if one["AliasName"] == "alias/mail-relay-sandbox"
    )
    key = kms.describe_key(KeyId=alias["TargetKeyId"])["KeyMetadata"]
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    for name in ("incomingBucket", "attachmentsBucket"):
        (rule,) = production.client("s3").get_bucket_encryption(Bucket=stack[name])[
            "ServerSideEncryptionConfiguration"
        ]["Rules"]
        default = rule["ApplyServerSideEncryptionByDefault"]
        assert default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
    for name in ("queueUrl", "deadLetterQueueUrl"):
        attributes = production.client("sqs").get_queue_attributes(
            QueueUrl=stack[name], AttributeNames=["KmsMasterKeyId"]
        )["Attributes"]
        assert attributes == {"KmsMasterKeyId": key["Arn"]}
    for name in ("fallbackTopicArn", "alarmsTopicArn"):
        attributes = production.client("sns").get_topic_attributes(TopicArn=stack[name])[
            "Attributes"
        ]
        assert attributes["KmsMasterKeyId"] == key["Arn"]


def test_it_hears_what_becomes_of_what_it_sends(production: RunningSandbox) -> None:
    sesv2 = production.client("sesv2")
    name = "mail-relay-sandbox"
    destinations = {
        one["Name"]: one
        for one in sesv2.get_configuration_set_event_destinations(ConfigurationSetName=name)[
            "EventDestinations"
        ]
    }
    assert set(destinations) == {"operator", "metrics"}
    assert destinations["operator"]["SnsDestination"] == {
        "TopicArn": production.ready["stack"]["alarmsTopicArn"]
    }
    assert sesv2.get_configuration_set(ConfigurationSetName=name)["ReputationOptions"] == {
        "ReputationMetricsEnabled": True
    }
