"""The figures of the function: measured, and printed for people and machines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

import pytest
from rich.console import Console

from benchmarks import tables, throughput
from benchmarks.alternating import median_seconds
from benchmarks.cold_start import ColdStart
from benchmarks.cost import cost_of
from benchmarks.counting import CASES, counter_on_stub
from benchmarks.devices import LARGE, MANY, SMALL, Shape
from benchmarks.figures import Figures
from benchmarks.lambda_times import COLD, DEPLOYED, MEMORIES_MB, LambdaTimes, StepTime
from benchmarks.shapes import measure_shapes
from benchmarks.throughput import measure_throughput

LAMBDA_TIMES = LambdaTimes(
    python="python3.13",
    means="a control group",
    steps=tuple(
        StepTime(
            function="relay",
            variant=variant,
            memory_mb=memory_mb,
            step=step,
            seconds=0.51,
            processor_seconds=0.12,
            bare_seconds=0.34,
            bare_processor_seconds=0.1,
            to_bare=1.5,
        )
        for variant, memory_mb in [(DEPLOYED, 512), *((f"{one} MB", one) for one in MEMORIES_MB)]
        for step in ("init", "first mail", COLD)
    ),
    connection_processor_seconds={"amazon": 0.0081, "system": 0.0079},
    peak_bytes=123_000_000,
)


@pytest.fixture(scope="module")
def few() -> Figures:
    with counter_on_stub(seconds=0) as counter:
        taken = tuple(counter.take(case) for case in CASES)
    return Figures(
        core_path=(),
        memory=(),
        parts=(),
        throughput=(measure_throughput(SMALL, rounds=2),),
        taken=taken,
        cost=tuple(map(cost_of, taken)),
        cold_start=(
            ColdStart(
                function="adapters.relay_function",
                code="compiled",
                function_seconds=0.3,
                boto3_seconds=0.2,
                function_to_boto3=1.5,
            ),
        ),
        lambda_times=LAMBDA_TIMES,
        shapes=measure_shapes(["log", "groups"], lambda _name: None, size=20_000),
    )


def test_machines_read_them_as_json(few: Figures) -> None:
    read = json.loads(json.dumps(asdict(few)))
    assert [one["calls"] for one in read["taken"]] == [one.calls for one in few.taken]
    assert read["cost"][0]["lines"][0]["kind"] in {"counted", "given", "estimated"}


def test_people_read_every_one_in_a_table(few: Figures) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    for table in tables.tables_of(few):
        console.print(table)
    text = console.export_text()
    for one in few.cost:
        assert f"{one.usd_per_million:,.2f}" in text
        assert one.name in text
    for name in ("s3.GetObject", "sesv2.SendEmail", "sns.Publish", "ssm.GetParameter"):
        assert name in text
    assert "1.50" in text
    for shape in few.shapes:
        assert f"{shape.cpu_seconds_per_10_mb:.2f} s" in text


def test_a_costly_mail_comes_to_its_end_and_costs_something(few: Figures) -> None:
    assert {"log": "relayed", "groups": "relayed"} == {one.name: one.outcome for one in few.shapes}
    for shape in few.shapes:
        assert shape.cpu_seconds_per_10_mb > 0
        assert shape.growth_to_message == shape.growth_bytes / shape.message_bytes
    assert list(few.shapes) == sorted(
        few.shapes, key=lambda one: one.cpu_seconds_per_10_mb, reverse=True
    )


@pytest.mark.parametrize("shape", [SMALL, LARGE, MANY], ids=lambda shape: shape.name)
def test_the_function_and_its_calls_alone_are_measured_on_the_same_mails(shape: Shape) -> None:
    result = measure_throughput(shape, rounds=1)
    assert result.calls >= 4 + len(shape.recipients)
    assert result.messages_per_second == 1 / result.function_seconds
    assert result.function_to_bare == result.function_seconds / result.bare_seconds


def test_no_two_mails_are_alike_and_every_run_has_the_same() -> None:
    for shape in throughput.ROUNDS:
        one, other = (list(islice(shape.mails(), 3)) for _ in range(2))
        assert one == other
        assert len({mail.raw_key for mail in one}) == len({mail.raw for mail in one}) == 3


def test_ways_take_turns_each_on_every_subject() -> None:
    seen: list[tuple[str, int]] = []

    def subjects() -> Iterator[int]:
        yield from range(10)

    times = median_seconds(
        {"a": lambda one: seen.append(("a", one)), "b": lambda one: seen.append(("b", one))},
        subjects(),
        4,
        before_each=lambda one: seen.append(("before", one)),
    )
    assert set(times) == {"a", "b"}
    assert [name for name, _ in seen[::2]] == ["before"] * 10
    assert {("a", one) for one in range(5)} | {("b", one) for one in range(5)} == set(seen[1::2])
