"""AWS's quotas that affect a stack, by their names in AWS Service Quotas if they have one.

They are not measured, and AWS changes them. An account's own quotas are in its Service Quotas
console. They were read on the day below in copies of AWS's pages; a copy may be older.
"""

from __future__ import annotations

from dataclasses import dataclass

AS_OF = "2026-11-24"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """`name` is from Service Quotas or the guide; `value` is the default in an account."""

    service: str
    name: str
    value: float
    unit: str
    is_adjustable: bool
    source: str


S3_WRITES = Quota(
    service="S3",
    name="PUT, COPY, POST, DELETE requests for each partitioned prefix",
    value=3500,
    unit="a second",
    is_adjustable=False,
    source="S3 User Guide, Performance design patterns",
)
"""A minimum: S3 splits a busy prefix, and answers 503 until then."""

S3_READS = Quota(
    service="S3",
    name="GET, HEAD requests for each partitioned prefix",
    value=5500,
    unit="a second",
    is_adjustable=False,
    source="S3 User Guide, Performance design patterns",
)
IN_FLIGHT = Quota(
    service="SQS",
    name="Messages per queue (in flight), standard queue, about",
    value=120_000,
    unit="messages",
    is_adjustable=False,
    source="SQS guide, Queue quotas",
)
CONCURRENCY = Quota(
    service="Lambda",
    name="Concurrent executions",
    value=1000,
    unit="at once, account and region",
    is_adjustable=True,
    source="Lambda guide, Lambda quotas",
)
EVENT_SOURCE = Quota(
    service="Lambda",
    name="maximum concurrency of an SQS event source",
    value=1000,
    unit="at once",
    is_adjustable=False,
    source="Lambda guide, Configuring scaling behavior for SQS event source mappings",
)
SCALING = Quota(
    service="Lambda",
    name="more concurrent invocations of an SQS event source",
    value=300,
    unit="each minute",
    is_adjustable=False,
    source="Lambda guide, Configuring scaling behavior for SQS event source mappings",
)
PARAMETERS = Quota(
    service="Systems Manager",
    name="Parameter Store, throughput of GetParameter",
    value=40,
    unit="a second, account and region",
    is_adjustable=True,
    source="Systems Manager guide, Changing Parameter Store throughput",
)
KMS = Quota(
    service="KMS",
    name="Cryptographic operations (symmetric) request rate",
    value=10_000,
    unit="a second; 20,000 or 100,000 in some regions",
    is_adjustable=True,
    source="KMS guide, Request quotas",
)
NOTICES = Quota(
    service="SNS",
    name="Delivery rate for email messages",
    value=10,
    unit="a second for each subscription",
    is_adjustable=False,
    source="AWS re:Post Knowledge Center, sns-email-subscription-disabled",
)
SES_RATE = Quota(
    service="SES",
    name="Sending rate",
    value=1,
    unit="recipients a second in the sandbox; outside it, as AWS grants",
    is_adjustable=True,
    source="SES guide, Service quotas",
)
SES_DAY = Quota(
    service="SES",
    name="Sending quota",
    value=200,
    unit="recipients in 24 hours in the sandbox; outside it, as AWS grants",
    is_adjustable=True,
    source="SES guide, Service quotas",
)

ALL = (
    *(SES_RATE, SES_DAY, CONCURRENCY, EVENT_SOURCE, SCALING, IN_FLIGHT),
    *(S3_WRITES, S3_READS, KMS, PARAMETERS, NOTICES),
)
