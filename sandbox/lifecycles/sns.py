"""SNS: the lives of topics, their policies and subscriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import sns as create

from .lifecycle import (
    Change,
    Existing,
    Lifecycle,
    deleted_by,
    found_by,
    updated_by,
    updated_by_put,
)


def _set_attributes(change: Change, account: Account) -> Mapping[str, Any]:
    for key, name in create.TOPIC_ATTRIBUTES.items():
        if key in change.keys:
            account.client("sns").set_topic_attributes(
                TopicArn=change.id,
                AttributeName=name,
                AttributeValue=str(change.new.get(key) or ""),
            )
    return {}


def _take_policy_back(policy: Existing, account: Account) -> None:
    """Restore the default policy, as the provider does: a topic always has one."""
    owner_only = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes"],
        "Resource": policy.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account.account_id}},
    }
    account.client("sns").set_topic_attributes(
        TopicArn=policy.id,
        AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2008-10-17", "Statement": [owner_only]}),
    )


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:sns/topic:Topic": Lifecycle(
        create=create.topic,
        read=found_by("sns", "get_topic_attributes", TopicArn="id"),
        delete=deleted_by("sns", "delete_topic", TopicArn="id"),
        source="internal/service/sns/topic.go",
        replaced_by=frozenset({"name", "namePrefix", "fifoTopic"}),
        updates=updated_by(_set_attributes, *create.TOPIC_ATTRIBUTES),
        named_by="name",
        longest_name=256,
    ),
    "aws:sns/topicPolicy:TopicPolicy": Lifecycle(
        create=create.topic_policy,
        read=found_by("sns", "get_topic_attributes", TopicArn="arn"),
        delete=_take_policy_back,
        source="internal/service/sns/topic_policy.go",
        replaced_by=frozenset({"arn"}),
        updates=updated_by_put(create.topic_policy, "policy"),
    ),
    "aws:sns/topicSubscription:TopicSubscription": Lifecycle(
        create=create.topic_subscription,
        read=found_by("sns", "get_subscription_attributes", SubscriptionArn="id"),
        delete=deleted_by("sns", "unsubscribe", SubscriptionArn="id"),
        source="internal/service/sns/topic_subscription.go",
        replaced_by=frozenset({"topic", "protocol", "endpoint"}),
    ),
}
