"""Blocking calls, run off the event loop that serves the site."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

T = TypeVar("T")


async def off_loop(call: Callable[[], T]) -> T:
    """Make a call on a thread. At the end of the site it is not waited for."""
    return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
