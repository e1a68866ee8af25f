"""SNS: topics, their policies and subscriptions."""

from __future__ import annotations

from .declared import Account, Created, Creator, Declared
from .policies import without_transport_denials

TOPIC_ATTRIBUTES = {
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}
"""A topic's inputs, by SNS's names for its attributes."""


def topic(declared: Declared, account: Account) -> Created:
    """`aws.sns.Topic`, a standard one."""
    name = declared.physical_name()
    attributes = declared.renamed(TOPIC_ATTRIBUTES)
    arn = account.client("sns").create_topic(
        Name=name,
        Attributes={key: str(value) for key, value in attributes.items()},
        Tags=declared.tag_list(),
    )["TopicArn"]
    return Created(arn, {"name": name, "arn": arn, "owner": account.account_id})


def topic_policy(declared: Declared, account: Account) -> Created:
    """`aws.sns.TopicPolicy`, without its denial of plain HTTP (see `policies`)."""
    arn = declared.require("arn")
    if document := without_transport_denials(declared.require("policy")):
        account.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=document
        )
    return Created(arn, {"owner": account.account_id})


def topic_subscription(declared: Declared, account: Account) -> Created:
    """`aws.sns.TopicSubscription`. An e-mail subscription stays unconfirmed: no mail is sent."""
    attributes = declared.renamed(
        {
            "filterPolicy": "FilterPolicy",
            "filterPolicyScope": "FilterPolicyScope",
            "rawMessageDelivery": "RawMessageDelivery",
            "redrivePolicy": "RedrivePolicy",
        }
    )
    protocol = declared.require("protocol")
    arn = account.client("sns").subscribe(
        TopicArn=declared.require("topic"),
        Protocol=protocol,
        Endpoint=declared.require("endpoint"),
        Attributes={
            key: str(value).lower() if isinstance(value, bool) else value
            for key, value in attributes.items()
        },
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    declared.leave_out(
        "confirmationTimeoutInMinutes",
        "endpointAutoConfirms",
        because="nothing outside this machine could confirm a subscription",
    )
    return Created(
        arn,
        {
            "arn": arn,
            "ownerId": account.account_id,
            "pendingConfirmation": protocol in {"email", "email-json", "http", "https"},
        },
    )


CREATORS: dict[str, Creator] = {
    "aws:sns/topic:Topic": topic,
    "aws:sns/topicPolicy:TopicPolicy": topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": topic_subscription,
}
