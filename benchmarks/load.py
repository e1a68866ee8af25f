"""The resources of AWS for a rate of mails: requests, containers, storage, money.

Calculated from what one mail uses (`benchmarks.counting`), AWS's quotas and its prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from benchmarks import cost, prices, quotas
from infra.configuration.config import StackConfig

from .counting import ResourceUse

HEADROOM = 1.5
"""Factor for containers above the average, because mails do not arrive evenly."""

DAY = 86_400
"""Seconds of a day."""

MONTH = 365 / 12 * DAY
"""Seconds of an average month."""

_TRAFFIC_PERIOD = 300  # seconds, of the alarm on traffic

_KEYS_AGE = 300  # seconds for which a container issues links with the keys it has read


def _default(field: str) -> int:
    default: Any = StackConfig.__dataclass_fields__[field].default
    return int(default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A rate of mails a second, each of which uses `taken`."""

    rate: float
    taken: ResourceUse

    @property
    def containers(self) -> float:
        """The average number of busy containers (Little's law)."""
        return self.rate * cost.billed_seconds(self.taken)

    @property
    def stacks(self) -> int:
        """The number of stacks with enough event sources, `HEADROOM` included."""
        return max(1, ceil(HEADROOM * self.containers / quotas.EVENT_SOURCE.value))

    @property
    def max_concurrency(self) -> int:
        """`maxConcurrency` of each stack; the default if that is higher."""
        return max(_default("max_concurrency"), ceil(HEADROOM * self.containers / self.stacks))

    @property
    def sends(self) -> float:
        """Recipients a second in SES's quotas, including the submissions of devices."""
        return self.rate * (1 + self.taken.calls.get("sesv2.SendEmail", 0))

    @property
    def s3_requests(self) -> dict[str, float]:
        """Requests a second by operation and prefix; SES's own write included."""
        counted = {name: self.rate * number for name, number in self.taken.s3_requests.items()}
        return {"PutObject incoming/": self.rate, **counted}

    @property
    def directory_refresh_seconds(self) -> int:
        """`directoryRefreshSeconds` that uses half of Parameter Store's throughput at most."""
        least = self.containers / (quotas.PARAMETERS.value / 2)
        return max(_default("directory_refresh_seconds"), 60 * ceil(least / 60))

    @property
    def parameter_reads(self) -> float:
        """The most reads a second, if every container reads as often as the default allows."""
        of_keys = self.containers / _KEYS_AGE if self.taken.file_bytes else 0.0
        return self.containers / _default("directory_refresh_seconds") + of_keys

    @property
    def traffic_threshold(self) -> int:
        """`trafficAlarmThreshold` of each stack: twice the average."""
        return ceil(2 * _TRAFFIC_PERIOD * self.rate / self.stacks)

    @property
    def stored_bytes(self) -> float:
        """The bytes in both buckets in the steady state."""
        return self.rate * DAY * cost.RETENTION_DAYS * self._kept_of_a_mail

    @property
    def _kept_of_a_mail(self) -> int:
        return self.taken.message_bytes + self.taken.kept_bytes

    def usd_of(self, *beginnings: str) -> float:
        """USD a month for the lines of the cost whose names begin with `beginnings`."""
        each = sum(
            line.usd_per_million
            for line in cost.cost_of(self.taken).lines
            if line.name.startswith(beginnings)
        )
        return self.rate * MONTH * each / 1e6

    @property
    def usd_of_keys(self) -> float:
        """USD a month if S3 called KMS for every object: the most that bucket keys save."""
        return self.kms_requests * MONTH * prices.KMS_REQUEST.usd_each

    @property
    def usd_of_devices(self) -> float:
        """USD a month for the devices' submissions to SES."""
        data = self.taken.message_bytes / 1e9 * prices.SES_DATA.usd_each
        return self.rate * MONTH * (prices.SES_OUTGOING.usd_each + data)

    @property
    def kms_requests(self) -> float:
        """Requests a second if S3 called KMS for every object, without bucket keys."""
        return sum(self.s3_requests.values())
