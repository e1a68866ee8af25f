"""Windows in memory, of every kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from relay_core.errors import Conflict, PermanentError
from relay_core.keys import WindowKey
from relay_core.limits.address_use import (
    AddressRecord,
    format_address_record,
    parse_address_record,
)
from relay_core.limits.budget import BudgetWindow, format_budget, parse_budget
from relay_core.limits.notice_window import NoticeWindow, format_notice_window, parse_notice_window
from relay_core.limits.sender_limit import SenderWindow, format_window, parse_window
from relay_core.limits.suppression import SuppressionList, format_suppressions, parse_suppressions
from relay_core.limits.window import WindowRecord
from relay_core.ports import (
    StoredWindow,
    Version,
)
from tests.faults import Faults

Window = TypeVar("Window", bound=WindowRecord)


@dataclass(slots=True)
class MemoryWindows(Generic[Window]):
    """`Windows` as documents in a dict. Faults: `load`, `create`, `replace` (the key)."""

    format: Callable[[Window], bytes]
    parse: Callable[[bytes], Window]
    documents: dict[WindowKey, tuple[bytes, Version]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    writes: int = 0

    def load(self, key: WindowKey) -> StoredWindow[Window] | None:
        with self.faults.around("load", key):
            if key not in self.documents:
                return None
            document, version = self.documents[key]
            try:
                return StoredWindow(window=self.parse(document), version=version)
            except ValueError as error:
                raise PermanentError(call="load", target=key, detail=str(error)) from error

    def create(self, window: Window) -> Version:
        with self.faults.around("create", window.key):
            if window.key in self.documents:
                raise Conflict(call="create", target=window.key, detail="exists already")
            return self._write(window)

    def replace(self, window: Window, expected: Version) -> Version:
        with self.faults.around("replace", window.key):
            _, version = self.documents.get(window.key, (b"", None))
            if version != expected:
                raise Conflict(call="replace", target=window.key, detail=f"{version} is the last")
            return self._write(window)

    def _write(self, window: Window) -> Version:
        self.writes += 1
        version = Version(f"v{self.writes}")
        self.documents[window.key] = (self.format(window), version)
        return version


def memory_sender_windows() -> MemoryWindows[SenderWindow]:
    return MemoryWindows(format_window, parse_window)


def memory_suppression_lists() -> MemoryWindows[SuppressionList]:
    return MemoryWindows(format_suppressions, parse_suppressions)


def memory_address_records() -> MemoryWindows[AddressRecord]:
    return MemoryWindows(format_address_record, parse_address_record)


def memory_budget_windows() -> MemoryWindows[BudgetWindow]:
    return MemoryWindows(format_budget, parse_budget)


def memory_notice_windows() -> MemoryWindows[NoticeWindow]:
    return MemoryWindows(format_notice_window, parse_notice_window)
