"""One message, downloads and dead letters for a person to read, as Rich tables, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from operate.messages.message_status import (
    MessageStatus,
    describe_lease,
    error_of,
    lease_at,
    status_of,
)
from relay_core.delivery.deaths import cause_of_death, known_deaths
from relay_core.errors import Refusal
from relay_core.links.reference import reference
from relay_core.notices.moment import format_distance, format_moment
from relay_core.record.manifest import (
    Death,
    DeliveryRecord,
    DeliveryState,
    Intervention,
    Manifest,
    StoredAttachment,
    Threat,
)
from relay_core.wording.wording import Wording

from .terminal import shown, tab_separated

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.aws.downloads import Download
    from adapters.operator.dead_letters import DeadLetter

STYLES = {
    MessageStatus.DONE: "green",
    MessageStatus.PARTIAL: "red",
    MessageStatus.FAILED: "red",
    MessageStatus.REFUSED: "red",
    MessageStatus.FAILING: "red",
    MessageStatus.DEAD: "red",
    MessageStatus.HELD: "yellow",
    MessageStatus.RELAYING: "cyan",
    MessageStatus.RELEASED: "cyan",
    MessageStatus.IGNORED: "dim",
}
_DELIVERY_STYLES = {
    DeliveryState.SUBMITTED: "green",
    DeliveryState.FAILED: "red",
    DeliveryState.SUBMITTING: "yellow",
    DeliveryState.PENDING: "cyan",
}


def headline(manifest: Manifest) -> str:
    """Which message this is, in one line."""
    return (
        f"{manifest.message_id}: {manifest.subject or '(no subject)'!r} from"
        f" {manifest.sender or '(nobody)'}, {format_moment(manifest.created_at)}"
    )


def _format_status(manifest: Manifest, now: datetime) -> Text:
    status = status_of(manifest, now)
    text = Text(status, style=STYLES[status])
    if lease_at(manifest, now):
        text.append(", at work", style="bold")
    return text


def present_message(manifest: Manifest, now: datetime) -> RenderableType:
    """One message with all of its manifest."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("State", _format_status(manifest, now))
    if manifest.reason:
        facts.add_row("Reason", shown(manifest.reason))
    if error := error_of(manifest):
        facts.add_row("Detail", shown(error))
    if manifest.lease:
        is_held = lease_at(manifest, now) is not None
        over = "" if is_held else " (expired: that worker has ended)"
        facts.add_row("Lease", shown(describe_lease(manifest.lease) + over))
    facts.add_row("Reference", shown(reference(manifest.message_id)))
    facts.add_row("Raw key", shown(manifest.raw_key))
    facts.add_row("Sender", shown(manifest.sender or "(none)"))
    facts.add_row("Sent to", shown(manifest.via or "(not known)"))
    facts.add_row("Subject", shown(manifest.subject or "(none)"))
    facts.add_row("Created", _moment(manifest.created_at, now))
    if _has_links(manifest):
        is_over = now >= manifest.expires_at
        end = "they have expired" if is_over else "later if the mail is sent again"
        facts.add_row("Links until", f"{_moment(manifest.expires_at, now)}: {end}")
    parts: list[RenderableType] = [shown(manifest.message_id, style="bold"), facts]
    if manifest.deliveries:
        parts += ["", _recipients(manifest)]
    if manifest.refusals:
        parts += ["", _refusals(manifest.refusals)]
    if manifest.attachments:
        parts += [
            "",
            _attachments(manifest.attachments, {one.key: one for one in manifest.threats}),
        ]
    deaths = manifest.deaths if lease_at(manifest, now) else known_deaths(manifest)
    if deaths:
        parts += ["", _deaths(deaths)]
    if manifest.interventions:
        parts += ["", _interventions(manifest.interventions)]
    return Group(*parts)


def _has_links(manifest: Manifest) -> bool:
    """Whether a recipient was to get a link to a file."""
    files = [one for one in manifest.attachments if one.failure is None]
    return bool(manifest.deliveries and files)


def _moment(at: datetime, now: datetime) -> str:
    return f"{format_moment(at)} ({format_distance(at, now)})"


def _table() -> Table:
    return Table(box=None, header_style="dim", padding=(0, 2, 0, 0))


def _recipients(manifest: Manifest) -> Table:
    table = _table()
    table.add_column("Recipient", overflow="fold")
    table.add_column("State", overflow="fold")
    table.add_column("At", no_wrap=True)
    table.add_column("SES message id, or the error", overflow="fold")
    for one in manifest.deliveries:
        table.add_row(
            shown(one.recipient),
            _delivery(one),
            format_moment(one.at) if one.at else "-",
            shown("; ".join(filter(None, (one.submission_id, one.failure))) or "-"),
        )
    return table


def _refusals(refusals: Sequence[Refusal]) -> Table:
    table = _table()
    for name in ("Left out", "Reason", "Detail"):
        table.add_column(name, overflow="fold")
    for one in refusals:
        table.add_row(shown(one.address or "(not known)"), shown(one.reason), shown(one.detail))
    return table


def _deaths(deaths: Sequence[Death]) -> Table:
    table = _table()
    for name in ("Worker died (UTC)", "Of", "Had the SQS message"):
        table.add_column(name, overflow="fold")
    for one in deaths:
        table.add_row(
            f"by {format_moment(one.at)}" if one.at else "-",
            cause_of_death(one.cause),
            shown(one.queue_message or "-"),
        )
    return table


def _delivery(record: DeliveryRecord) -> Text:
    text = Text(record.state, style=_DELIVERY_STYLES[record.state])
    if record.revoked_at:
        text.append(f", link revoked {format_moment(record.revoked_at)}", style="red")
    if record.renewed_at:
        text.append(f", new link sent {format_moment(record.renewed_at)}")
    if record.repeats:
        times = "once" if record.repeats == 1 else f"{record.repeats} times"
        text.append(f", possibly repeated {times}", style="yellow")
    return text


def _attachments(attachments: Sequence[StoredAttachment], threats: Mapping[str, Threat]) -> Table:
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
            "-" if one.failure else Wording().size(one.size),
            _attachment(one, threats.get(one.key)),
            shown(one.failure or one.key),
        )
    return table


def _attachment(attachment: StoredAttachment, threat: Threat | None) -> Text:
    if attachment.failure is not None:
        return Text("not kept", style="red")
    if threat is not None:
        found = "malware found" if threat.is_malware else "not scanned, reported"
        return Text(f"{found} {format_moment(threat.at)}", style="bold red")
    if attachment.revoked_at is not None:
        return Text(f"revoked {format_moment(attachment.revoked_at)}", style="red")
    return Text("kept", style="green")


def _interventions(interventions: Sequence[Intervention]) -> Table:
    table = _table()
    table.add_column("Intervention", no_wrap=True)
    for name in ("What", "By", "Detail"):
        table.add_column(name, overflow="fold")
    for one in interventions:
        table.add_row(
            format_moment(one.at), shown(one.what), shown(one.by), shown(one.detail or "-")
        )
    return table


def present_downloads(downloads: Sequence[Download]) -> Table:
    """Downloads, a row each, in their order."""
    table = _table()
    table.add_column("Downloaded", no_wrap=True)
    for name in ("Recipient", "File"):
        table.add_column(name, overflow="fold")
    for one in downloads:
        number = "all files" if one.file is None else f"No. {one.file}"
        table.add_row(
            format_moment(one.at), shown(one.recipient), shown(f"{number}: {one.filename}")
        )
    return table


def summarize_letter(letter: DeadLetter, reason: str) -> dict[str, Any]:
    """A dead letter as `dlq list --json` prints it."""
    return {
        "sqs_message_id": letter.sqs_message_id,
        "raw_keys": list(letter.raw_keys),
        "arrived_at": letter.arrived_at and letter.arrived_at.isoformat(),
        "queued_at": letter.queued_at.isoformat(),
        "tries": letter.tries,
        "reason": reason,
    }


def letter_lines(letters: Sequence[tuple[DeadLetter, str]]) -> Iterator[str]:
    """Dead letters for a script, a line each: moment, tries, raw keys or SQS's id, reason."""
    for letter, reason in letters:
        fields = (
            format_moment(letter.arrived_at or letter.queued_at),
            str(letter.tries),
            " ".join(letter.raw_keys) or letter.sqs_message_id,
            reason,
        )
        yield tab_separated(fields)


def present_letters(letters: Sequence[tuple[DeadLetter, str]]) -> Table:
    """Dead letters with their reasons, a row each, in their order."""
    table = _table()
    table.add_column("Arrived", no_wrap=True)
    table.add_column("Tries", justify="right", no_wrap=True)
    table.add_column("Raw key, or SQS message", overflow="fold")
    table.add_column("Reason", overflow="fold")
    for letter, reason in letters:
        names = "\n".join(letter.raw_keys) or letter.sqs_message_id
        table.add_row(
            format_moment(letter.arrived_at or letter.queued_at),
            str(letter.tries),
            shown(names),
            shown(reason),
        )
    return table
