"""Sending: the configuration set that the relay's mail goes out with.

SES tells what became of a mail only where it is asked to. Bounces, complaints, rejections and
delays are published on the alarms topic, where a person reads them, and counted by CloudWatch
under the name of the set: so a stack's own are told from those of others in the account. What SES
could not render is left out: only templates are rendered, and none is used.

The set is named by the stack before anything exists, so the function's settings and its role can
name it. A set that somebody else made keeps the destinations that it has.

SES tries a topic out when it becomes a destination: so the destination waits for the topic's
policy.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .metrics import SET_DIMENSION

_EVENTS = ("BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMailArgs:
    """`require_tls`: whether mail is rather not delivered than delivered without TLS.

    `topic_policy` is the policy of the topic that lets SES publish there.
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
        child = pulumi.ResourceOptions(parent=self)
        configuration_set = aws.sesv2.ConfigurationSet(
            name,
            configuration_set_name=args.configuration_set_name,
            delivery_options={"tls_policy": "REQUIRE" if args.require_tls else "OPTIONAL"},
            reputation_options={"reputation_metrics_enabled": True},
            sending_options={"sending_enabled": True},
            opts=child,
        )
        self.configuration_set_name = configuration_set.configuration_set_name
        aws.sesv2.ConfigurationSetEventDestination(
            f"{name}-operator",
            configuration_set_name=self.configuration_set_name,
            event_destination_name="operator",
            event_destination={
                "enabled": True,
                "matching_event_types": list(_EVENTS),
                "sns_destination": {"topic_arn": args.topic_arn},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.topic_policy]),
        )
        aws.sesv2.ConfigurationSetEventDestination(
            f"{name}-metrics",
            configuration_set_name=self.configuration_set_name,
            event_destination_name="metrics",
            event_destination={
                "enabled": True,
                "matching_event_types": list(_EVENTS),
                "cloud_watch_destination": {
                    "dimension_configurations": [
                        {
                            "dimension_name": SET_DIMENSION,
                            "dimension_value_source": "MESSAGE_TAG",
                            "default_dimension_value": args.configuration_set_name,
                        }
                    ]
                },
            },
            opts=child,
        )
        self.register_outputs({"configurationSetName": self.configuration_set_name})
