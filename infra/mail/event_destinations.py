"""The event destinations of a configuration set: a topic, and CloudWatch.

CloudWatch counts by the name of the set. This separates a stack's events from those of others in
the account. SES sends a test message to a new topic destination, so the destination waits for the
topic's policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.watching.metrics import SET_DIMENSION


def add_event_destinations(
    name: str,
    set_name: pulumi.Input[str],
    *,
    events: Sequence[str],
    topic_arn: pulumi.Input[str],
    topic_policy: pulumi.Resource,
    parent: pulumi.Resource,
) -> None:
    """Declare both; `topic_policy` is the policy that allows SES to publish to the topic."""
    counted = {
        "dimension_name": SET_DIMENSION,
        "dimension_value_source": "MESSAGE_TAG",
        "default_dimension_value": set_name,
    }
    destinations: Mapping[str, Mapping[str, Any]] = {
        "operator": {"sns_destination": {"topic_arn": topic_arn}},
        "metrics": {"cloud_watch_destination": {"dimension_configurations": [counted]}},
    }
    for kind, destination in destinations.items():
        aws.sesv2.ConfigurationSetEventDestination(
            f"{name}-{kind}",
            configuration_set_name=set_name,
            event_destination_name=kind,
            event_destination={
                "enabled": True,
                "matching_event_types": list(events),
                **destination,
            },
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[topic_policy]),
        )
