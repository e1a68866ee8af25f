"""Sending: the configuration set of the relay's mail.

SES reports what happened to a mail only to configured event destinations. Bounces, complaints,
rejections and delays are published on the alarms topic and counted. Rendering failures are left
out, because only templates are rendered and none is used.

The set is named by the stack before it exists, so the function's settings and its role can name
it. A set that the stack did not create keeps its own destinations.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .event_destinations import add_event_destinations

_EVENTS = ("BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMailArgs:
    """`require_tls`: whether mail fails if it cannot be delivered with TLS.

    `topic_policy` is the policy of the topic that allows SES to publish there.
    """

    configuration_set_name: str
    require_tls: bool
    topic_arn: pulumi.Input[str]
    topic_policy: pulumi.Resource


class OutboundMail(pulumi.ComponentResource):
    """The configuration set and where its events go."""

    configuration_set_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: OutboundMailArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:outbound:OutboundMail", name, None, opts)
        configuration_set = aws.sesv2.ConfigurationSet(
            name,
            configuration_set_name=args.configuration_set_name,
            delivery_options={"tls_policy": "REQUIRE" if args.require_tls else "OPTIONAL"},
            reputation_options={"reputation_metrics_enabled": True},
            sending_options={"sending_enabled": True},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.configuration_set_name = configuration_set.configuration_set_name
        add_event_destinations(
            name,
            self.configuration_set_name,
            events=_EVENTS,
            topic_arn=args.topic_arn,
            topic_policy=args.topic_policy,
            parent=self,
        )
        self.register_outputs({"configurationSetName": self.configuration_set_name})
