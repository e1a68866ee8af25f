"""The relay's decision about a raw message, as JSON for scripts.

The answer comes from the same `plan_relay` that the deployed function runs, so it cannot
differ from that function's decision. Attachments are decoded once, chunk by chunk: counted,
digested, and passed to `keep` if that is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from relay_core.attachments.attachment import Action, Attachment, content_of
from relay_core.attachments.bodies import find_codes
from relay_core.delivery.measured import Measured
from relay_core.errors import Defect, Reason
from relay_core.keys import RawKey
from relay_core.mime.message import Message
from relay_core.plan import (
    IgnoredMail,
    Refused,
    RelayPlan,
    attachments_of,
    plan_relay,
)
from relay_core.policy.directory import EMPTY_DIRECTORY, Directory
from relay_core.settings import Settings

Keep = Callable[[Attachment, Iterable[bytes]], Path]
"""Reads an attachment's decoded content to its end and returns where it saved it."""


class Decision(StrEnum):
    """The relay's decision about a message."""

    RELAY = "relay"
    REFUSE = "refuse"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedAttachment:
    """An attachment as the sender named it; `size` and `sha256` are of its decoded content."""

    filename: str | None
    content_type: str
    size: int
    sha256: str
    action: Action
    path: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The answer for one message.

    `reason` is why it is refused or ignored. `details` are sentences for a person: everything
    that the notice would say, including the recipients that a relayed mail leaves out.
    `recipients` are those who would get a mail.
    """

    decision: Decision
    reason: Reason | None
    details: tuple[str, ...]
    subject: str
    recipients: tuple[str, ...]
    attachments: tuple[InspectedAttachment, ...]
    defects: tuple[Defect, ...]


def inspect_message(
    raw: bytes,
    raw_key: RawKey,
    settings: Settings,
    keep: Keep | None = None,
    *,
    directory: Directory = EMPTY_DIRECTORY,
) -> Inspection:
    """Plan a message as the relay would, and list its content, also if it is refused.

    Raises:
        OSError: only if `keep` does.
    """
    plan = plan_relay(raw, raw_key, settings, directory, may_lack_receipt=True)
    decision, reason, details = _decided(plan)
    return Inspection(
        decision=decision,
        reason=reason,
        details=details,
        subject=plan.mail.subject,
        recipients=plan.recipients if isinstance(plan, RelayPlan) else (),
        attachments=() if plan.message is None else _inspected(plan.message, settings, keep),
        defects=() if plan.message is None else plan.message.defects,
    )


def _decided(
    plan: RelayPlan | Refused | IgnoredMail,
) -> tuple[Decision, Reason | None, tuple[str, ...]]:
    if isinstance(plan, IgnoredMail):
        return Decision.IGNORE, plan.ignored.reason, (plan.ignored.detail,)
    details = tuple(f"{refusal.reason}: {refusal.detail}" for refusal in plan.refusals)
    if isinstance(plan, Refused):
        return Decision.REFUSE, plan.refusals[0].reason, details
    return Decision.RELAY, None, details


def _inspected(
    message: Message, settings: Settings, keep: Keep | None
) -> tuple[InspectedAttachment, ...]:
    found = []
    codes = find_codes(message, settings.markers, settings.limits)
    for attachment in attachments_of(message, codes, settings):
        content = Measured(content_of(message, attachment))
        if keep is None:
            path = None
            for _ in content:
                pass
        else:
            path = keep(attachment, content)
        found.append(
            InspectedAttachment(
                filename=attachment.filename,
                content_type=attachment.content_type,
                size=content.size,
                sha256=content.sha256,
                action=attachment.action,
                path=path,
            )
        )
    return tuple(found)


def to_json(file: str, inspection: Inspection) -> dict[str, Any]:
    """The inspection as the object that `relayctl inspect --json` prints for `file`."""
    return {
        "file": file,
        "decision": inspection.decision,
        "reason": inspection.reason,
        "details": list(inspection.details),
        "subject": inspection.subject,
        "recipients": list(inspection.recipients),
        "attachments": [
            {
                "filename": one.filename,
                "content_type": one.content_type,
                "size": one.size,
                "sha256": one.sha256,
                "action": one.action,
                **({} if one.path is None else {"path": str(one.path)}),
            }
            for one in inspection.attachments
        ],
        "defects": [
            {"kind": one.kind, "start": one.span.start, "end": one.span.end}
            for one in inspection.defects
        ],
    }
