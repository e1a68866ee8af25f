"""The function: its state, its event source, its concurrency, and its last errors.

Lambda API, GetFunctionConfiguration, ListEventSourceMappings, GetFunctionConcurrency,
GetAccountSettings; CloudWatch Logs API, FilterLogEvents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.aws.errors import aws_call
from relay_core.notices.moment import format_moment

from .checks import CheckContext
from .verdicts import RESTORE, Verdict, problem, problems_or_ok, warning

# --- States -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """The state of a function, from GetFunctionConfiguration."""

    name: str
    state: str
    update: str
    reason: str


def read_states(context: CheckContext) -> list[FunctionState]:
    """The relay's function, and the others that the stack has."""
    found = [context.function()]
    for output in ("downloadFunctionName", "postingFunctionName", "watchFunctionName"):
        if name := context.outputs.optional(output):
            with aws_call(call="lambda:GetFunctionConfiguration", target=name):
                found.append(
                    context.client("lambda").get_function_configuration(FunctionName=name)
                )
    return [
        FunctionState(
            name=one["FunctionName"],
            state=one.get("State", "Active"),
            update=one.get("LastUpdateStatus", "Successful"),
            reason=one.get("StateReason") or one.get("LastUpdateStatusReason") or "",
        )
        for one in found
    ]


def judge_states(functions: Sequence[FunctionState]) -> Iterable[Verdict]:
    """Whether they can be invoked. An idle function is `Inactive` until its next event."""

    def problems() -> Iterator[Verdict]:
        for one in functions:
            if one.state not in {"Active", "Inactive"}:
                yield problem(f"the function {one.name} is {one.state}: {one.reason}", RESTORE)
            elif one.update == "Failed":
                yield warning(
                    f"the last update of the function {one.name} failed: {one.reason}",
                    "'pulumi up'",
                )

    names = ", ".join(one.name for one in functions)
    return problems_or_ok(problems(), f"{names}: active")


# --- Its event source ---------------------------------------------------------------------------


FEEDS = frozenset({"Enabled", "Enabling", "Updating", "Creating"})
"""States of an event source mapping that passes messages to the function, or will do so soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The event source mappings of the function from the queue."""

    function: str
    mappings: tuple[Mapping[str, Any], ...]


def read_sources(context: CheckContext) -> Sources:
    """The function's event source mappings."""
    name = context.outputs.text("functionName")
    with aws_call(call="lambda:ListEventSourceMappings", target=name):
        answer = context.client("lambda").list_event_source_mappings(FunctionName=name)
    return Sources(
        function=name,
        mappings=tuple(
            one
            for one in answer.get("EventSourceMappings", ())
            if one.get("EventSourceArn") == context.queue_arn
        ),
    )


def judge_sources(sources: Sources) -> Iterable[Verdict]:
    """Whether the function receives the queue's messages."""

    def problems() -> Iterator[Verdict]:
        states = [str(one.get("State")) for one in sources.mappings]
        if not states:
            yield problem(
                f"the function {sources.function} has no event source mapping of the queue: mail"
                " waits in the queue",
                RESTORE,
            )
        elif not FEEDS & {*states}:
            uuid = sources.mappings[0].get("UUID")
            yield problem(
                f"the event source mapping {uuid} of {sources.function} is {', '.join(states)}:"
                " mail waits in the queue, which deletes it after four days",
                f"aws lambda update-event-source-mapping --uuid {uuid} --enabled",
            )

    return problems_or_ok(problems(), f"{sources.function} receives the queue's messages")


# --- Concurrency --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """The maximum number of workers, and the executions that the account has left for them.

    `reserved` is the function's own reservation, None without one. `wanted` is maxConcurrency.
    """

    function: str
    wanted: int
    unreserved: int
    reserved: int | None


def read_concurrency(context: CheckContext) -> Concurrency:
    """The account's concurrency, and the concurrency of the stack's function."""
    client, name = context.client("lambda"), context.outputs.text("functionName")
    with aws_call(call="lambda:GetAccountSettings", target="the account"):
        limits = client.get_account_settings()["AccountLimit"]
    with aws_call(call="lambda:GetFunctionConcurrency", target=name):
        reserved = client.get_function_concurrency(FunctionName=name)
    wanted = [
        one.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
        for one in read_sources(context).mappings
    ]
    return Concurrency(
        function=name,
        wanted=max(wanted, default=0),
        unreserved=int(limits["UnreservedConcurrentExecutions"]),
        reserved=reserved.get("ReservedConcurrentExecutions"),
    )


def judge_concurrency(found: Concurrency) -> Iterable[Verdict]:
    """Whether Lambda can start as many workers as the stack may have."""
    room = found.unreserved if found.reserved is None else found.reserved

    def problems() -> Iterator[Verdict]:
        if found.reserved == 0:
            yield problem(
                f"the function {found.function} has a reserved concurrency of 0: Lambda starts"
                " none of its workers",
                f"aws lambda delete-function-concurrency --function-name {found.function}",
            )
        elif room < found.wanted:
            yield warning(
                f"maxConcurrency is {found.wanted}, but Lambda can run only {room} workers of"
                f" {found.function}: each refused start costs a mail one of its tries",
                "ask for a higher quota (Service Quotas, AWS Lambda, 'Concurrent executions'), or"
                " lower maxConcurrency",
            )

    return problems_or_ok(
        problems(), f"Lambda can run {room} workers, maxConcurrency is {found.wanted}"
    )


# --- Its last errors ----------------------------------------------------------------------------

ERRORS_WITHIN = timedelta(hours=1)
_MAX_PAGES = 10
_MAX_SHOWN_ERRORS = 3
_MAX_ERROR_LENGTH = 300  # characters of an error
# CloudWatch Logs guide, "Filter pattern syntax". Lines of the relay have a level; a report of the
# platform has the status of an invocation (Lambda guide, "Telemetry API Event schema reference").
_PATTERN = (
    '{ $.level = "ERROR" || $.level = "CRITICAL" || $.record.status = "error"'
    ' || $.record.status = "failure" || $.record.status = "timeout" }'
)
_DEATH = re.compile(r"Task timed out after \d|RequestId: \S+ Error: Runtime exited")
"""The platform's report of a killed worker in a text log, such as the sandbox's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedError:
    """An error line of the log, shortened for a person to read."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The errors of the log group within the last hour, oldest first."""

    log_group: str
    errors: tuple[LoggedError, ...]


def read_errors(context: CheckContext) -> Errors:
    """The last hour of the function's log, at most ten pages of it."""
    group, since = context.outputs.text("logGroup"), context.clock() - ERRORS_WITHIN
    found: list[LoggedError] = []
    token: dict[str, str] = {}
    for _ in range(_MAX_PAGES):
        with aws_call(call="logs:FilterLogEvents", target=group):
            page = context.client("logs").filter_log_events(
                logGroupName=group,
                startTime=int(since.timestamp() * 1000),
                filterPattern=_PATTERN,
                **token,
            )
        for event in page.get("events", ()):
            text = error_in(event["message"])
            if text is not None:
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                found.append(LoggedError(at=at, text=text))
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    return Errors(log_group=group, errors=tuple(found))


def error_in(line: str) -> str | None:
    """The error text of a log line; None if the line reports no error."""
    try:
        document = json.loads(line)
    except ValueError:
        return line.strip()[:_MAX_ERROR_LENGTH] if _DEATH.search(line) else None
    if not isinstance(document, dict):
        return None
    if document.get("level") in {"ERROR", "CRITICAL"}:
        words = [document.get("message"), document.get("exception_name"), document.get("detail")]
        return " ".join(str(word) for word in words if word)[:_MAX_ERROR_LENGTH]
    record = document.get("record")
    if document.get("type") == "platform.report" and isinstance(record, dict):
        status = record.get("status", "success")
        if status != "success":
            return f"an invocation ended with {status} {record.get('errorType', '')}".strip()
    return None


def judge_errors(found: Errors) -> Iterable[Verdict]:
    """Whether the function logged errors within the last hour."""

    def problems() -> Iterator[Verdict]:
        if found.errors:
            last = found.errors[-_MAX_SHOWN_ERRORS:]
            listed = "; ".join(f"{format_moment(one.at)} {one.text}" for one in last)
            yield warning(
                f"errors in the log of the last hour: {len(found.errors)}; the last: {listed}",
                f"see the log group {found.log_group}; 'relayctl dlq list' and 'relayctl list"
                " --state failed' show mail that did not go out",
            )

    return problems_or_ok(problems(), f"no error in {found.log_group} within the last hour")
