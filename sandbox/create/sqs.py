"""SQS: queues and their policies."""

from __future__ import annotations

from .declared import Account, Created, Creator, Declared
from .policies import without_transport_denials

ATTRIBUTES = {
    "delaySeconds": "DelaySeconds",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
"""A queue's inputs, by SQS's names for its attributes."""


def queue(declared: Declared, account: Account) -> Created:
    """`aws.sqs.Queue`, a standard one."""
    name = declared.physical_name()
    url = account.client("sqs").create_queue(
        QueueName=name,
        Attributes=attributes(declared),
        tags=declared.tags(),
    )["QueueUrl"]
    arn = f"arn:aws:sqs:{account.region}:{account.account_id}:{name}"
    return Created(url, {"name": name, "url": url, "arn": arn})


def attributes(declared: Declared) -> dict[str, str]:
    """The declared attributes of a queue, as parameters for SQS."""
    return {key: _text(value) for key, value in declared.renamed(ATTRIBUTES).items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def queue_policy(declared: Declared, account: Account) -> Created:
    """`aws.sqs.QueuePolicy`, without its denial of plain HTTP (see `policies`)."""
    url = declared.require("queueUrl")
    if document := without_transport_denials(declared.require("policy")):
        account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    return Created(url)


def redrive_policy(declared: Declared, account: Account) -> Created:
    """`aws.sqs.RedrivePolicy`."""
    url = declared.require("queueUrl")
    account.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"RedrivePolicy": declared.require("redrivePolicy")}
    )
    return Created(url)


def redrive_allow_policy(declared: Declared, account: Account) -> Created:
    """`aws.sqs.RedriveAllowPolicy`."""
    url = declared.require("queueUrl")
    account.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"RedriveAllowPolicy": declared.require("redriveAllowPolicy")}
    )
    return Created(url)


CREATORS: dict[str, Creator] = {
    "aws:sqs/queue:Queue": queue,
    "aws:sqs/queuePolicy:QueuePolicy": queue_policy,
    "aws:sqs/redrivePolicy:RedrivePolicy": redrive_policy,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": redrive_allow_policy,
}
