"""The cost of a million mails and of a million downloads, from what one uses.

There are three kinds of quantities:

* counted: what the function did, measured by `benchmarks.counting`;
* given: what AWS does before and after the function, which a local run cannot measure. SES
  receives a mail and writes it to the bucket, S3 sends to the queue, Lambda receives from it, runs
  the function and deletes the message, here one mail at a time. A notice is mailed to one
  operator. After a download's redirect, S3 sends the file to the browser;
* estimated: Lambda's time. Waiting is `AWS_SECONDS` for every answer of AWS. Processor time is
  that of this machine, divided by the share of a processor that the function's memory gives:
  1,769 MB are one (AWS Lambda guide, "Configure Lambda function memory").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from benchmarks import prices
from benchmarks.counting import Occasion, ResourceUse
from benchmarks.prices import Price

AWS_SECONDS = 0.1
"""The assumed time of AWS's answer. S3's median is tens of milliseconds for small
objects (S3 User Guide, "Performance guidelines"), SES takes about a tenth of a second."""

RETENTION_DAYS = 14
"""Default of `incomingRetentionDays` and `attachmentRetentionDays`."""

_MB_OF_A_PROCESSOR = 1769
_DAYS_OF_A_MONTH = 365 / 12
_CHUNK = 256 * 1024
_GB = 1e9
_MILLION = 1_000_000


class Kind(StrEnum):
    """The source of a quantity; see the module."""

    COUNTED = "counted"
    GIVEN = "given"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """The quantity of something for one mail or download, and its cost for a million."""

    name: str
    kind: Kind
    quantity: float
    usd_per_million: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of a million, by line and in total."""

    name: str
    lines: tuple[CostLine, ...]
    usd_per_million: float


def cost_of(taken: ResourceUse) -> Cost:
    """The cost of a million that each use this."""
    lines = tuple(
        CostLine(
            name=price.name,
            kind=kind,
            quantity=quantity,
            usd_per_million=quantity * price.usd_each * _MILLION,
        )
        for kind, price, quantity in _quantities(taken)
    )
    return Cost(
        name=taken.name, lines=lines, usd_per_million=sum(line.usd_per_million for line in lines)
    )


def billed_seconds(taken: ResourceUse) -> float:
    """Lambda's estimated time in seconds."""
    waiting = max(0.0, taken.seconds - taken.processor_seconds)
    share = min(1.0, taken.memory_mb / _MB_OF_A_PROCESSOR)
    return waiting + taken.processor_seconds / share


def _quantities(taken: ResourceUse) -> Iterator[tuple[Kind, Price, float]]:
    yield from _counted(taken)
    yield from _given(taken)
    gigabytes = taken.memory_mb / 1024
    yield Kind.ESTIMATED, prices.LAMBDA_GB_SECOND, billed_seconds(taken) * gigabytes


def _counted(taken: ResourceUse) -> Iterator[tuple[Kind, Price, float]]:
    calls = taken.calls
    s3 = sum(number for name, number in calls.items() if name.startswith("s3."))
    sqs = sum(number for name, number in calls.items() if name.startswith("sqs."))
    writes = calls.get("s3.PutObject", 0)
    yield Kind.COUNTED, prices.SES_OUTGOING, calls.get("sesv2.SendEmail", 0)
    # The price page names attachments only; all submitted bytes are counted, to be safe.
    yield Kind.COUNTED, prices.SES_DATA, taken.submitted_bytes / _GB
    yield Kind.COUNTED, prices.S3_PUT, writes
    yield Kind.COUNTED, prices.S3_GET, s3 - writes
    yield Kind.COUNTED, prices.S3_MONTH, _months(taken.kept_bytes)
    yield Kind.COUNTED, prices.SQS_REQUEST, sqs
    yield Kind.COUNTED, prices.SNS_PUBLISH, calls.get("sns.Publish", 0)
    yield Kind.COUNTED, prices.LOGS_GB, taken.logged_bytes / _GB


def _given(taken: ResourceUse) -> Iterator[tuple[Kind, Price, float]]:
    is_arrival = taken.occasion is Occasion.ARRIVAL
    is_download = taken.occasion is Occasion.DOWNLOAD
    yield Kind.GIVEN, prices.SES_INCOMING, float(is_arrival)
    yield Kind.GIVEN, prices.SES_CHUNK, taken.message_bytes // _CHUNK * is_arrival
    yield Kind.GIVEN, prices.S3_PUT, float(is_arrival)
    yield Kind.GIVEN, prices.S3_MONTH, _months(taken.message_bytes * is_arrival)
    yield Kind.GIVEN, prices.SQS_REQUEST, _QUEUE_REQUESTS[taken.occasion]
    yield Kind.GIVEN, prices.LAMBDA_REQUEST, 1
    yield Kind.GIVEN, prices.SNS_EMAIL, taken.calls.get("sns.Publish", 0)
    yield Kind.GIVEN, prices.S3_GET, float(is_download)
    yield Kind.GIVEN, prices.TRAFFIC_GB, taken.file_bytes * is_download / _GB


# S3 sends, Lambda receives and deletes; redeliveries are not counted.
_QUEUE_REQUESTS = {
    Occasion.ARRIVAL: 3,
    Occasion.REDELIVERY: 2,
    Occasion.LOOK: 0,
    Occasion.DOWNLOAD: 0,
}


def _months(size: int) -> float:
    return size / _GB * RETENTION_DAYS / _DAYS_OF_A_MONTH
