"""`python -m tests.sandbox.fatal_mails`: mails that kill their workers, among others that do not.

A large mail kills a worker when the function has less memory than on AWS. The message of a dead
worker returns when its lease has ended, not after six timeouts. The suite runs one fatal mail
among twenty (`test_deaths`).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from botocore.config import Config
from rich.console import Console

from tests.receipt import received
from tests.sandbox.running import RunningSandbox, recipient_code, running_sandbox, unique_address
from tests.waiting import eventually

_MEMORY = 92  # MB: enough for the function and a small mail; AWS gives no less than 128
_TOO_LARGE = 38_000_000  # bytes
_TIMEOUT = 30  # seconds
_HIDDEN = 2 * _TIMEOUT
"""Seconds. Longer than the lease of a dead worker, which starts once its container has started."""

_SOURCE = "fatal"  # no key that is announced


@contextmanager
def small_sandbox(folder: Path) -> Iterator[RunningSandbox]:
    """A sandbox whose function has little memory, and which suppresses no notices."""
    config = (
        f"functionTimeoutSeconds={_TIMEOUT}",
        "maxConcurrency=3",
        "noticeLimit=0",
        "recipientBudgetPerHour=0",
    )
    with running_sandbox(folder, config) as relay:
        # Without validation, because the service model does not allow this size.
        relay.client("lambda", Config(parameter_validation=False)).update_function_configuration(
            FunctionName=relay.ready["stack"]["functionName"], MemorySize=_MEMORY
        )
        relay.client("sqs").set_queue_attributes(
            QueueUrl=relay.ready["stack"]["queueUrl"],
            Attributes={"VisibilityTimeout": str(_HIDDEN)},
        )
        yield relay


def run(relay: RunningSandbox, *, ordinary: int, fatal: int, patience: float) -> tuple[str, ...]:
    """Send mails of both kinds, wait for their outcomes; return the promises not kept."""
    bucket, s3 = relay.ready["stack"]["incomingBucket"], relay.client("s3")
    never = unique_address()
    s3.put_object(
        Bucket=bucket, Key=_SOURCE, Body=received(_alarm(relay, never, filler=_TOO_LARGE))
    )
    keys = [f"incoming/fatal-{number}" for number in range(fatal)]
    recipients = [unique_address() for _ in range(ordinary)]
    for number, recipient in enumerate(recipients):
        for key in keys[number * fatal // ordinary : (number + 1) * fatal // ordinary]:
            s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": _SOURCE})
        relay.send(_alarm(relay, recipient))
    with suppress(AssertionError):  # mails without an outcome are found below
        eventually(lambda: all(map(relay.mails, recipients)), within=patience)
        eventually(lambda: not _unreported(relay, keys), within=patience)
        eventually(lambda: _depth(relay, "queueUrl") == 0, within=patience)
    return (*_unended(relay, keys, recipients), *_problems(relay, keys, never))


def _unended(
    relay: RunningSandbox, keys: Sequence[str], recipients: Sequence[str]
) -> Iterator[str]:
    if missing := [recipient for recipient in recipients if not relay.mails(recipient)]:
        yield f"{len(missing)} innocent mails were not relayed"
    if unreported := _unreported(relay, keys):
        yield f"no notice names {len(unreported)} fatal mails"
    if waiting := _depth(relay, "queueUrl"):
        yield f"{waiting} messages are in the queue"


def _problems(relay: RunningSandbox, keys: Sequence[str], never: str) -> Iterator[str]:
    if dead := _depth(relay, "deadLetterQueueUrl"):
        yield f"{dead} messages are in the dead-letter queue"
    if relay.mails(never):
        yield "a mail that killed two workers was relayed"
    for line in _log(relay):
        # A second try of an ordinary mail would mean that it shared a worker with a fatal one.
        if "outcome" not in line or "raw_key" not in line:
            continue
        expected = ("refused", 3) if line["raw_key"] in keys else ("relayed", 1)
        ended = (line["outcome"], line["receive_count"])
        if ended != expected:
            yield f"{line['raw_key']} was {ended[0]} at delivery {ended[1]}"


def _unreported(relay: RunningSandbox, keys: Sequence[str]) -> set[str]:
    """The fatal mails without a notice about two killed workers."""
    reported = {
        notice["document"]["raw_key"]
        for notice in relay.notices()
        if notice["attributes"].get("reason") == "limit-exceeded"
        and "2 workers died while processing this mail" in notice["message"]
    }
    return set(keys) - reported


def _alarm(relay: RunningSandbox, recipient: str, *, filler: int = 0) -> bytes:
    line = "All is well, says the log.\r\n"
    return (
        f"From: {relay.device}\r\nTo: {relay.smtp['rcpt_to']}\r\nSubject: Alarm\r\n\r\n"
        f"Too hot. {recipient_code(recipient)}\r\n{line * (filler // len(line))}"
    ).encode()


def _log(relay: RunningSandbox) -> Iterator[dict[str, Any]]:
    """The lines of the function's log that are JSON objects."""
    pages = (
        relay.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=relay.ready["stack"]["logGroup"])
    )
    for event in (event for page in pages for event in page["events"]):
        if event["message"].startswith("{"):
            yield json.loads(event["message"])


def _depth(relay: RunningSandbox, queue: str) -> int:
    attributes = relay.client("sqs").get_queue_attributes(
        QueueUrl=relay.ready["stack"][queue], AttributeNames=["All"]
    )["Attributes"]
    kinds = ("", "NotVisible", "Delayed")
    return sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in kinds)


def main(arguments: Sequence[str]) -> int:
    """Run in a sandbox of its own; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox.fatal_mails", description=__doc__
    )
    parser.add_argument("--ordinary", type=int, default=200, metavar="N")
    parser.add_argument("--fatal", type=int, default=100, metavar="N")
    found = parser.parse_args(arguments)
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="mail-relay-fatal-") as folder,
        small_sandbox(Path(folder)) as relay,
    ):
        problems = run(
            relay, ordinary=found.ordinary, fatal=found.fatal, patience=600 + 20 * found.fatal
        )
    for problem in problems:
        console.print(problem, style="red", soft_wrap=True, markup=False)
    console.print(f"{len(problems)} problems" if problems else "All promises kept.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
