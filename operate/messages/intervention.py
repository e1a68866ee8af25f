"""Recording an operator's intervention in the message's manifest.

A change and the note of it are one write. When that write's answer is lost, the change is asked
for again on a manifest that has it already: the note tells, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from relay_core.record.manifest import Intervention, Manifest


def intervened(
    manifest: Manifest, intervention: Intervention, change: Callable[[Manifest], Manifest]
) -> Manifest:
    """The manifest with the change and the note of it, unless it has them.

    Raises whatever `change` does.
    """
    if intervention in manifest.interventions:
        return manifest
    changed = change(manifest)
    return replace(changed, interventions=(*changed.interventions, intervention))
