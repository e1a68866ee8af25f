"""Runs one function for many items in several threads.

The time is spent on round trips to AWS, so threads are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from relay_core.errors import AdapterError

WORKERS = 16
"""The number of concurrent calls."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_parallel(
    act: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[tuple[_Item, _Result | AdapterError]]:
    """Each item with its result, in the order of completion; an `AdapterError` is a result.

    Any other error ends the iteration. Then, and when the caller stops iterating, items that were
    not started are not processed.
    """
    with ThreadPoolExecutor(max_workers=WORKERS) as executor:
        try:
            begun = {executor.submit(_attempt, act, item): item for item in items}
            for done in as_completed(begun):
                yield begun[done], done.result()
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _attempt(act: Callable[[_Item], _Result], item: _Item) -> _Result | AdapterError:
    try:
        return act(item)
    except AdapterError as error:
        return error
