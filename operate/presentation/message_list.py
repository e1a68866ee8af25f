"""Messages as a list: for a person, for a script, and as JSON.

On a terminal of any width a message takes one line: text that does not fit is cut at the end of
its column. In a pipe a message is one line of whole fields, separated by tabs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from operate.messages.message_status import error_of, explain_status, lease_at, status_of
from relay_core.links.reference import reference
from relay_core.notices.moment import format_duration, format_moment
from relay_core.record.manifest import DeliveryState, Manifest

from .message import STYLES
from .terminal import one_line, shown, tab_separated

_MIN_OF_AN_ID = 12
_WIDE = 120  # columns, with room for moments as well
_SUBJECT_BEFORE_WHY = 6  # a part of the width: a sixth


def summarize(manifest: Manifest, now: datetime) -> dict[str, Any]:
    """A message as `list --json` prints it."""
    lease = lease_at(manifest, now)
    return {
        "message_id": manifest.message_id,
        "reference": reference(manifest.message_id),
        "raw_key": manifest.raw_key,
        "state": status_of(manifest, now).value,
        "created_at": manifest.created_at.isoformat(),
        "sender": manifest.sender,
        "via": manifest.via or None,
        "subject": manifest.subject,
        "recipients": {state.value: manifest.count(state) for state in DeliveryState},
        "left_out": [
            {"address": one.address, "reason": one.reason.value, "detail": one.detail}
            for one in manifest.refusals
        ],
        "attachments": len(manifest.attachments),
        "reason": manifest.reason.value if manifest.reason else None,
        "detail": error_of(manifest),
        "worker": lease and {"holder": lease.holder, "until": lease.until.isoformat()},
    }


def present_list(manifests: Sequence[Manifest], now: datetime, *, width: int) -> Table:
    """Messages, a row each, in their order, on a terminal of that width in columns.

    Ids are cut to the shortest length at which they are all different.
    """
    is_wide = width >= _WIDE
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False, expand=True)
    if is_wide:
        table.add_column("Created", no_wrap=True)
    table.add_column("Age", justify="right", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Message", no_wrap=True)
    table.add_column("Sent", justify="right", no_wrap=True)
    table.add_column("Sender", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("Subject, and reason", no_wrap=True, overflow="ellipsis", ratio=2)
    length = _distinct_length([manifest.message_id for manifest in manifests])
    for manifest in manifests:
        status = status_of(manifest, now)
        table.add_row(
            *([format_moment(manifest.created_at)] if is_wide else []),
            format_duration(now - manifest.created_at),
            Text(status, style=STYLES[status]),
            shown(manifest.message_id[:length]),
            _served(manifest),
            shown(one_line(manifest.sender or "(none)")),
            _subject_and_why(manifest, now, width // _SUBJECT_BEFORE_WHY),
        )
    return table


def list_lines(manifests: Sequence[Manifest], now: datetime) -> Iterator[str]:
    """Messages for a script, a line each: moment, state, id, sent, sender, subject, why."""
    for manifest in manifests:
        fields = (
            format_moment(manifest.created_at),
            status_of(manifest, now).value,
            manifest.message_id,
            _served(manifest),
            manifest.sender or "",
            manifest.subject,
            _why_now(manifest, now),
        )
        yield tab_separated(fields)


def _subject_and_why(manifest: Manifest, now: datetime, room: int) -> Text:
    """The subject, cut to `room` columns if a reason follows."""
    text = shown(one_line(manifest.subject) or "(no subject)")
    if reason := one_line(_why_now(manifest, now)):
        text.truncate(room, overflow="ellipsis")
        text.append("  ")
        text.append_text(shown(reason, style="dim"))
    return text


def _why_now(manifest: Manifest, now: datetime) -> str:
    """Why the message is in this state, and whether a worker has it now."""
    parts = ["at work"] if lease_at(manifest, now) else []
    parts += [reason] if (reason := explain_status(manifest)) else []
    return "; ".join(parts)


def _served(manifest: Manifest) -> str:
    if not manifest.deliveries:
        return "-"
    wanted = len(manifest.deliveries) + len(manifest.refusals)
    return f"{manifest.count(DeliveryState.SUBMITTED)}/{wanted}"


def _distinct_length(ids: Sequence[str]) -> int:
    """The shortest prefix length, in characters, at which all ids are different."""
    longest = max(map(len, ids), default=0)
    return next(
        (
            length
            for length in range(_MIN_OF_AN_ID, longest)
            if len({one[:length] for one in ids}) == len(ids)
        ),
        longest,
    )
