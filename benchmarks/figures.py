"""The figures, and their measurement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import cold_start, counting, paths, throughput
from benchmarks.alternating import median_seconds
from benchmarks.cold_start import ColdStart, measure_cold_start
from benchmarks.cost import AWS_SECONDS, Cost, cost_of
from benchmarks.counting import ResourceUse, counter_on_stub
from benchmarks.lambda_times import LambdaTimes, measure_lambda
from benchmarks.mails import Mail, mails_of_parts, sensor_mails
from benchmarks.memory import peak_growth
from benchmarks.shapes import Shape, measure_shapes
from benchmarks.throughput import Throughput, measure_throughput
from tests.core.costly import SHAPES

SIZES = {10_000: 300, 1_000_000: 40, 36_000_000: 7}
"""Message sizes in bytes, each with its number of measurements."""

PARTS = {1: 300, 10: 100, 100: 30, 1_000: 7, 10_000: 3}
"""Numbers of attachments, each with its number of measurements. The headers of many more are
refused."""

Announce = Callable[[str], None]
"""Called with the name of the measurement that begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorePath:
    """Median times for one message in seconds, and the important ratios.

    `relay` is with pybase64, `relay_alone` with the standard library alone. `engine` is the MIME
    engine's part of `relay`, without verdicts, recipient codes and addresses. `library` is the
    standard library's `email` for the same job, `round_trip` only its parsing and generating (with
    its default policy, and with `compat32`).

    The others are parts: base64 by `binascii` and by pybase64, SHA-256, the search for delimiter
    lines. `floor` is the sum of the last three.
    """

    message_bytes: int
    relay_seconds: float
    relay_alone_seconds: float
    engine_seconds: float
    library_seconds: float
    round_trip_seconds: float
    round_trip_compat32_seconds: float
    binascii_seconds: float
    pybase64_seconds: float
    sha256_seconds: float
    search_seconds: float
    floor_seconds: float
    library_to_relay: float
    library_to_relay_alone: float
    relay_to_round_trip: float
    relay_to_round_trip_compat32: float
    engine_to_round_trip: float
    engine_to_round_trip_compat32: float
    relay_alone_to_binascii: float
    relay_to_pybase64: float
    relay_to_floor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The peak growth of a process that relays one message."""

    message_bytes: int
    growth_bytes: int
    growth_to_message: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The median time for a message of many small attachments, in total and for each."""

    attachments: int
    relay_seconds: float
    seconds_each: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures."""

    core_path: tuple[CorePath, ...]
    memory: tuple[Memory, ...]
    parts: tuple[Parts, ...]
    throughput: tuple[Throughput, ...]
    taken: tuple[ResourceUse, ...]
    cost: tuple[Cost, ...]
    cold_start: tuple[ColdStart, ...]
    lambda_times: LambdaTimes
    shapes: tuple[Shape, ...]


def measure(announce: Announce) -> Figures:
    """Measure every figure; about twelve minutes on an idle machine."""
    core_path, memory, parts = [], [], []
    for size, rounds in SIZES.items():
        announce(f"a message of {size:,} bytes")
        core_path.append(_core_path(size, rounds))
        if size >= 1_000_000:  # less cannot be measured beside the interpreter's own pages
            memory.append(_memory(next(sensor_mails(size))))
    for number, rounds in PARTS.items():
        announce(f"a message of {number:,} attachments")
        parts.append(_parts(number, rounds))
    through = []
    for shape, rounds in throughput.ROUNDS.items():
        announce(f"the function, {shape.name}")
        through.append(measure_throughput(shape, rounds))
    announce("what AWS is asked for")
    with counter_on_stub(AWS_SECONDS) as counter:
        taken = {case: counter.take(case, counting.ROUNDS) for case in counting.CASES}
    started: list[ColdStart] = []
    for function in cold_start.FUNCTIONS:
        announce(f"a cold start of {function.module}")
        started += measure_cold_start(function, cold_start.ROUNDS)
    return Figures(
        core_path=tuple(core_path),
        memory=tuple(memory),
        parts=tuple(parts),
        throughput=tuple(through),
        taken=tuple(taken.values()),
        # What a container reads once for many mails is not part of a mail's cost.
        cost=tuple(cost_of(one) for case, one in taken.items() if not case.is_first),
        cold_start=tuple(started),
        lambda_times=measure_lambda(announce),
        shapes=measure_shapes(SHAPES, lambda name: announce(f"the function, {name}")),
    )


def _core_path(size: int, rounds: int) -> CorePath:
    ways = {
        "relay": paths.relay,
        "relay_alone": paths.relay_alone,
        "engine": paths.engine,
        "library": paths.library,
        "round_trip": paths.round_trip,
        "round_trip_compat32": paths.round_trip_compat32,
        "binascii": paths.decode,
        "pybase64": paths.decode_pybase64,
        "sha256": paths.digest,
        "search": paths.search,
    }
    times = median_seconds(ways, sensor_mails(size), rounds)
    floor = times["pybase64"] + times["sha256"] + times["search"]
    return CorePath(
        message_bytes=len(next(sensor_mails(size)).raw),
        relay_seconds=times["relay"],
        relay_alone_seconds=times["relay_alone"],
        engine_seconds=times["engine"],
        library_seconds=times["library"],
        round_trip_seconds=times["round_trip"],
        round_trip_compat32_seconds=times["round_trip_compat32"],
        binascii_seconds=times["binascii"],
        pybase64_seconds=times["pybase64"],
        sha256_seconds=times["sha256"],
        search_seconds=times["search"],
        floor_seconds=floor,
        library_to_relay=times["library"] / times["relay"],
        library_to_relay_alone=times["library"] / times["relay_alone"],
        relay_to_round_trip=times["relay"] / times["round_trip"],
        relay_to_round_trip_compat32=times["relay"] / times["round_trip_compat32"],
        engine_to_round_trip=times["engine"] / times["round_trip"],
        engine_to_round_trip_compat32=times["engine"] / times["round_trip_compat32"],
        relay_alone_to_binascii=times["relay_alone"] / times["binascii"],
        relay_to_pybase64=times["relay"] / times["pybase64"],
        relay_to_floor=times["relay"] / floor,
    )


def _parts(number: int, rounds: int) -> Parts:
    seconds = median_seconds({"relay": paths.relay}, mails_of_parts(number), rounds)["relay"]
    return Parts(attachments=number, relay_seconds=seconds, seconds_each=seconds / number)


def _memory(mail: Mail) -> Memory:
    growth = peak_growth(mail.raw)
    return Memory(
        message_bytes=len(mail.raw),
        growth_bytes=growth,
        growth_to_message=growth / len(mail.raw),
    )
