"""The events since the sandbox started, kept for the console.

Events, log lines and metrics of the functions, and a trace of each mail. Only the last of each are
kept; the whole log and the metrics are on the emulator.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from relay_core.keys import RawKey, message_id_of
from sandbox.events import Event, FunctionLogged, MailAccepted
from sandbox.services.function_log import parse_log_message
from sandbox.services.log_metrics import parse_embedded_metrics
from sandbox.terminal.event_lines import event_line

from .mail_progress import Trace

_MAX_KEPT = 500
_MAX_TRACES = 5_000
_NOT_DETAILS = {"level", "message", "timestamp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEvent:
    """One event in words. `kind` is the word that the terminal shows."""

    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a function's log.

    If the line is not JSON, `level` is the function's and `at` is when it was read. `details` are
    the other members of the line, in their order.
    """

    at: datetime
    function: str
    level: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        """The id of the mail that the line is about; empty if there is none."""
        raw_key = RawKey(self.details.get("raw_key", ""))
        return self.details.get("correlation_id") or (message_id_of(raw_key) if raw_key else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTotal:
    """All values of one metric with the same dimensions, since the start."""

    name: str
    dimensions: Mapping[str, str]
    unit: str
    count: int
    total: float
    highest: float

    @property
    def mean(self) -> float:
        """The arithmetic mean of the values."""
        return self.total / self.count


@dataclass(slots=True)
class Journal:
    """Keeps events, lines, metrics and traces. Safe for threads."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _recent_events: deque[JournalEvent] = field(default_factory=lambda: deque(maxlen=_MAX_KEPT))
    _lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=_MAX_KEPT))
    _totals: dict[tuple[str, ...], MetricTotal] = field(default_factory=dict)
    _traces: dict[str, Trace] = field(default_factory=dict)
    _count: int = 0
    _line_count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: Event) -> None:
        """Record an event: a journal is a listener."""
        kind, _, text = event_line(event)
        event_entry = JournalEvent(at=self.clock(), kind=kind, text=text)
        with self._lock:
            self._recent_events.appendleft(event_entry)
            self._count += 1
            if isinstance(event, MailAccepted):
                self._trace(event.message_id, received_at=event_entry.at, envelope=text)

    def read_log(self, function: str, lines: Sequence[str]) -> None:
        """Record new lines of a function's log, oldest first."""
        now = self.clock()
        traced = [
            _parse_line(function, line, logged, now)
            for line in lines
            if (logged := parse_log_message(line))
        ]
        data = [datum for line in lines for _, datum in parse_embedded_metrics(line)]
        with self._lock:
            self._lines.extendleft(traced)
            self._line_count += len(lines)
            for one in traced:
                self._trace_line(one)
            for datum in data:
                dimensions = {item["Name"]: item["Value"] for item in datum["Dimensions"]}
                self._add(datum["MetricName"], dimensions, datum["Unit"], list(datum["Values"]))

    def _trace_line(self, line: LogLine) -> None:
        if not line.message_id:
            return
        known = self._traces.get(line.message_id, Trace())
        if line.message == "mail begun" and known.begun_at is None:
            self._trace(line.message_id, begun_at=line.at)
        if line.message == "page shown" and known.shown_at is None:
            self._trace(line.message_id, shown_at=line.at)
        if outcome := line.details.get("outcome"):
            detail = line.details.get("reason") or line.details.get("detail", "")
            self._trace(line.message_id, outcome=outcome, detail=detail)

    def _trace(self, message_id: str, **found: Any) -> None:  # noqa: ANN401 (members of a trace)
        self._traces[message_id] = replace(self._traces.pop(message_id, Trace()), **found)
        if len(self._traces) > _MAX_TRACES:
            del self._traces[next(iter(self._traces))]

    def _add(
        self, name: str, dimensions: Mapping[str, str], unit: str, values: Sequence[float]
    ) -> None:
        if not values:
            return
        key = (name, *(part for pair in sorted(dimensions.items()) for part in pair))
        so_far = self._totals.get(key) or MetricTotal(
            name=name, dimensions=dimensions, unit=unit, count=0, total=0, highest=max(values)
        )
        self._totals[key] = replace(
            so_far,
            count=so_far.count + len(values),
            total=so_far.total + sum(values),
            highest=max(so_far.highest, *values),
        )

    def recent_events(self) -> tuple[JournalEvent, ...]:
        """The last events, newest first."""
        with self._lock:
            return tuple(self._recent_events)

    def lines(self) -> tuple[LogLine, ...]:
        """The last log lines, newest first, without those that only carry metrics."""
        with self._lock:
            return tuple(self._lines)

    def lines_about(self, message_id: str) -> tuple[LogLine, ...]:
        """The last lines about one mail, oldest first."""
        return tuple(line for line in reversed(self.lines()) if line.message_id == message_id)

    def trace(self, message_id: str) -> Trace:
        """The trace of a mail; an empty one if it is no longer kept."""
        with self._lock:
            return self._traces.get(message_id, Trace())

    def clear(self) -> None:
        """Remove the events, the lines and the metrics. The traces of mails stay."""
        with self._lock:
            self._recent_events.clear()
            self._lines.clear()
            self._totals.clear()
            self._count += 1
            self._line_count += 1

    def metrics(self) -> tuple[MetricTotal, ...]:
        """The metrics that the functions wrote, by name."""
        with self._lock:
            return tuple(self._totals[key] for key in sorted(self._totals))

    def counts(self) -> tuple[int, int]:
        """The number of events and of lines so far. They change when a page must be reloaded."""
        with self._lock:
            return self._count, self._line_count


def _parse_line(function: str, line: str, logged: FunctionLogged, now: datetime) -> LogLine:
    try:
        document: Any = json.loads(line)
    except ValueError:
        return LogLine(at=now, function=function, level=logged.level, message=logged.text)
    return LogLine(
        at=_parse_time(document.get("timestamp")) or now,
        function=function,
        level=str(document.get("level", "")),
        message=str(document["message"]),
        details={
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in document.items()
            if name not in _NOT_DETAILS and value is not None
        },
    )


def _parse_time(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return at and (at if at.tzinfo else at.replace(tzinfo=UTC))
