"""What became of one mail at one delivery of its queue message, for the log and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from relay_core.errors import Reason, Refusal
from relay_core.keys import MessageId


class Outcome(StrEnum):
    """How one delivery of a mail ended, short of an error that sends it back to the queue.

    A mail that is `HELD` was over its sender's limit: it waits for an operator to release it.
    A `DUPLICATE` had come to its end before, so that nothing was done. The other three are no
    ends, and the mail has to be delivered again: `UNFINISHED` has recipients left, who were
    throttled or for whom there was no time; `PARKED` met a mail service that sends nothing for
    this account; `BUSY` is held by another worker.
    """

    RELAYED = "relayed"
    REFUSED = "refused"
    HELD = "held"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    UNFINISHED = "unfinished"
    PARKED = "parked"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When to deliver a mail again, and whether this delivery was a failed try of it.

    Tries are numbered so that a mail which breaks its workers ends in the dead-letter queue. A
    delivery that got something done, or met a fault that is not the mail's, is none.
    """

    after: timedelta
    failed_try: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """What was done with one mail.

    `reason` and `detail` say why it was refused, held, ignored or not finished. Of its
    recipients, `submitted` counts those whose mail was taken now, `already_submitted` those that
    an earlier delivery had served, `failed` those that were found now to be never served, and
    `left` those that remain. `possibly_repeated` are those submitted to now although an earlier
    worker may have done it. `attachments` and `attachment_bytes` count what was detached at this
    delivery, `message_bytes` what was read. `age` is the time from the mail's arrival to its last
    submission now. `retry` is None if no further try is needed.
    `left_out` are the refusals of single recipients of this delivery, without the secret
    addresses. Of a mail that came by a previous address or by labels: `labels`, and `sender`, with
    a word if that is not proven.
    """

    message_id: MessageId
    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    submitted: int = 0
    already_submitted: int = 0
    failed: int = 0
    left: int = 0
    possibly_repeated: int = 0
    attachments: int = 0
    attachment_bytes: int = 0
    message_bytes: int = 0
    age: timedelta | None = None
    retry: Retry | None = None
    left_out: tuple[Refusal, ...] = ()
    sender: str | None = None
    labels: tuple[str, ...] = ()
    by_previous_address: bool = False
