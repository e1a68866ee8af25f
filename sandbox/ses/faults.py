"""SES errors on request: a file says which error a submission gets, and how often.

The file has a JSON list of `{"error", "times", "recipient"}`: the error's code, the number of
submissions that get it (default 1), and its recipient (null or missing: any). With an `event`,
`Bounce` or `Complaint`, in place of the error, SES accepts the mail and publishes that event. A
`Bounce` for the relay's own address applies to a device's mail, which is then not received
(`device_hop`).

The file is read at each submission. The uses of an entry are counted in memory, and the counts are
reset when the file changes. So only the test or the console writes the file. The console writes
the remaining uses of each entry.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from .errors import USUAL_MESSAGES, SesError

EVENTS = ("Bounce", "Complaint")
"""Events that may follow an accepted mail."""

_READS = 20
_PAUSE = 0.01  # seconds between two reads of a file that is being written


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of the file. `error` is None where the mail is accepted and `event` follows."""

    error: str | None
    event: str | None
    times: int
    recipient: str | None
    message: str

    @property
    def kind(self) -> str:
        """The error's code, or the event."""
        return self.error or self.event or ""


@dataclass(slots=True)
class Faults:
    """The faults file, with the uses of its current content."""

    path: Path
    _lock: Lock = field(default_factory=Lock)
    _version: tuple[int, int, int] | None = None
    _present: list[Fault] = field(default_factory=list)
    _used: Counter[int] = field(default_factory=Counter)

    def meet(self, recipients: Collection[str]) -> None:
        """Raise the first remaining error for one of the recipients, if there is one.

        Raises:
            SesError: the error, or an InternalServiceErrorException about an invalid file.
        """
        with self._lock:
            fault = self._take(recipients, is_event=False)
        if fault is not None and fault.error is not None:
            raise SesError(fault.error, fault.message)

    def event_after(self, recipient: str) -> str | None:
        """The event that follows a mail to that recipient, `Bounce` or `Complaint`; None if none.

        Raises:
            SesError: an InternalServiceErrorException about an invalid file.
        """
        with self._lock:
            fault = self._take([recipient], is_event=True)
        return None if fault is None else fault.event

    def left(self) -> tuple[Fault, ...]:
        """The remaining faults, each with its remaining times.

        Raises:
            SesError: an InternalServiceErrorException about an invalid file.
        """
        with self._lock:
            return tuple(self._left())

    def change(self, change: Callable[[Sequence[Fault]], Iterable[Fault]]) -> None:
        """Write the result of `change` for the remaining faults. An invalid file is overwritten.

        Raises:
            OSError: if it cannot be written.
        """
        with self._lock:
            try:
                left = self._left()
            except SesError:
                left = []
            text = json.dumps([_format_fault(fault) for fault in change(left)], indent=1)
            temporary = self.path.with_name(f".{self.path.name}.new")
            temporary.write_text(f"{text}\n")
            temporary.replace(self.path)

    def _left(self) -> list[Fault]:
        return [
            replace(fault, times=fault.times - self._used[index])
            for index, fault in enumerate(self._read())
            if fault.times > self._used[index]
        ]

    def _take(self, recipients: Collection[str], *, is_event: bool) -> Fault | None:
        wanted = {recipient.lower() for recipient in recipients}
        for index, fault in enumerate(self._read()):
            is_meant = (fault.event is not None) == is_event and (
                fault.recipient is None or fault.recipient.lower() in wanted
            )
            if is_meant and self._used[index] < fault.times:
                self._used[index] += 1
                return fault
        return None

    def _read(self) -> list[Fault]:
        for attempt in range(_READS):
            try:
                stat = self.path.stat()
                version = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                if version == self._version:
                    return self._present
                text = self.path.read_text()
            except FileNotFoundError:
                return []
            try:
                faults = _parse_faults(text)
            except ValueError as error:
                # The file may be incomplete while it is written; if it stays invalid, it is an
                # error.
                if attempt == _READS - 1:
                    raise SesError(
                        "InternalServiceErrorException", f"{self.path}: {error}"
                    ) from None
                time.sleep(_PAUSE)
                continue
            self._version, self._present = version, faults
            self._used.clear()
            return faults
        raise AssertionError("unreachable: the last attempt returns or raises")


def _format_fault(fault: Fault) -> dict[str, object]:
    kind = {"error": fault.error} if fault.error else {"event": fault.event}
    return {
        **kind,
        "times": fault.times,
        "recipient": fault.recipient,
        "message": fault.message,
    }


def make_fault(kind: str, *, times: int, recipient: str | None) -> Fault:
    """A fault of that kind: `Bounce`, `Complaint`, or the code of an error of SES."""
    return _parse_fault(
        {
            "event" if kind in EVENTS else "error": kind,
            "times": times,
            "recipient": recipient,
        }
    )


def _parse_faults(text: str) -> list[Fault]:
    entries = json.loads(text) if text.strip() else []
    if isinstance(entries, list):
        return [_parse_fault(entry) for entry in entries]
    raise ValueError("expected a JSON list of faults")


def _parse_fault(entry: Any) -> Fault:  # noqa: ANN401 (JSON, checked here)
    error: str | None = None
    event: str | None = None
    match entry:
        case {"error": str(found)}:
            error = found
        case {"event": "Bounce" | "Complaint" as found}:
            event = found
    if event or error:
        times, recipient = entry.get("times", 1), entry.get("recipient")
        if isinstance(times, int) and isinstance(recipient, str | None):
            usual = USUAL_MESSAGES.get(error or "", "Caused by the faults file.")
            return Fault(
                error=error,
                event=event,
                times=times,
                recipient=recipient,
                message=entry.get("message", usual),
            )
    raise ValueError(
        'expected an "error", or an "event" of "Bounce" or "Complaint", a whole number of "times"'
        f' and a "recipient" or null; found {json.dumps(entry)}'
    )
