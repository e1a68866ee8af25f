"""How a command changes a manifest: it shows the change, asks, and writes it with its record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from operate.messages.intervention import intervened
from operate.presentation.terminal import confirm, say
from relay_core.delivery.ledger import Ledger
from relay_core.ports import StoredManifest
from relay_core.record.manifest import Intervention, Manifest

if TYPE_CHECKING:  # boto3 is slow to import
    from operate.stack.access import StackAccess


def carry_out(
    access: StackAccess,
    stored: StoredManifest,
    change: Callable[[Manifest], Manifest],
    *,
    what: str,
    detail: str,
    description: list[str],
    question: str,
    done: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Print the change, ask, and write it with its record.

    Raises:
        AdapterError: if it is not written.
    """
    if dry_run:
        say(description)
        return
    say(description, to_stderr=True)
    caller = access.name_caller()
    confirm(question, yes=yes)
    intervention = Intervention(at=access.clock(), by=caller, what=what, detail=detail)
    ledger = Ledger(access.manifests, stored.manifest, stored)
    ledger.update(lambda found: intervened(found, intervention, change))
    say([f"{stored.manifest.message_id}: {done}"])
