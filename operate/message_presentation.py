"""Messages and dead letters for a person to read, as Rich tables, and for a machine, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relay_core.errors import Refusal
from relay_core.links import format_size, format_time
from relay_core.manifest import (
    DeliveryRecord,
    DeliveryState,
    Intervention,
    Manifest,
    StoredAttachment,
)

from .standing import Standing, lease_at, standing_of, whose, why
from .terminal import shown

if TYPE_CHECKING:  # boto3 takes its time to import
    from adapters.dead_letters import DeadLetter
    from adapters.downloads import Download

_STYLES = {
    Standing.DONE: "green",
    Standing.FAILED: "red",
    Standing.REFUSED: "red",
    Standing.FAILING: "red",
    Standing.HELD: "yellow",
    Standing.RELAYING: "cyan",
    Standing.RELEASED: "cyan",
    Standing.IGNORED: "dim",
}
_DELIVERY_STYLES = {
    DeliveryState.SUBMITTED: "green",
    DeliveryState.FAILED: "red",
    DeliveryState.SUBMITTING: "yellow",
    DeliveryState.PENDING: "cyan",
}
_LEAST_OF_AN_ID = 12


def summarize(manifest: Manifest, now: datetime) -> dict[str, Any]:
    """A message as `list --json` tells of it."""
    lease = lease_at(manifest, now)
    return {
        "message_id": manifest.message_id,
        "raw_key": manifest.raw_key,
        "state": standing_of(manifest).value,
        "created_at": manifest.created_at.isoformat(),
        "sender": manifest.sender,
        "subject": manifest.subject,
        "recipients": {state.value: manifest.count(state) for state in DeliveryState},
        "attachments": len(manifest.attachments),
        "reason": manifest.reason.value if manifest.reason else None,
        "detail": manifest.detail,
        "worker": lease and {"holder": lease.holder, "until": lease.until.isoformat()},
    }


def headline(manifest: Manifest) -> str:
    """Which message this is, in one line."""
    return (
        f"{manifest.message_id}: {manifest.subject or '(no subject)'!r} from"
        f" {manifest.sender or '(nobody)'}, {format_time(manifest.created_at)}"
    )


def present_list(manifests: Sequence[Manifest], now: datetime, *, whole_ids: bool) -> Table:
    """Messages, a row each, in their order.

    Unless `whole_ids`, of an id there is as much as tells it from the others.
    """
    table = _table()
    table.add_column("Created (UTC)", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Message", no_wrap=True)
    table.add_column("Sent", justify="right", no_wrap=True)
    table.add_column("Sender", overflow="fold")
    table.add_column("Subject", overflow="fold")
    table.add_column("Why", overflow="fold")
    ids = [manifest.message_id for manifest in manifests]
    length = max(map(len, ids), default=0) if whole_ids else _telling_length(ids)
    for manifest in manifests:
        table.add_row(
            f"{manifest.created_at:%Y-%m-%d %H:%M}",
            _standing(manifest, now),
            shown(manifest.message_id[:length]),
            _served(manifest),
            shown(manifest.sender or "(none)"),
            shown(manifest.subject or "(none)"),
            shown(why(manifest)),
        )
    return table


def _standing(manifest: Manifest, now: datetime) -> Text:
    standing = standing_of(manifest)
    text = Text(standing, style=_STYLES[standing])
    if lease_at(manifest, now):
        text.append(", at work", style="bold")
    return text


def _served(manifest: Manifest) -> str:
    if not manifest.deliveries:
        return "-"
    return f"{manifest.count(DeliveryState.SUBMITTED)}/{len(manifest.deliveries)}"


def _telling_length(ids: Sequence[str]) -> int:
    """How many characters of each id it takes to tell all of them apart."""
    longest = max(map(len, ids), default=0)
    return next(
        (
            length
            for length in range(_LEAST_OF_AN_ID, longest)
            if len({one[:length] for one in ids}) == len(ids)
        ),
        longest,
    )


def present_message(manifest: Manifest, now: datetime) -> RenderableType:
    """One message with all that its manifest tells."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("State", _standing(manifest, now))
    if manifest.reason:
        facts.add_row("Reason", shown(manifest.reason))
    if manifest.detail:
        facts.add_row("Detail", shown(manifest.detail))
    if manifest.lease:
        is_held = lease_at(manifest, now) is not None
        over = "" if is_held else " (over: that worker is gone)"
        facts.add_row("Lease", shown(whose(manifest.lease) + over))
    facts.add_row("Raw key", shown(manifest.raw_key))
    facts.add_row("Sender", shown(manifest.sender or "(none)"))
    facts.add_row("Subject", shown(manifest.subject or "(none)"))
    facts.add_row("Created", format_time(manifest.created_at))
    if manifest.deliveries:
        is_over = now >= manifest.expires_at
        end = "they are over" if is_over else "later, if the mail is sent to somebody again"
        facts.add_row("Links until", f"{format_time(manifest.expires_at)}: {end}")
    parts: list[RenderableType] = [shown(manifest.message_id, style="bold"), facts]
    if manifest.deliveries:
        parts += ["", _recipients(manifest)]
    if manifest.refusals:
        parts += ["", _refusals(manifest.refusals)]
    if manifest.attachments:
        parts += ["", _attachments(manifest.attachments)]
    if manifest.interventions:
        parts += ["", _interventions(manifest.interventions)]
    return Group(*parts)


def _table() -> Table:
    return Table(box=None, header_style="dim", padding=(0, 2, 0, 0))


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _recipients(manifest: Manifest) -> Table:
    table = _table()
    for name in ("Recipient", "State", "At (UTC)", "SES message id", "Failure"):
        table.add_column(name, overflow="fold")
    for one in manifest.deliveries:
        table.add_row(
            shown(one.recipient),
            _delivery(one),
            _second(one.at) if one.at else "-",
            shown(one.submission_id or "-"),
            shown(one.failure or "-"),
        )
    return table


def _refusals(refusals: Sequence[Refusal]) -> Table:
    table = _table()
    for name in ("Left out", "Why"):
        table.add_column(name, overflow="fold")
    for one in refusals:
        table.add_row(shown(one.reason), shown(one.detail))
    return table


def _delivery(record: DeliveryRecord) -> Text:
    text = Text(record.state, style=_DELIVERY_STYLES[record.state])
    if record.revoked_at:
        text.append(f", link revoked {_second(record.revoked_at)}", style="red")
    if record.repeats:
        times = "once" if record.repeats == 1 else f"{record.repeats} times"
        text.append(f", possibly repeated {times}", style="yellow")
    return text


def _attachments(attachments: Sequence[StoredAttachment]) -> Table:
    table = _table()
    table.add_column("No.", justify="right", no_wrap=True)
    table.add_column("Attachment", overflow="fold")
    table.add_column("Type", overflow="fold")
    table.add_column("Size", justify="right", no_wrap=True)
    table.add_column("State", overflow="fold")
    table.add_column("Key, or why it is not kept", overflow="fold")
    for number, one in enumerate(attachments, 1):
        table.add_row(
            str(number),
            shown(one.filename),
            shown(one.content_type),
            "-" if one.failure else format_size(one.size),
            _attachment(one),
            shown(one.failure or one.key),
        )
    return table


def _attachment(attachment: StoredAttachment) -> Text:
    if attachment.failure is not None:
        return Text("not kept", style="red")
    if attachment.revoked_at is not None:
        return Text(f"revoked {_second(attachment.revoked_at)}", style="red")
    return Text("kept", style="green")


def _interventions(interventions: Sequence[Intervention]) -> Table:
    table = _table()
    for name in ("Intervention (UTC)", "What", "By", "Detail"):
        table.add_column(name, overflow="fold")
    for one in interventions:
        table.add_row(_second(one.at), shown(one.what), shown(one.by), shown(one.detail or "-"))
    return table


def present_downloads(downloads: Sequence[Download]) -> Table:
    """Downloads, a row each, in their order."""
    table = _table()
    for name in ("Downloaded (UTC)", "Recipient", "File"):
        table.add_column(name, overflow="fold")
    for one in downloads:
        number = "all files" if one.file is None else f"No. {one.file}"
        table.add_row(_second(one.at), shown(one.recipient), shown(f"{number}: {one.filename}"))
    return table


def summarize_letter(letter: DeadLetter, reason: str) -> dict[str, Any]:
    """A dead letter as `dlq list --json` tells of it."""
    return {
        "sqs_message_id": letter.sqs_message_id,
        "raw_keys": list(letter.raw_keys),
        "arrived_at": letter.arrived_at and letter.arrived_at.isoformat(),
        "queued_at": letter.queued_at.isoformat(),
        "tries": letter.tries,
        "reason": reason,
    }


def present_letters(letters: Sequence[tuple[DeadLetter, str]]) -> Table:
    """Dead letters with their reasons, a row each, in their order."""
    table = _table()
    table.add_column("Arrived (UTC)", no_wrap=True)
    table.add_column("Tries", justify="right", no_wrap=True)
    table.add_column("Raw key, or SQS message", overflow="fold")
    table.add_column("Reason", overflow="fold")
    for letter, reason in letters:
        names = "\n".join(letter.raw_keys) or letter.sqs_message_id
        table.add_row(
            f"{letter.arrived_at or letter.queued_at:%Y-%m-%d %H:%M}",
            str(letter.tries),
            shown(names),
            shown(reason),
        )
    return table
