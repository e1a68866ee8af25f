"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_SHORTEST, _LONGEST = 0.02, 0.3  # seconds between two probes


def eventually(probe: Callable[[], T], *, within: float = 60.0) -> T:
    """The first true result of `probe`; fails if there is none.

    `within` (seconds) only limits the wait for a broken expectation. A probe uses processor time
    that the awaited work needs, so the pause grows with the waiting time.
    """
    begun = time.monotonic()
    while not (answer := probe()):
        waited = time.monotonic() - begun
        assert waited < within, f"{probe!r} did not become true in {within:.0f} s"
        time.sleep(min(max(_SHORTEST, waited / 10), _LONGEST))
    return answer
