"""An SNS topic that notifies operators by e-mail.

Each address gets a mail from SNS that asks to confirm the subscription. Until then, it gets no
messages. A topic's own policy replaces SNS's default one; callers of this account are allowed by
their own policies.

A topic is encrypted at rest only if the stack has its own key. SNS's managed key, `alias/aws/sns`,
cannot be used: its policy cannot be changed, and allows neither CloudWatch nor SES, so no alarm
would arrive (SNS guide, "Key management").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy_documents


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePublisher:
    """An AWS service that may publish for resources of `account` with an ARN like `source_arn`.

    `sid` names what it publishes.
    """

    sid: str
    service: str
    account: pulumi.Input[str]
    source_arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTopicArgs:
    """`emails` are subscribed; `display_name` is the sender's name in their mail.

    `key_arn` is the encryption key, None for no encryption.
    """

    display_name: str
    emails: Sequence[str] = ()
    publishers: Sequence[ServicePublisher] = ()
    key_arn: pulumi.Input[str] | None = None


class OperatorTopic(pulumi.ComponentResource):
    """The topic, its policy and a subscription for each address.

    Resources that need the policy depend on `policy`.
    """

    arn: pulumi.Output[str]
    topic_name: pulumi.Output[str]
    policy: aws.sns.TopicPolicy

    def __init__(
        self, name: str, args: OperatorTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:topics:OperatorTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            name, display_name=args.display_name, kms_master_key_id=args.key_arn, opts=child
        )
        # A topic's policy can only contain SNS's data actions; "sns:*" is not allowed.
        statements = [policy_documents.deny_without_tls("sns:Publish", [topic.arn])]
        statements += [
            policy_documents.allow(
                publisher.sid,
                ["sns:Publish"],
                [topic.arn],
                service=publisher.service,
                condition={
                    "StringEquals": {"aws:SourceAccount": publisher.account},
                    "ArnLike": {"aws:SourceArn": publisher.source_arn},
                },
            )
            for publisher in args.publishers
        ]
        self.policy = aws.sns.TopicPolicy(
            name, arn=topic.arn, policy=policy_documents.document(*statements), opts=child
        )
        for email in dict.fromkeys(args.emails):
            aws.sns.TopicSubscription(
                f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )
        self.arn = topic.arn
        self.topic_name = topic.name
        self.register_outputs({"arn": self.arn})
