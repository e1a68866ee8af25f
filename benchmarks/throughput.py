"""The number of mails a second of the function, compared with the bare calls that it makes.

One container handles one mail at a time, with a stand-in that answers at once. So the figure shows
the function's own work; AWS's time is extra. Lambda runs as many containers as the queue needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.alternating import median_seconds
from benchmarks.aws_stub import aws_stub
from benchmarks.calls import Call, CallRecorder, bare_clients, put_keys, repeat_calls
from benchmarks.devices import LARGE, MANY, SMALL, Arrived, Shape
from benchmarks.function import SETTINGS, MeasuredFunction, loopback_session

ROUNDS = {SMALL: 100, LARGE: 40, MANY: 20}
"""Shapes of mail, each with its number of measurements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Median times for one mail in seconds: of the function, and of its calls alone."""

    mail: str
    message_bytes: int
    calls: int
    function_seconds: float
    bare_seconds: float
    messages_per_second: float
    function_to_bare: float


def measure_throughput(shape: Shape, rounds: int) -> Throughput:
    """Run the function and the bare calls alternately on mails of a shape."""
    with (
        aws_stub() as endpoint,
        ThreadPoolExecutor(SETTINGS.submission_concurrency) as threads,
    ):
        session = loopback_session(endpoint)
        clients = bare_clients(session)
        function = MeasuredFunction(session)
        handled = _handled(shape, endpoint)

        def forget(one: _Handled) -> None:
            for key in put_keys(one.calls):
                function.forget(key)

        seconds = median_seconds(
            {
                "function": lambda one: function.relay(one.mail),
                "bare": lambda one: repeat_calls(one.calls, clients, threads),
            },
            handled,
            rounds,
            before_each=forget,
        )
        last = next(handled)
    return Throughput(
        mail=shape.name,
        message_bytes=len(last.mail.raw),
        calls=len(last.calls),
        function_seconds=seconds["function"],
        bare_seconds=seconds["bare"],
        messages_per_second=1 / seconds["function"],
        function_to_bare=seconds["function"] / seconds["bare"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handled:
    mail: Arrived
    calls: Sequence[Call]


def _handled(shape: Shape, endpoint: str) -> Iterator[_Handled]:
    """Mails in the incoming bucket, each with the calls that another function made for it."""
    session = loopback_session(endpoint)
    recorder = CallRecorder(session)
    function = MeasuredFunction(session)
    for mail in shape.mails():
        function.receive(mail)
        recorder.take()
        function.relay(mail)
        yield _Handled(mail=mail, calls=recorder.take())
