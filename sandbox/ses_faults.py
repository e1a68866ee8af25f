"""SES errors on request: a file says which error a submission is to meet, and how often.

The file holds a JSON list of `{"error", "times", "recipient"}`: the error's code, how many
submissions meet it (once if left out), and the recipient it is about (null or left out:
any). It is read at each submission. How often an entry was used is kept in memory and
forgotten when the file is written anew, so the file stays its writer's alone.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from .ses_errors import USUAL_MESSAGES, SesError

_READS = 20
_PAUSE = 0.01  # seconds between two reads of a file that is just being written


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of the file."""

    error: str
    times: int
    recipient: str | None
    message: str


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
        wanted = {recipient.lower() for recipient in recipients}
        with self._lock:
            for index, fault in enumerate(self._read()):
                concerned = fault.recipient is None or fault.recipient.lower() in wanted
                if concerned and self._used[index] < fault.times:
                    self._used[index] += 1
                    raise SesError(fault.error, fault.message)

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


def _parse_faults(text: str) -> list[Fault]:
    entries = json.loads(text) if text.strip() else []
    if isinstance(entries, list):
        return [_parse_fault(entry) for entry in entries]
    raise ValueError("expected a JSON list of faults")


def _parse_fault(entry: Any) -> Fault:  # noqa: ANN401 (JSON, checked here)
    match entry:
        case {"error": str(error)}:
            times, recipient = entry.get("times", 1), entry.get("recipient")
            if isinstance(times, int) and isinstance(recipient, str | None):
                usual = USUAL_MESSAGES.get(error, "Brought about by the faults file.")
                return Fault(
                    error=error,
                    times=times,
                    recipient=recipient,
                    message=entry.get("message", usual),
                )
    raise ValueError(
        'expected an "error", a whole number of "times" and a "recipient" or null;'
        f" found {json.dumps(entry)}"
    )
