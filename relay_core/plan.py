"""What the relay decides about a mail before it acts: values, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .errors import Reason
from .manifest import MessageId


class Outcome(StrEnum):
    """How one mail ended, short of an error that sends it back to the queue."""

    RELAYED = "relayed"
    REFUSED = "refused"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """What was done with one mail, for the log and the metrics.

    `reason` and `detail` tell why a mail was refused or ignored. `submitted` counts the
    recipients whose mail was taken now, `already_submitted` those an earlier delivery of the
    same message had served, `failed` those that can never be served. `attachments` and
    `attachment_bytes` count what was detached.
    """

    message_id: MessageId
    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    submitted: int = 0
    already_submitted: int = 0
    failed: int = 0
    attachments: int = 0
    attachment_bytes: int = 0
