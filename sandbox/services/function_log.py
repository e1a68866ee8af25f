"""Follows the functions' logs, which say why a mail was relayed, ignored or retried.

A function writes JSON objects, one a line (Powertools Logger), and metrics in CloudWatch's
embedded format. The former are shown to people; the metrics reader gets every line. Of Lambda's
own lines, only REPORT is used, for the duration and memory of an invocation.

An invocation's lines are written at its end, with the time of the end. So a line may come that is
older than the newest one, and two lines may be equal.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.events import FunctionLogged, Listener, SandboxFailure

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_PAUSE = 0.3  # seconds between two polls
_LATE = 2000  # milliseconds by which a line may be older than the newest one
_OWN_LINES = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START")
_REPORT = re.compile(
    r"REPORT RequestId: .*\tDuration: ([0-9.]+) ms\t.*"
    r"\tMemory Size: (\d+) MB\tMax Memory Used: (\d+) MB"
)
_DETAILS = ("outcome", "reason", "detail", "error", "exception_name", "raw_key")


def parse_log_message(message: str) -> FunctionLogged | None:
    """The event of one log message, None if it has nothing for people."""
    text = message.strip()
    if report := _REPORT.match(text):
        duration, declared, used = report.groups()
        text = f"an invocation took {duration} ms; its worker {used} of {declared} MB at its peak"
        return FunctionLogged(level="INFO", text=text)
    if not text or text.startswith(_OWN_LINES):
        return None
    try:
        document: Any = json.loads(text)
    except ValueError:
        return FunctionLogged(level="", text=text)
    if not isinstance(document, dict) or "_aws" in document or "message" not in document:
        return None
    details = [f"{name} {document[name]}" for name in _DETAILS if document.get(name)]
    text = "; ".join([str(document["message"]), *details])
    return FunctionLogged(level=str(document.get("level", "")), text=text)


@dataclass(slots=True)
class _Position:
    """The position in the log: a time in milliseconds, and the lines seen since then."""

    since: int = 0
    seen: Counter[tuple[str, int, str]] = field(default_factory=Counter)


class FunctionLogFollower:
    """Polls a log group on a separate thread until `close`.

    `listener` is called with events for people, `on_lines` with all new lines together.
    """

    def __init__(
        self,
        *,
        logs: CloudWatchLogsClient,
        log_group: str,
        listener: Listener,
        on_lines: Callable[[Sequence[str]], None] = lambda _lines: None,
    ) -> None:
        self._logs = logs
        self._log_group = log_group
        self._listener = listener
        self._on_lines = on_lines
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="function-log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop polling."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        position = _Position()
        while not self._stopping.wait(_PAUSE):
            try:
                self._poll(position)
            except (ClientError, BotoCoreError) as error:
                if not self._stopping.is_set():
                    self._listener(
                        SandboxFailure(text=f"function log: {type(error).__name__}: {error}")
                    )

    def _poll(self, position: _Position) -> None:
        answer = self._logs.filter_log_events(
            logGroupName=self._log_group, startTime=position.since
        )
        # The emulator gives events no id; stream, time and text are used instead.
        events = Counter(
            (event["logStreamName"], event["timestamp"], event["message"])
            for event in answer.get("events", [])
        )
        lines = [message for _, _, message in (events - position.seen).elements()]
        newest = max((timestamp for _, timestamp, _ in events), default=0)
        position.since = max(position.since, newest - _LATE)
        position.seen = events
        for line in lines:
            if logged := parse_log_message(line):
                self._listener(logged)
        if lines:
            self._on_lines(lines)
