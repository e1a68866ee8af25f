"""What happened since the sandbox started, kept for whoever opens the console later.

Events, lines of the functions' logs, and what the functions counted. Only the last of each are
kept; the log itself and the metrics are on the emulator.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.events import Event, FunctionLogged
from sandbox.function_log import parse_log_message
from sandbox.log_metrics import parse_embedded_metrics
from sandbox.narration import describe

_MOST_KEPT = 500
_NOT_DETAILS = {"level", "message", "timestamp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event in words: `kind` is what the terminal calls it too."""

    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a function's log. `level` is empty and `at` when it was read, if it is no JSON.

    `details` are the other members of the line, in their order.
    """

    at: datetime
    function: str
    level: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)


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
    """Safe for threads: events come from many, and readers ask at any time."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _happenings: deque[Happening] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT))
    _lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT))
    _totals: dict[tuple[str, ...], MetricTotal] = field(default_factory=dict)
    _count: int = 0
    _line_count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: Event) -> None:
        """Hear of an event: a journal is a listener."""
        kind, _, text = describe(event).plain.strip().partition("  ")
        happening = Happening(at=self.clock(), kind=kind, text=text)
        with self._lock:
            self._happenings.appendleft(happening)
            self._count += 1

    def read_log(self, function: str, lines: Sequence[str]) -> None:
        """Take note of new lines of a function's log, oldest first."""
        now = self.clock()
        told = [
            _parse_line(function, line, logged, now)
            for line in lines
            if (logged := parse_log_message(line))
        ]
        data = [datum for line in lines for _, datum in parse_embedded_metrics(line)]
        with self._lock:
            self._lines.extendleft(told)
            self._line_count += len(lines)
            for datum in data:
                dimensions = {item["Name"]: item["Value"] for item in datum["Dimensions"]}
                self._add(datum["MetricName"], dimensions, datum["Unit"], list(datum["Values"]))

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

    def happenings(self) -> tuple[Happening, ...]:
        """The last events, newest first."""
        with self._lock:
            return tuple(self._happenings)

    def lines(self) -> tuple[LogLine, ...]:
        """The last lines of the logs that tell a person something, newest first."""
        with self._lock:
            return tuple(self._lines)

    def metrics(self) -> tuple[MetricTotal, ...]:
        """What the functions counted, by name."""
        with self._lock:
            return tuple(self._totals[key] for key in sorted(self._totals))

    def counts(self) -> tuple[int, int]:
        """How many events and lines there were in all: another number, another page."""
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
