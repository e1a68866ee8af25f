"""The figures, and how they are taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import paths
from benchmarks.mails import Mail, mail_of_parts, sensor_mail
from benchmarks.memory import peak_growth

SIZES = {10_000: 300, 1_000_000: 30, 36_000_000: 7}
"""Message sizes in bytes, each with how often it is measured."""

PARTS = {1: 300, 10: 100, 100: 30, 1_000: 7, 10_000: 3}
"""Numbers of attachments, each with how often it is measured."""

Announce = Callable[[str], None]
"""What is told of the measurement that begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorePath:
    """Median times for one message in seconds, and the ratios between them."""

    message_bytes: int
    relay_seconds: float
    library_seconds: float
    decode_seconds: float
    relay_to_library: float
    relay_to_decode: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """By how much a process grows at most that relays one message."""

    message_bytes: int
    growth_bytes: int
    growth_to_message: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The median time for a message of many small attachments, in all and for each."""

    attachments: int
    relay_seconds: float
    seconds_each: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All of them."""

    core_path: tuple[CorePath, ...]
    memory: tuple[Memory, ...]
    parts: tuple[Parts, ...]


def measure(announce: Announce) -> Figures:
    """Take every figure; some ten seconds on a quiet machine."""
    core_path, memory, parts = [], [], []
    for size, rounds in SIZES.items():
        announce(f"a message of {size:,} bytes")
        mail = sensor_mail(size)
        core_path.append(_core_path(mail, rounds))
        if size >= 1_000_000:  # less is lost among the interpreter's own pages
            memory.append(_memory(mail))
    for number, rounds in PARTS.items():
        announce(f"a message of {number:,} attachments")
        parts.append(_parts(number, rounds))
    return Figures(core_path=tuple(core_path), memory=tuple(memory), parts=tuple(parts))


def _core_path(mail: Mail, rounds: int) -> CorePath:
    relay, library, decode = _medians(
        [
            lambda: paths.relay(mail.raw),
            lambda: paths.library(mail.raw),
            lambda: paths.decode(mail.encoded),
        ],
        rounds,
    )
    return CorePath(
        message_bytes=len(mail.raw),
        relay_seconds=relay,
        library_seconds=library,
        decode_seconds=decode,
        relay_to_library=relay / library,
        relay_to_decode=relay / decode,
    )


def _parts(number: int, rounds: int) -> Parts:
    mail = mail_of_parts(number)
    (seconds,) = _medians([lambda: paths.relay(mail.raw)], rounds)
    return Parts(attachments=number, relay_seconds=seconds, seconds_each=seconds / number)


def _memory(mail: Mail) -> Memory:
    growth = peak_growth(mail.raw)
    return Memory(
        message_bytes=len(mail.raw),
        growth_bytes=growth,
        growth_to_message=growth / len(mail.raw),
    )


def _medians(jobs: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The median time of each job in seconds. The jobs take turns."""
    times: list[list[float]] = [[] for _ in jobs]
    for job in jobs:
        job()  # warm up
    for _ in range(rounds):
        for job, taken in zip(jobs, times, strict=True):
            start = time.perf_counter()
            job()
            taken.append(time.perf_counter() - start)
    return [median(taken) for taken in times]
