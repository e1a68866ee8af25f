"""The outputs of a deployed stack, as the checks use them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FUNCTION_LOG_GROUP = "-function"
_SECRET = "[secret]"  # noqa: S105 - Pulumi prints this in place of a secret


class FactUnavailable(Exception):
    """An output that a check needs is missing; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of the stack, as Pulumi or a ready file gives them."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """An output that every stack has.

        Raises:
            FactUnavailable: if it is missing or hidden.
        """
        if value := self.optional(name):
            return value
        raise FactUnavailable(f"the stack's output {name} is missing")

    def optional(self, name: str) -> str | None:
        """An output that may be missing, empty or hidden; then the result is None."""
        value = self.values.get(name)
        return value if isinstance(value, str) and value and value != _SECRET else None

    def texts(self, name: str) -> tuple[str, ...]:
        """An output that is a list of text; empty where an older release has none."""
        value = self.values.get(name)
        return tuple(map(str, value)) if isinstance(value, list) else ()

    @property
    def prefix(self) -> str:
        """The prefix of the names of the stack's resources (`infra.relay`), from its log group.

        Raises:
            FactUnavailable: if that log group has another name.
        """
        name = self.text("logGroup").rpartition("/")[2]
        if not name.endswith(_FUNCTION_LOG_GROUP):
            raise FactUnavailable(f"the log group {name} does not end in {_FUNCTION_LOG_GROUP}")
        return name.removesuffix(_FUNCTION_LOG_GROUP)

    @property
    def dns_records(self) -> list[Mapping[str, str]]:
        """Name, type and value of each DNS record that is to be published.

        Raises:
            FactUnavailable: if the output is missing.
        """
        value = self.values.get("dnsRecords")
        if isinstance(value, str) and value.startswith("["):
            try:
                value = json.loads(value)
            except ValueError:
                value = None
        if not isinstance(value, list):
            raise FactUnavailable("the stack's output dnsRecords is missing")
        return value


def queue_arn(url: str, region: str | None) -> str:
    """The ARN of the queue at a URL. The URL ends with the account and the queue's name."""
    account, name = url.rstrip("/").split("/")[-2:]
    return f"arn:aws:sqs:{region}:{account}:{name}"
