"""The settings of queue and function are consistent for every configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.configuration import derived_times
from infra.configuration.config import StackConfig
from infra.configuration.derived_times import DEAD_LETTER_RETENTION, MAX_DELAY, QUEUE_RETENTION
from infra.configuration.problems import InvalidConfig, key_name
from relay_core.delivery.retry_delay import MAX_RETRY_DELAY, retry_delay
from relay_core.record import lease
from tests.infra.conftest import Deploy
from tests.infra.program import changed_config, read_stack

QUEUE, DEAD_LETTERS = "mail-relay-dev-incoming", "mail-relay-dev-incoming-dead-letters"
QUEUE_TYPE = "aws:sqs/queue:Queue"
SECOND = timedelta(seconds=1)

BASE = read_stack(changed_config({}))

VALUES = st.fixed_dictionaries(
    {
        "function_timeout_seconds": st.integers(-1, 1000) | st.integers(),
        "dlq_max_receive_count": st.integers(-1, 1100) | st.integers(),
        "retry_delay_seconds": st.integers(-1, 1000),
        "parking_delay_seconds": st.integers(-1, 1000),
        "max_concurrency": st.integers(-1, 1100),
        "submission_concurrency": st.integers(-1, 60),
    }
)


@st.composite
def configurations(draw: st.DrawFn) -> StackConfig:
    """Valid configurations."""
    timeout = draw(st.integers(30, 900))
    least = replace(BASE, function_timeout_seconds=timeout)
    max_tries = min(1000, least.timing.max_tries)
    return replace(
        least,
        dlq_max_receive_count=draw(st.just(max_tries) | st.integers(3, max_tries)),
        retry_delay_seconds=draw(st.integers(1, 900)),
        parking_delay_seconds=draw(st.integers(1, 900)),
        max_concurrency=draw(st.integers(2, 1000)),
        submission_concurrency=draw(st.integers(1, 50)),
    )


def problems(values: Mapping[str, Any]) -> set[str]:
    """The keys of the errors that these values cause."""
    try:
        replace(BASE, **values)
    except InvalidConfig as error:
        return {problem.field for problem in error.problems}
    return set()


@given(VALUES)
def test_what_is_wrong_is_reported_by_the_key_to_change(values: Mapping[str, Any]) -> None:
    wrong = problems(values)
    assert wrong <= {key_name(field) for field in values}
    for field in values:
        alone = problems({field: values[field]})
        assert alone <= wrong | {"dlqMaxReceiveCount"}  # depends on other keys


@given(configurations())
def test_the_queue_hides_a_message_for_six_timeouts_which_sqs_can(config: StackConfig) -> None:
    hidden = config.timing.visibility_timeout_seconds
    assert hidden >= 6 * config.function_timeout_seconds
    assert hidden * SECOND <= derived_times.MAX_VISIBILITY_TIMEOUT


@given(configurations())
def test_a_lease_is_over_when_the_queue_shows_the_message_of_a_dead_worker(
    config: StackConfig,
) -> None:
    longest = config.function_timeout_seconds * SECOND + lease.CLOCK_SKEW
    assert longest == config.timing.lease_seconds * SECOND
    assert longest < config.timing.visibility_timeout_seconds * SECOND


@given(
    configurations(),
    st.lists(st.booleans(), min_size=1, max_size=4),
    st.fractions(0, 1, max_denominator=10),
)
def test_all_tries_end_before_the_queue_lets_go_of_the_message(
    config: StackConfig, deaths: list[bool], share: Fraction
) -> None:
    hidden = config.timing.visibility_timeout_seconds * SECOND
    worked = int(share * config.function_timeout_seconds) * SECOND
    passed = timedelta(0)
    for failures in range(1, config.dlq_max_receive_count + 1):
        if deaths[failures % len(deaths)]:
            passed += hidden
        else:
            passed += worked + retry_delay(config.retry_delay_seconds * SECOND, failures)
    assert passed <= QUEUE_RETENTION / 2


@pytest.mark.parametrize("timeout", [30, 120, 180, 900])
def test_as_many_tries_are_let_through_as_fit_and_no_more(timeout: int) -> None:
    most = replace(BASE, function_timeout_seconds=timeout).timing.max_tries
    longest = max(6 * timeout * SECOND, timeout * SECOND + MAX_RETRY_DELAY)
    assert most * longest <= QUEUE_RETENTION / 2 < (most + 1) * longest


def test_a_message_in_the_dead_letter_queue_is_there_for_days() -> None:
    # A message keeps its first sending time there; SQS keeps no message longer than two weeks.
    assert DEAD_LETTER_RETENTION - QUEUE_RETENTION >= timedelta(days=7)
    assert timedelta(days=14) >= DEAD_LETTER_RETENTION


def test_the_delays_of_the_code_are_those_reckoned_with() -> None:
    assert MAX_RETRY_DELAY == MAX_DELAY
    assert derived_times.CLOCK_SKEW == lease.CLOCK_SKEW


@pytest.mark.parametrize("timeout", [30, 100, 900])
def test_what_is_derived_is_what_is_deployed(deploy: Deploy, timeout: int) -> None:
    stack = deploy(functionTimeoutSeconds=timeout)
    function = stack.one("aws:lambda/function:Function", "function")
    mapping = stack.one("aws:lambda/eventSourceMapping:EventSourceMapping")
    queues = {one.name: one.inputs for one in stack.all(QUEUE_TYPE)}
    assert function.inputs["timeout"] == timeout
    # One mail for each invocation: a mail that kills its worker affects no other.
    assert mapping.inputs["batchSize"] == 1
    assert queues[QUEUE]["visibilityTimeoutSeconds"] == 6 * timeout
    kept = {name: inputs["messageRetentionSeconds"] * SECOND for name, inputs in queues.items()}
    assert kept == {QUEUE: QUEUE_RETENTION, DEAD_LETTERS: DEAD_LETTER_RETENTION}
