"""Recording an operator's intervention in the message's manifest.

A change and its record are one write. If the response of that write is lost, the change is
requested again on a manifest that has it already. The record shows this, so nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from relay_core.record.manifest import Intervention, Manifest


def intervened(
    manifest: Manifest, intervention: Intervention, change: Callable[[Manifest], Manifest]
) -> Manifest:
    """The manifest with the change and its record, or unchanged if it has them already.

    Errors of `change` are passed on.
    """
    if intervention in manifest.interventions:
        return manifest
    changed = change(manifest)
    return replace(changed, interventions=(*changed.interventions, intervention))
