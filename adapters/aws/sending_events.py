"""SES's events about sent mail: which addresses no mail is to be sent to any more.

SES publishes events of sending on a topic, as JSON (SES Developer Guide, "Contents of event data
that Amazon SES publishes to Amazon SNS"). A bounce of the type `Permanent` is one that will not
pass; `Transient` and `Undetermined` may. A complaint is somebody's who marked the mail as spam;
one of the type `not-spam` takes that back (RFC 5965 section 7.3), and is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from relay_core.limits.suppression import Cause, Suppressed

EVENT_TYPE = "eventType"
"""The member of the JSON object by which it differs from other messages."""


def suppressed_by(event: Mapping[str, Any]) -> tuple[Suppressed, ...]:
    """The addresses to suppress after an event; empty for other kinds of events.

    Raises:
        KeyError, TypeError, ValueError: if it is not as SES writes it.
    """
    match event[EVENT_TYPE]:
        case "Bounce":
            bounce = event["bounce"]
            if bounce["bounceType"] != "Permanent":
                return ()
            return _suppressed(Cause.BOUNCE, bounce, bounce["bouncedRecipients"])
        case "Complaint":
            complaint = event["complaint"]
            if complaint.get("complaintFeedbackType") == "not-spam":
                return ()
            return _suppressed(Cause.COMPLAINT, complaint, complaint["complainedRecipients"])
    return ()


def configuration_set_of(event: Mapping[str, Any]) -> str | None:
    """The configuration set of the mail, None if the event does not name it."""
    names = event.get("mail", {}).get("tags", {}).get("ses:configuration-set") or [None]
    return None if names[0] is None else str(names[0])


def _suppressed(
    cause: Cause, report: Mapping[str, Any], recipients: list[Mapping[str, Any]]
) -> tuple[Suppressed, ...]:
    at = datetime.fromisoformat(report["timestamp"])
    found = []
    for one in recipients:
        address = parseaddr(one["emailAddress"])[1]
        if "@" not in address:
            raise ValueError(f"{one['emailAddress']!r} is no address")
        detail = " ".join(str(one.get("diagnosticCode") or one.get("status") or "").split())
        found.append(
            Suppressed(
                address=address,
                cause=cause,
                at=at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC),
                detail="".join(char for char in detail if char.isprintable()),
            )
        )
    return tuple(found)
