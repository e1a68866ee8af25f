"""The environment of the function: what travels from deploy time to run time.

Lambda allows 4 KB for all variables together, names and values (AWS Lambda guide, "Lambda
quotas"). The settings are known before anything is deployed and can be measured; the names
of the buckets and of the parameter, the ARN of the topic and the URL of the queue are not, so
room is kept for them.

Metrics carry the stack's name as their dimension `service`, and so do log lines: two stacks of an
account do not mix.
"""

from __future__ import annotations

from collections.abc import Mapping

from relay_core.settings import Settings, variable_name

from .metrics import RELAY_NAMESPACE

LIMIT = 4096
"""Bytes that Lambda allows for all variables together."""

RESERVED_FOR_RESOURCES = 640
"""Bytes kept for two bucket names (63 each at most), a topic's ARN, a parameter's name, a queue's
URL, and the names of their variables."""

_FIXED: Mapping[str, str] = {
    "POWERTOOLS_METRICS_NAMESPACE": RELAY_NAMESPACE,
    "LOG_LEVEL": "INFO",
}

INBOUND_ADDRESS = variable_name("inbound_address")
INCOMING_BUCKET = variable_name("incoming_bucket")
ATTACHMENTS_BUCKET = variable_name("attachments_bucket")
FALLBACK_TOPIC_ARN = variable_name("fallback_topic_arn")
DIRECTORY_PARAMETER = variable_name("directory_parameter")
QUEUE_URL = variable_name("queue_url")


def known_variables(settings: Settings, *, service: str) -> dict[str, str]:
    """The variables whose values are known before the deployment.

    `service` is what tells this stack's metrics and log lines from another's.
    """
    return {**settings.to_environment(), **_FIXED, "POWERTOOLS_SERVICE_NAME": service}


def size(variables: Mapping[str, str]) -> int:
    """The bytes that variables take of `LIMIT`."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
