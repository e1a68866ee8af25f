"""Blocking calls, run off the event loop that serves the site."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

T = TypeVar("T")


async def off_loop(call: Callable[[], T]) -> T:
    """Run a call on a thread. When the site stops, the thread is abandoned."""
    return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
