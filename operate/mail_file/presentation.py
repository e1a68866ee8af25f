"""An inspection for a person to read, as Rich tables."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from operate.presentation.terminal import shown
from relay_core.attachments.attachment import Action
from relay_core.wording.wording import Wording

from .inspection import Decision, InspectedAttachment, Inspection

_STYLES = {Decision.RELAY: "green", Decision.REFUSE: "red", Decision.IGNORE: "yellow"}


def present(file: str, inspection: Inspection) -> RenderableType:
    """One message: the relay's decision, and the message's content."""
    decision = Text(inspection.decision, style=f"bold {_STYLES[inspection.decision]}")
    if inspection.reason is not None:
        decision.append(f" ({inspection.reason})")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("Decision", decision)
    for detail in inspection.details:
        facts.add_row("", shown(detail))
    facts.add_row("Subject", shown(inspection.subject or "(none)"))
    facts.add_row("Recipients", shown("\n".join(inspection.recipients) or "(none)"))
    for defect in inspection.defects:
        start, end = defect.span
        facts.add_row("Defect", f"{defect.kind} at bytes {start} to {end}")
    lines: list[RenderableType] = [shown(file, style="bold"), facts]
    if inspection.attachments:
        lines.append(_attachments(inspection.attachments))
    return Group(*lines, "")


def _attachments(attachments: tuple[InspectedAttachment, ...]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("Attachment", overflow="fold")
    table.add_column("Type", overflow="fold")
    table.add_column("Size", justify="right", no_wrap=True)
    table.add_column("SHA-256", no_wrap=True)
    table.add_column("Action", no_wrap=True)
    with_paths = any(one.path is not None for one in attachments)
    if with_paths:
        table.add_column("Written to", overflow="fold")
    for one in attachments:
        cells = [
            shown(one.filename or "(no name)"),
            shown(one.content_type),
            Text(Wording().size(one.size)),
            Text(f"{one.sha256[:12]}…"),
            Text(one.action, style="green" if one.action is Action.DETACH else "dim"),
        ]
        table.add_row(*cells, *([shown(str(one.path))] if with_paths else []))
    return table
