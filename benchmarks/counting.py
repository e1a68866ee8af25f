"""The resources of AWS that one run of a function uses: calls, bytes and time."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from statistics import median

import boto3

from benchmarks.aws_stub import aws_stub
from benchmarks.calls import Call, CallRecorder, count
from benchmarks.devices import GROUP, LARGE, MANY, REFUSED, SMALL, Arrived, Shape
from benchmarks.function import MeasuredFunction, loopback_session
from benchmarks.page import MeasuredPage

ROUNDS = 3
"""The number of runs of each; the figure is the median time."""

RELAY_MEMORY_MB = 512
"""Default of `functionMemory`."""

PAGE_MEMORY_MB = 1024
"""The memory of the page's function (`infra.functions.download_function`)."""


class Occasion(StrEnum):
    """The event that a function handles.

    A mail arrives; a relayed mail is notified again; a recipient opens the download page, or
    presses the button of a file.
    """

    ARRIVAL = "arrival"
    REDELIVERY = "redelivery"
    LOOK = "look"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An occasion, and the shape of the mail.

    The container has handled a similar event before, unless it `is_first`.
    """

    name: str
    shape: Shape
    occasion: Occasion = Occasion.ARRIVAL
    is_first: bool = False


CASES = (
    Case(name=SMALL.name, shape=SMALL),
    Case(name=LARGE.name, shape=LARGE),
    Case(name=MANY.name, shape=MANY),
    Case(name="duplicate", shape=SMALL, occasion=Occasion.REDELIVERY),
    Case(name=REFUSED.name, shape=REFUSED),
    Case(name="page", shape=LARGE, occasion=Occasion.LOOK),
    Case(name="download of 1 MB", shape=LARGE, occasion=Occasion.DOWNLOAD),
    Case(name=f"{LARGE.name}, first", shape=LARGE, is_first=True),
    Case(name=f"{GROUP.name}, first", shape=GROUP, is_first=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUse:
    """The resources that one run of a function used.

    `calls` are counted by service and operation. `s3_requests` are those to S3 by operation and
    prefix, as `PutObject manifests/`, because S3's limits are for each prefix. `submitted_bytes`
    went to SES, `kept_bytes` are in the attachments bucket afterwards, `logged_bytes` went to
    CloudWatch, metrics included. `processor_seconds` are the part of `seconds` on the processor.
    `message_bytes` is the size of the raw mail, `file_bytes` of its attachment.
    """

    name: str
    occasion: Occasion
    memory_mb: int
    message_bytes: int
    file_bytes: int
    calls: Mapping[str, int]
    s3_requests: Mapping[str, int]
    submitted_bytes: int
    kept_bytes: int
    logged_bytes: int
    seconds: float
    processor_seconds: float


@contextmanager
def counter_on_stub(seconds: float) -> Iterator[Counter]:
    """A counter with a stand-in for AWS that answers after `seconds`."""
    with aws_stub(seconds) as endpoint:
        yield Counter(endpoint)


class Counter:
    """Counts with one endpoint."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._mails: dict[Shape, Iterator[Arrived]] = {}

    def take(self, case: Case, rounds: int = 1) -> ResourceUse:
        """Run the case in a separate container, `rounds` times; return the median run."""
        runs = [self._run(case) for _ in range(rounds)]
        typical = median(run.seconds for run in runs)
        return next(run for run in runs if run.seconds >= typical)

    def _run(self, case: Case) -> ResourceUse:
        session = loopback_session(self._endpoint)
        recorder = CallRecorder(session)
        mail, run = self._prepare(case, session)
        recorder.take()
        start, processor_start = time.perf_counter(), time.process_time()
        logged = run()
        seconds = time.perf_counter() - start
        processor_seconds = time.process_time() - processor_start
        calls = recorder.take()
        on_page = case.occasion in {Occasion.LOOK, Occasion.DOWNLOAD}
        return ResourceUse(
            name=case.name,
            occasion=case.occasion,
            memory_mb=PAGE_MEMORY_MB if on_page else RELAY_MEMORY_MB,
            message_bytes=len(mail.raw),
            file_bytes=case.shape.attachment_bytes,
            calls=dict(count(calls)),
            s3_requests=_by_prefix(calls),
            submitted_bytes=_submitted(calls),
            kept_bytes=_kept(calls),
            logged_bytes=len(logged.encode()),
            seconds=seconds,
            processor_seconds=processor_seconds,
        )

    def _prepare(self, case: Case, session: boto3.Session) -> tuple[Arrived, Callable[[], str]]:
        """A mail with the earlier events of its case handled, and the run to count."""
        # The endpoint keeps the mails of all runs, so each run has another mail.
        before, mail = islice(self._mails.setdefault(case.shape, case.shape.mails()), 2)
        function = MeasuredFunction(session)
        for one in (before, mail):
            function.receive(one)
        if not case.is_first:
            function.relay(before)
        if case.occasion is Occasion.ARRIVAL:
            return mail, lambda: function.relay(mail)
        function.relay(mail)
        if case.occasion is Occasion.REDELIVERY:
            return mail, lambda: function.relay(mail)
        page, recipient = MeasuredPage(session), case.shape.recipients[0]
        if not case.is_first:
            page.look(before, recipient)
        ask = page.look if case.occasion is Occasion.LOOK else page.fetch
        return mail, lambda: ask(mail, recipient)


def _by_prefix(calls: Sequence[Call]) -> dict[str, int]:
    keys = (
        f"{call.operation} {call.parameters['Key'].partition('/')[0]}/"
        for call in calls
        if call.service == "s3"
    )
    return dict(sorted(Tally(keys).items()))


def _submitted(calls: Sequence[Call]) -> int:
    return sum(
        len(call.parameters["Content"]["Raw"]["Data"])
        for call in calls
        if call.name == "sesv2.SendEmail"
    )


def _kept(calls: Sequence[Call]) -> int:
    """The size of the written objects, in their last version."""
    last = {
        call.parameters["Key"]: len(call.parameters["Body"])
        for call in calls
        if call.name == "s3.PutObject"
    }
    return sum(last.values())
