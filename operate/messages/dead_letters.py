"""Why a message is in the dead-letter queue.

SQS does not have the reason. The mail's manifest has it: the last worker recorded the error.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from relay_core.errors import AdapterError
from relay_core.keys import MessageId, RawKey, message_id_of
from relay_core.ports import StoredManifest

from .message_status import explain_status, status_of

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.dead_letters import DeadLetter

Lookup = StoredManifest | AdapterError | None
"""A manifest, None if there is none, or the error of reading it."""


def reason_of(
    letter: DeadLetter, manifests: Mapping[MessageId, Lookup], now: datetime, *, log_group: str
) -> str:
    """Why the message failed, as its manifest says.

    `manifests` are those of all mails that the message announces.
    """
    reasons = [letter.problem] if letter.problem else []
    for raw_key in letter.raw_keys:
        reason = _reason(raw_key, manifests[message_id_of(raw_key)], now, log_group)
        reasons.append(f"{raw_key}: {reason}" if len(letter.raw_keys) > 1 else reason)
    return "; ".join(reasons)


def _reason(raw_key: RawKey, found: Lookup, now: datetime, log_group: str) -> str:
    if isinstance(found, AdapterError):
        return f"the manifest cannot be read: {found}"
    if found is None:
        return (
            "no manifest: every try failed before it wrote one, or it was deleted after its"
            f" retention; search the log group {log_group} for {message_id_of(raw_key)}"
        )
    manifest = found.manifest
    status = status_of(manifest, now)
    words = f"{status}: {explain_status(manifest)}" if explain_status(manifest) else status.value
    if found.manifest.is_settled:
        words += " (it is finished by now: a redrive only removes it from the queue)"
    return words
