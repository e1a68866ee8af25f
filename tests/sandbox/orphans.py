"""Pending resources of an interrupted `up`: they may exist, but are not in the state.

They are deleted as `docs/operating.md` describes. They are new and empty, and nothing depends on
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.create import Account
from sandbox.engine.state import Pending
from sandbox.lifecycles import LIFECYCLES, Existing
from sandbox.lifecycles.lifecycle import is_gone

Inputs = Mapping[str, Any]


def delete_orphan(account: Account, pending: Pending) -> None:
    """Delete the resource that was being created, if it exists."""
    try:
        id_ = _ID.get(pending.type, _by_name)(account, pending.inputs)
        if id_ is not None:
            LIFECYCLES[pending.type].delete(Existing(id=id_, state=pending.inputs), account)
    except ClientError as error:
        if not is_gone(error):
            raise


def _by_name(_account: Account, inputs: Inputs) -> str | None:
    """The input that is the id, for types whose id is a name."""
    for key in ("name", "bucket", "ruleSetName", "configurationSetName", "dashboardName"):
        if key in inputs:
            return str(inputs[key])
    return str(inputs.get("emailIdentity") or inputs.get("statementId") or "unnamed")


def _queue(account: Account, inputs: Inputs) -> str:
    return str(account.client("sqs").get_queue_url(QueueName=inputs["name"])["QueueUrl"])


def _topic(account: Account, inputs: Inputs) -> str:
    return f"arn:aws:sns:{account.region}:{account.account_id}:{inputs['name']}"


def _access_key(account: Account, inputs: Inputs) -> str | None:
    found = account.client("iam").list_access_keys(UserName=inputs["user"])["AccessKeyMetadata"]
    return found[0]["AccessKeyId"] if found else None


def _mapping(account: Account, inputs: Inputs) -> str | None:
    name = inputs["functionName"].rpartition(":")[2]
    mappings = account.client("lambda").list_event_source_mappings(FunctionName=name)
    return next((one["UUID"] for one in mappings["EventSourceMappings"]), None)


def _subscription(account: Account, inputs: Inputs) -> str | None:
    found = account.client("sns").list_subscriptions_by_topic(TopicArn=inputs["topic"])
    return next(
        (
            one["SubscriptionArn"]
            for one in found["Subscriptions"]
            if one["Endpoint"] == inputs["endpoint"]
        ),
        None,
    )


def _nothing(_account: Account, _inputs: Inputs) -> None:
    """Nothing to delete: the next `up` writes the same again."""


_ID: Mapping[str, Callable[[Account, Inputs], str | None]] = {
    "aws:sqs/queue:Queue": _queue,
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:iam/accessKey:AccessKey": _access_key,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _mapping,
    **dict.fromkeys(
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "aws:s3/bucketNotification:BucketNotification",
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            "aws:s3/bucketPolicy:BucketPolicy",
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet",
        ),
        _nothing,
    ),
}
