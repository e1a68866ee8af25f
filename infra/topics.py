"""A topic that tells the operator something by mail.

Each address gets a mail from SNS that asks to confirm the subscription; until it is confirmed,
nothing arrives. A topic's own policy replaces SNS's default one; callers of this account are
allowed by their own policies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import policies


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePublisher:
    """An AWS service that may publish for what `account` has with an ARN like `source_arn`."""

    service: str
    account: pulumi.Input[str]
    source_arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTopicArgs:
    """`emails` are subscribed; `display_name` is who their mail comes from."""

    display_name: str
    emails: Sequence[str] = ()
    publisher: ServicePublisher | None = None


class OperatorTopic(pulumi.ComponentResource):
    """The topic, its policy and a subscription for each address."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: OperatorTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:topics:OperatorTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(name, display_name=args.display_name, opts=child)
        # A topic's policy can only speak of SNS's data actions: "sns:*" is out of its scope.
        statements = [policies.deny_without_tls("sns:Publish", [topic.arn])]
        if args.publisher is not None:
            statements.append(
                policies.allow(
                    "PublishByService",
                    ["sns:Publish"],
                    [topic.arn],
                    service=args.publisher.service,
                    condition={
                        "StringEquals": {"aws:SourceAccount": args.publisher.account},
                        "ArnLike": {"aws:SourceArn": args.publisher.source_arn},
                    },
                )
            )
        aws.sns.TopicPolicy(name, arn=topic.arn, policy=policies.document(*statements), opts=child)
        for email in dict.fromkeys(args.emails):
            aws.sns.TopicSubscription(
                f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
