"""Measures variants alternately, so that load on the machine affects all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from random import Random
from statistics import median
from typing import TypeVar

Subject = TypeVar("Subject")


def median_seconds(
    variants: Mapping[str, Callable[[Subject], object]],
    subjects: Iterator[Subject],
    rounds: int,
    *,
    before_each: Callable[[Subject], object] = lambda _: None,
) -> dict[str, float]:
    """The median time of each way in seconds, without `before_each`.

    Each round has a different subject. In it the ways run in a changing order, because each finds
    the caches and the memory as the one before left them.
    """
    order = Random(7)  # noqa: S311 - nothing is to be kept secret
    times: dict[str, list[float]] = {name: [] for name in variants}
    warm_up = next(subjects)
    for variant in variants.values():
        before_each(warm_up)
        variant(warm_up)
    for subject in islice(subjects, rounds):
        for name in order.sample(list(variants), len(variants)):
            before_each(subject)
            start = time.perf_counter()
            variants[name](subject)
            times[name].append(time.perf_counter() - start)
    return {name: median(taken) for name, taken in times.items()}
