"""The environment variables of the functions, which carry values from deploy time to run time.

Lambda allows 4 KB for all variables together, names and values (AWS Lambda guide, "Lambda
quotas"). The settings are known before the deployment and can be measured. The names of the
buckets and parameters, the topic's ARN and the URLs of the queue and of the download page are not,
so room is reserved for them.

Metrics have the stack's name as their dimension `service`, and log lines as a field, so that two
stacks of an account can be distinguished.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from infra.watching.metrics import RELAY_NAMESPACE
from relay_core.environment import variable_name
from relay_core.settings import Settings

LIMIT = 4096
"""Bytes that Lambda allows for all variables together."""

RESERVED_FOR_RESOURCES = 800
"""Bytes kept for two bucket names (63 each at most), a topic's ARN, two parameters' names, a
queue's URL, a function's URL, and the names of their variables."""

_FIXED: Mapping[str, str] = {
    "POWERTOOLS_METRICS_NAMESPACE": RELAY_NAMESPACE,
}


class LogLevel(StrEnum):
    """The lowest level that is logged, by Lambda's names."""

    INFO = "INFO"
    DEBUG = "DEBUG"


class TrustStore(StrEnum):
    """The certificate authorities that the functions trust: Amazon's only, or all."""

    AMAZON = "amazon"
    SYSTEM = "system"


TRUST_STORE = variable_name("trust_store")
"""The store that the code is to trust: a name, since an older archive may not hold the file."""

INBOUND_ADDRESS = variable_name("inbound_address")
PREVIOUS_INBOUND_ADDRESSES = variable_name("previous_inbound_addresses")
CONFIGURATION_SET_NAME = variable_name("configuration_set_name")
INCOMING_BUCKET = variable_name("incoming_bucket")
ATTACHMENTS_BUCKET = variable_name("attachments_bucket")
FALLBACK_TOPIC_ARN = variable_name("fallback_topic_arn")
DIRECTORY_PARAMETER = variable_name("directory_parameter")
QUEUE_URL = variable_name("queue_url")
DOWNLOAD_URL = variable_name("download_url")
LINK_KEYS_PARAMETER = variable_name("link_keys_parameter")
MALWARE_PROTECTION = variable_name("malware_protection")
"""Whether attachments are scanned, `true` or `false`; of the relay's function only if so."""
LINK_RENEWAL = variable_name("link_renewal")
SENDER_ADDRESS = variable_name("sender_address")
STACK = variable_name("stack")
LINK_EXPIRY = variable_name("link_expiry")
ATTACHMENT_RETENTION = variable_name("attachment_retention")


def common_variables(
    *, service: str, log_level: LogLevel, trust_store: TrustStore
) -> dict[str, str]:
    """The variables of logging, metrics and trust, for every function.

    `service` is the stack's name in metrics and log lines; `log_level` the lowest logged level.
    Lambda drops lines below its own level, so that is set to the same.
    """
    return {
        **_FIXED,
        "LOG_LEVEL": log_level,
        "POWERTOOLS_SERVICE_NAME": service,
        TRUST_STORE: trust_store,
    }


def known_variables(settings: Settings, common: Mapping[str, str]) -> dict[str, str]:
    """The variables of the relay's function whose values are known before the deployment.

    `common` are those of `common_variables`.
    """
    return {**settings.to_environment(), **common}


def size(variables: Mapping[str, str]) -> int:
    """The number of bytes that variables use of `LIMIT`."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
