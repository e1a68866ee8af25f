"""The cost of mails is calculated from what they use, and from prices in one place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import cost, counting, prices
from benchmarks.cost import Kind, billed_seconds, cost_of
from benchmarks.counting import Case, Occasion, ResourceUse, counter_on_stub
from benchmarks.devices import LARGE, SMALL, Shape
from infra.configuration.config import StackConfig
from infra.functions import download_function

OPERATIONS = ("s3.GetObject", "s3.PutObject", "sesv2.SendEmail", "sns.Publish", "sqs.SendMessage")
MORE = st.integers(0, 10_000_000)


@st.composite
def takings(draw: st.DrawFn) -> ResourceUse:
    seconds = draw(st.floats(0, 900))
    return ResourceUse(
        name="a mail",
        occasion=draw(st.sampled_from(Occasion)),
        memory_mb=draw(st.integers(128, 10_240)),
        message_bytes=draw(MORE),
        file_bytes=draw(MORE),
        calls={name: draw(st.integers(0, 1000)) for name in OPERATIONS},
        s3_requests={},
        submitted_bytes=draw(MORE),
        kept_bytes=draw(MORE),
        logged_bytes=draw(MORE),
        seconds=seconds,
        processor_seconds=draw(st.floats(0, seconds)),
    )


@given(takings(), st.sampled_from(OPERATIONS), st.integers(1, 1000))
def test_each_call_costs(taken: ResourceUse, name: str, more: int) -> None:
    calls = {**taken.calls, name: taken.calls[name] + more}
    dearer = cost_of(replace(taken, calls=calls)).usd_per_million
    assert cost_of(taken).usd_per_million < dearer


@given(
    takings(),
    st.sampled_from(["submitted_bytes", "kept_bytes", "logged_bytes"]),
    st.integers(1, 10_000_000),
)
def test_each_byte_costs(taken: ResourceUse, name: str, more: int) -> None:
    dearer = replace(taken, **{name: getattr(taken, name) + more})
    assert cost_of(taken).usd_per_million < cost_of(dearer).usd_per_million


@given(takings())
def test_the_whole_is_the_sum_of_its_lines_and_none_is_negative(taken: ResourceUse) -> None:
    result = cost_of(taken)
    assert all(line.usd_per_million >= 0 for line in result.lines)
    total = sum(line.usd_per_million for line in result.lines)
    assert total == pytest.approx(result.usd_per_million)


@given(takings(), st.integers(1, 10_000_000))
def test_each_byte_that_arrives_is_paid_by_the_arrival_and_by_nothing_else(
    taken: ResourceUse, more: int
) -> None:
    longer = replace(taken, message_bytes=taken.message_bytes + more)
    is_dearer = cost_of(taken).usd_per_million < cost_of(longer).usd_per_million
    assert is_dearer == (taken.occasion is Occasion.ARRIVAL)


@given(takings(), st.integers(1000, 10_000_000))
def test_each_byte_of_a_file_is_paid_by_its_download_and_by_nothing_else(
    taken: ResourceUse, more: int
) -> None:
    larger = replace(taken, file_bytes=taken.file_bytes + more)
    is_dearer = cost_of(taken).usd_per_million < cost_of(larger).usd_per_million
    assert is_dearer == (taken.occasion is Occasion.DOWNLOAD)


@given(takings(), st.sampled_from(Occasion))
def test_nothing_costs_as_much_as_an_arrival_all_else_being_the_same(
    taken: ResourceUse, occasion: Occasion
) -> None:
    arrival, other = (
        cost_of(replace(taken, occasion=one, file_bytes=0)).usd_per_million
        for one in (Occasion.ARRIVAL, occasion)
    )
    assert arrival >= other
    assert (arrival - other > 100) == (occasion is not Occasion.ARRIVAL)


@given(takings())
def test_lambda_bills_waiting_as_it_is_and_work_by_the_share_of_a_processor(
    taken: ResourceUse,
) -> None:
    idle = replace(taken, processor_seconds=0.0)
    assert billed_seconds(idle) == taken.seconds
    assert billed_seconds(taken) >= taken.seconds * (1 - 1e-9)
    busy = replace(taken, processor_seconds=taken.seconds)
    share = min(1, taken.memory_mb / 1769)
    assert billed_seconds(busy) == pytest.approx(taken.seconds / share)


def test_only_lambdas_time_is_an_estimate() -> None:
    taken = replace(_taken(), seconds=1.0, processor_seconds=0.1)
    slower = replace(taken, seconds=2.0)
    differing = {
        one.name: one.kind
        for one, other in zip(cost_of(taken).lines, cost_of(slower).lines, strict=True)
        if one != other
    }
    assert differing == {prices.LAMBDA_GB_SECOND.name: Kind.ESTIMATED}


@pytest.mark.parametrize(("size", "chunks"), [(0, 0), (262_143, 0), (262_144, 1), (800_000, 3)])
def test_only_whole_chunks_are_paid_for(size: int, chunks: int) -> None:
    (line,) = (
        line
        for line in cost_of(replace(_taken(), message_bytes=size)).lines
        if line.name == prices.SES_CHUNK.name
    )
    assert line.quantity == chunks
    assert line.usd_per_million == pytest.approx(90 * chunks)


def test_more_recipients_and_more_bytes_cost_more_as_measured() -> None:
    shapes = [
        Shape(
            name=f"to {number}", recipients=tuple(f"p{one}@example.org" for one in range(number))
        )
        for number in (1, 2, 9, 40)
    ]
    with counter_on_stub(seconds=0) as counter:
        costs = [
            cost_of(counter.take(Case(name=shape.name, shape=shape))).usd_per_million
            for shape in shapes
        ]
        text, attached = (
            cost_of(counter.take(Case(name=shape.name, shape=shape))).usd_per_million
            for shape in (SMALL, LARGE)
        )
    assert costs == sorted(costs)
    # Each recipient is one outgoing mail.
    assert costs[-1] - costs[0] > 39 * prices.SES_OUTGOING.usd_each * 1e6
    assert text < attached


def test_what_is_assumed_of_the_stack_is_what_it_has_unless_configured() -> None:
    defaults = {name: field.default for name, field in StackConfig.__dataclass_fields__.items()}
    assert defaults["function_memory"] == counting.RELAY_MEMORY_MB
    assert download_function._MEMORY_MB == counting.PAGE_MEMORY_MB
    assert defaults["incoming_retention_days"] == cost.RETENTION_DAYS
    assert defaults["attachment_retention_days"] == cost.RETENTION_DAYS


def test_every_price_is_for_something_and_listed_once() -> None:
    used = {line.name for line in cost_of(_taken()).lines}
    assert used == {price.name for price in prices.ALL}
    assert len(prices.ALL) == len(used)
    assert all(price.usd > 0 for price in prices.ALL)
    assert all(price.per > 0 for price in prices.ALL)


def _taken() -> ResourceUse:
    return ResourceUse(
        name="a mail",
        occasion=Occasion.ARRIVAL,
        memory_mb=512,
        message_bytes=1000,
        file_bytes=0,
        calls={},
        s3_requests={},
        submitted_bytes=0,
        kept_bytes=0,
        logged_bytes=0,
        seconds=0.0,
        processor_seconds=0.0,
    )
