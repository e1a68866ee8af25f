"""Submission by devices: the configuration set of their mail on its way to the relay.

A device submits its mail to SES, which answers 250 and sends it to SES's own receiving host, by
the domain's MX record. That hop can fail: no rule set is active, the rule has another address, or
the MX record names another host. The device does not learn that. So its mail has a configuration
set, the default one of the sender's identities, whose events go to the operator.

A hard bounce puts an address on the account's suppression list. SES then sends it nothing more,
but still answers with success (SES guide, "Using the Amazon SES account-level suppression list").
Here that address would be the relay's own, and all later mail of devices would be lost. So bounces
suppress nothing in this set.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .event_destinations import add_event_destinations

_EVENTS = ("BOUNCE", "REJECT", "DELIVERY_DELAY")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMailArgs:
    """`topic_policy` is the policy of the topic that allows SES to publish there."""

    configuration_set_name: str
    topic_arn: pulumi.Input[str]
    topic_policy: pulumi.Resource


class DeviceMail(pulumi.ComponentResource):
    """The configuration set and its event destinations: the topic, and CloudWatch."""

    configuration_set_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: DeviceMailArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:submission:DeviceMail", name, None, opts)
        configuration_set = aws.sesv2.ConfigurationSet(
            name,
            configuration_set_name=args.configuration_set_name,
            suppression_options={"suppressed_reasons": ["COMPLAINT"]},
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
