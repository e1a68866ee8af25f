"""Several calls at the same time, on threads that stay for the next ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, wait
from typing import TypeVar

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


def call_concurrently(
    threads: Executor, call: Callable[[_Item], _Answer], items: Sequence[_Item]
) -> list[_Answer]:
    """The answer for each item, in their order; one alone is called on the caller's own thread.

    Every call has ended when this returns or raises what one of them raised.
    """
    if len(items) <= 1:
        return [call(item) for item in items]
    futures = [threads.submit(call, item) for item in items]
    wait(futures)
    return [future.result() for future in futures]
