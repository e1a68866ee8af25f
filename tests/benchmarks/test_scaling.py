"""The use of AWS at a rate is calculated from what one mail uses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import quotas, scaling
from benchmarks.cost import billed_seconds
from benchmarks.counting import Occasion, ResourceUse
from benchmarks.load import HEADROOM, Load
from infra.configuration.derived_times import Timing
from pictures import FIGURES, SCALING

MAIL = ResourceUse(
    name="a mail",
    occasion=Occasion.ARRIVAL,
    memory_mb=1769,
    message_bytes=1000,
    file_bytes=0,
    calls={"s3.GetObject": 2, "s3.PutObject": 2, "sesv2.SendEmail": 3},
    s3_requests={"GetObject incoming/": 1, "PutObject manifests/": 2},
    submitted_bytes=500,
    kept_bytes=700,
    logged_bytes=900,
    seconds=0.5,
    processor_seconds=0.1,
)
RATE = st.floats(0.01, 100_000)


def test_the_document_has_the_tables_that_the_figures_give() -> None:
    written = SCALING.read_text("utf-8")
    made = scaling.with_tables(written, json.loads(FIGURES.read_text("utf-8")))
    assert written == made, "write them again: make pictures"


def test_a_document_without_one_of_the_tables_is_reported() -> None:
    figures = json.loads(FIGURES.read_text("utf-8"))
    with pytest.raises(ValueError, match="rate-100"):
        scaling.with_tables("<!-- table mail -->\n<!-- end -->\n", figures)


@given(RATE)
def test_as_many_containers_work_as_come_in_the_time_of_one(rate: float) -> None:
    load = Load(rate=rate, taken=MAIL)
    assert load.containers == pytest.approx(rate * billed_seconds(MAIL))


@given(RATE)
def test_the_stacks_together_have_room_and_each_is_a_stack_that_can_be(rate: float) -> None:
    load = Load(rate=rate, taken=MAIL)
    assert load.stacks * load.max_concurrency >= HEADROOM * load.containers
    timing = Timing(
        function_timeout_seconds=120,
        dlq_max_receive_count=5,
        max_concurrency=load.max_concurrency,
        submission_concurrency=8,
    )
    assert list(timing.problems()) == []


@given(RATE)
def test_the_parameter_is_read_half_as_often_as_it_answers(rate: float) -> None:
    load = Load(rate=rate, taken=MAIL)
    reads = load.containers / load.directory_refresh_seconds
    assert reads <= quotas.PARAMETERS.value / 2 * (1 + 1e-9)


@pytest.mark.parametrize(
    "quantity",
    [
        lambda load: load.containers,
        lambda load: load.sends,
        lambda load: load.kms_requests,
        lambda load: load.parameter_reads,
        lambda load: load.stored_bytes,
        lambda load: load.usd_of(""),
        lambda load: load.usd_of_keys,
        lambda load: load.usd_of_devices,
    ],
)
@given(RATE)
def test_twice_the_rate_takes_twice_as_much(
    quantity: Callable[[Load], float], rate: float
) -> None:
    one, two = (Load(rate=times * rate, taken=MAIL) for times in (1, 2))
    assert quantity(two) == pytest.approx(2 * quantity(one))


def test_a_device_s_own_mail_counts_as_one_recipient_more() -> None:
    assert Load(rate=10, taken=MAIL).sends == 10 * (3 + 1)
    refused = replace(MAIL, calls={})
    assert Load(rate=10, taken=refused).sends == 10


def test_what_ses_writes_is_a_request_to_s3_too() -> None:
    assert Load(rate=2, taken=MAIL).s3_requests == {
        "PutObject incoming/": 2,
        "GetObject incoming/": 2,
        "PutObject manifests/": 4,
    }


def test_ses_and_storage_are_parts_of_what_the_relay_costs() -> None:
    load = Load(rate=10, taken=MAIL)
    ses, kept, rest = (load.usd_of(name) for name in ("SES ", "S3 GB-months", "S3 PUT"))
    assert min(ses, kept, rest) > 0
    assert ses + kept + rest < load.usd_of("")


def test_the_command_prints_every_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["scaling", str(FIGURES)])
    scaling.main()
    printed = capsys.readouterr().out
    for table in scaling.tables(json.loads(FIGURES.read_text("utf-8"))).values():
        assert table in printed


def test_only_what_is_beyond_a_limit_is_bold() -> None:
    assert scaling._cell(5, 5) == "5"
    assert scaling._cell(5.01, 5) == "**5.01**"
    assert scaling._cell(1e9, None) == "1,000,000,000"


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, ""), (0.01234, "0.0123"), (999, "999"), (1000, "1,000"), (123_456, "123,000")],
)
def test_three_digits_are_shown(value: float, written: str) -> None:
    assert written == scaling._rounded(value)
