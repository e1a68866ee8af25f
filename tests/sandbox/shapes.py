"""`python -m tests.sandbox.shapes`: costly mails through a sandbox with default configuration.

Every shape of `tests.core.costly`, at each size, is sent by SMTP, directly followed by an ordinary
alarm. For each, no worker dies, the mail is relayed or refused with a notice that names it, and
the alarm arrives, all within three minutes. The suite runs a few (`test_shapes`).

The sandbox runs a function at the full speed of the machine, where Lambda gives it a share of a
processor by its memory. So the seconds of an invocation are shown with the outcome.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from sandbox.services.log_metrics import count_errors
from tests.core.costly import SHAPES, sized
from tests.sandbox.running import RunningSandbox, recipient_code, running_sandbox, unique_address
from tests.waiting import eventually

PATIENCE = 180.0  # seconds
_PAUSE = 0.5  # seconds between two looks at the log

_FROM = re.compile(rb"^From: [^\r\n]*", re.MULTILINE)
_REPORT = re.compile(r"REPORT RequestId: .*\tDuration: (\d+) ms\t.*\tMax Memory Used: (\d+) MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The results of one mail and of the alarm after it.

    `outcome` is the last one in the function's log, or empty; `seconds` are those of its longest
    invocation, and `peak` is the peak memory in MB of the worker so far. `problems` are the
    promises that were not kept.
    """

    outcome: str
    seconds: float
    peak: int
    problems: tuple[str, ...]


def try_shape(relay: RunningSandbox, name: str, size: int, patience: float = PATIENCE) -> Tried:
    """Send one mail of that shape and size and an alarm after it; return the outcome.

    Each mail has a different sender, so that their notices are counted separately.
    """
    since = int(time.time() * 1000) - 1000
    sender = unique_address(relay.device.partition("@")[2])
    raw = _FROM.sub(b"From: " + sender.encode(), sized(name, size), count=1)
    recipient = unique_address()
    alarm = f"From: {relay.device}\r\nSubject: Alarm\r\n\r\nHot. {recipient_code(recipient)}\r\n"
    try:
        key = f"incoming/{_send(relay, raw)}"
        _send(relay, alarm.encode())
    except OSError as error:  # includes smtplib's errors
        return Tried(outcome="unsent", seconds=0, peak=0, problems=(f"SMTP: {error}",))
    begun = time.monotonic()
    seen = _invocations(relay, key, since)
    while not seen.ended and time.monotonic() - begun < patience:
        time.sleep(_PAUSE)
        seen = _invocations(relay, key, since)
    problems = [*seen.problems]
    if not seen.ended:
        problems.append(f"it has not ended within {patience:.0f} s")
    if seen.outcome == "refused" and not _within(lambda: _is_told(relay, key), 20):
        problems.append("no notice names it")
    if not _within(lambda: bool(relay.mails(recipient)), patience):
        problems.append(f"the alarm behind it did not arrive within {patience:.0f} s")
    return Tried(
        outcome=seen.outcome, seconds=seen.seconds, peak=seen.peak, problems=tuple(problems)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    outcome: str
    seconds: float
    peak: int
    problems: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether the mail has a final state, or its worker has died."""
        return bool(self.problems) or self.outcome in {"relayed", "refused"}


def _invocations(relay: RunningSandbox, key: str, since: int) -> _Seen:
    """The log lines about the invocations with that mail."""
    streams: dict[str, list[str]] = {}
    pages = (
        relay.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=relay.ready["stack"]["logGroup"], startTime=since)
    )
    for event in (event for page in pages for event in page["events"]):
        streams.setdefault(event["logStreamName"], []).append(event["message"])
    outcome, seconds, peak, problems = "", 0.0, 0, []
    for lines in streams.values():
        if not any(json.dumps(key) in line for line in lines):
            continue
        if count_errors(lines):
            problems.append(f"a worker died: {_words(lines)}")
        for line in lines:
            if report := _REPORT.match(line):
                seconds = max(seconds, int(report[1]) / 1000)
                peak = max(peak, int(report[2]))
            elif line.startswith("{"):
                document: dict[str, Any] = json.loads(line)
                outcome = str(document.get("outcome") or outcome)
    return _Seen(outcome=outcome, seconds=seconds, peak=peak, problems=tuple(problems))


def _words(lines: Sequence[str]) -> str:
    """The cause of an invocation's end, in words of its log."""
    return next((line for line in lines if not line.startswith(("{", "START", "END"))), "unknown")


def _is_told(relay: RunningSandbox, key: str) -> bool:
    return any(key in notice["message"] for notice in relay.notices())


def _within(condition: Callable[[], bool], seconds: float) -> bool:
    try:
        eventually(condition, within=seconds)
    except AssertionError:
        return False
    return True


def _send(relay: RunningSandbox, raw: bytes) -> str:
    """Send a mail as a device does; its message id."""
    with relay.logged_in() as client:
        client.mail(relay.device)
        client.rcpt(relay.smtp["rcpt_to"])
        code, answer = client.data(raw)
    if code != 250:
        raise OSError(f"SMTP: {code} {answer!r}")
    return answer.decode().rpartition(" ")[2]


def main(arguments: Sequence[str]) -> int:
    """Try the shapes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.shapes", description=__doc__)
    parser.add_argument("--size", type=int, action="append", metavar="BYTES")
    parser.add_argument("--only", action="append", choices=sorted(SHAPES), metavar="SHAPE")
    found = parser.parse_args(arguments)
    console, failed = Console(), 0
    with (
        tempfile.TemporaryDirectory(prefix="mail-relay-shapes-") as folder,
        running_sandbox(Path(folder)) as relay,
    ):
        for size in found.size or [4_000_000, 38_000_000]:
            for name in found.only or SHAPES:
                tried = try_shape(relay, name, size)
                failed += bool(tried.problems)
                verdict = "; ".join(tried.problems) or "kept"
                console.print(
                    f"{size / 1e6:5.1f} MB  {name:34} {tried.outcome:10}"
                    f" {tried.seconds:6.1f} s {tried.peak:5} MB  {verdict}",
                    soft_wrap=True,
                    highlight=False,
                    markup=False,
                )
    console.print(f"{failed} shapes broke a promise" if failed else "All promises kept.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
