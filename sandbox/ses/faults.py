"""SES errors on request: a file says which error a submission gets, and how often.

The file holds a JSON list of `{"error", "times", "recipient"}`: the error's code, how many
submissions meet it (once if left out), and the recipient it is about (null or left out:
any). An `event`, `Bounce` or `Complaint`, in the place of the error lets SES take the mail and
publish that event; a `Bounce` for the relay's own address is of a device's mail, which then does
not come in (`device_hop`). The file is read at each submission. How often an entry was used is
kept in memory and forgotten when the file is written anew, so the file stays its writer's alone.
The console writes it too, with what is left of each entry.
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
"""What may follow a mail that SES took."""

_READS = 20
_PAUSE = 0.01  # seconds between two reads of a file that is just being written


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of the file. `error` is None where the mail is taken, and `event` follows."""

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
    """The faults file, with what was used of its present content."""

    path: Path
    _lock: Lock = field(default_factory=Lock)
    _version: tuple[int, int, int] | None = None
    _present: list[Fault] = field(default_factory=list)
    _used: Counter[int] = field(default_factory=Counter)

    def meet(self, recipients: Collection[str]) -> None:
        """Meet the first fault that is left for one of the recipients, if there is one.

        Raises:
            SesError: the fault, or an InternalServiceErrorException saying what is wrong with
                the file.
        """
        with self._lock:
            fault = self._take(recipients, is_event=False)
        if fault is not None and fault.error is not None:
            raise SesError(fault.error, fault.message)

    def event_after(self, recipient: str) -> str | None:
        """The event that follows a mail to that recipient, `Bounce` or `Complaint`, if one does.

        Raises:
            SesError: an InternalServiceErrorException saying what is wrong with the file.
        """
        with self._lock:
            fault = self._take([recipient], is_event=True)
        return None if fault is None else fault.event

    def left(self) -> tuple[Fault, ...]:
        """What no submission has met yet, each with the times that are left.

        Raises:
            SesError: an InternalServiceErrorException saying what is wrong with the file.
        """
        with self._lock:
            return tuple(self._left())

    def change(self, change: Callable[[Sequence[Fault]], Iterable[Fault]]) -> None:
        """Write what `change` makes of what is left. A file that cannot be read is written over.

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
                # Perhaps somebody is writing it just now; a file that stays wrong is an error.
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
            usual = USUAL_MESSAGES.get(error or "", "Brought about by the faults file.")
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
