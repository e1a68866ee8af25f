"""Posting to webhooks and the event bus: the queue of each receiver, and its event source mapping.

Lambda API, ListEventSourceMappings; SQS API, GetQueueAttributes. The queues are those that the
posting function has event source mappings for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from adapters.aws.errors import aws_call

from .checks import CheckContext
from .functions import FEEDS
from .queues import DeadLetters, Queue, dead_letters_at, queue_at
from .verdicts import RESTORE, Verdict, problem, problems_or_ok, warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A receiver's queue, and the event source mapping that passes on its messages."""

    queue: Queue
    mapping: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """The posting function, its queues, and the dead-letter queue of all of them."""

    function: str
    feeds: tuple[Feed, ...]
    dead_letters: DeadLetters


def read_posting(context: CheckContext) -> Posting | None:
    """The posting function and its queues; None where the stack posts to no receiver."""
    function = context.outputs.optional("postingFunctionName")
    if function is None:
        return None
    dead_letters = context.outputs.text("postingDeadLetterQueueUrl")
    # The URLs of all queues of an account and region differ only in the queue's name.
    beginning = dead_letters.rpartition("/")[0]
    pages = (
        context.client("lambda")
        .get_paginator("list_event_source_mappings")
        .paginate(FunctionName=function)
    )
    with aws_call(call="lambda:ListEventSourceMappings", target=function):
        mappings = [one for page in pages for one in page["EventSourceMappings"]]
    return Posting(
        function=function,
        feeds=tuple(
            Feed(
                queue=queue_at(context, f"{beginning}/{one['EventSourceArn'].rpartition(':')[2]}"),
                mapping=str(one.get("UUID")),
                state=str(one.get("State")),
            )
            for one in mappings
        ),
        dead_letters=dead_letters_at(context, dead_letters),
    )


def judge_posting(posting: Posting | None) -> Iterable[Verdict]:
    """Whether receivers get the posts; no verdict where there are none."""
    if posting is None:
        return ()
    count = len(posting.feeds)
    receivers = "1 receiver" if count == 1 else f"{count} receivers"
    return problems_or_ok(
        _problems(posting),
        f"{posting.function} posts to {receivers}, and its dead-letter queue is empty",
    )


def _problems(posting: Posting) -> Iterator[Verdict]:
    if not posting.feeds:
        yield problem(
            f"no queue is an event source of {posting.function}: nothing is posted to webhooks"
            " or the event bus",
            RESTORE,
        )
    for one in posting.feeds:
        if one.state not in FEEDS:
            yield problem(
                f"the event source mapping {one.mapping} of {posting.function} is {one.state}:"
                f" nothing is posted from the queue {one.queue.name}",
                f"aws lambda update-event-source-mapping --uuid {one.mapping} --enabled",
            )
        elif one.queue.is_late:
            yield warning(
                str(one.queue),
                "see the log group of the posting function: the receiver does not answer",
            )
    if posting.dead_letters.number:
        yield problem(
            "notices and alarms that could not be posted, in the dead-letter queue"
            f" {posting.dead_letters.name}: {posting.dead_letters.number}",
            "docs/operating.md, 'not-posted'",
        )
