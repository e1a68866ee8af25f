"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T], *, within: float = 30.0, pause: float = 0.02) -> T:
    """What `probe` answers as soon as it is true; asserts that it ever is.

    `within` (seconds) only bounds how long a broken expectation is waited for; `pause` is the
    time between two probes.
    """
    deadline = time.monotonic() + within
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"{probe!r} did not become true in {within:.0f} s"
        time.sleep(pause)
    return answer
