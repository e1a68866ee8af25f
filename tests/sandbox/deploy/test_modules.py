"""The program's packages are separate from another release's during later imports."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from sandbox.deploy.program import PROGRAM, modules_of


class _ImportsMore(ModuleType):
    def __getattribute__(self, name: str) -> object:
        if name == "__file__":
            sys.modules[f"relay_core.more_{len(sys.modules)}"] = ModuleType("more")
            return f"{PROGRAM.parent}/relay_core/lazy.py"
        return super().__getattribute__(name)


def test_imports_of_other_threads_are_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(sys.modules)
    monkeypatch.setitem(sys.modules, "relay_core.lazy", _ImportsMore("relay_core.lazy"))
    try:
        with modules_of(PROGRAM):
            pass
    finally:
        for name in sys.modules.keys() - before.keys() - {"relay_core.lazy"}:
            del sys.modules[name]
