"""The state of a stack in files: an empty one, and its repair after a kill."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A resource whose creation was interrupted by the kill."""

    type: str
    name: str
    inputs: Mapping[str, Any]


def write_empty_state(folder: Path, *, project: str, stack: str) -> None:
    """Write the state of a new stack, as `pulumi stack init` does."""
    file = _state_file(folder, project, stack)
    file.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = {"stack": f"organization/{project}/{stack}", "latest": None}
    file.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}), "utf-8")


def read_resources(folder: Path, *, project: str, stack: str) -> tuple[Mapping[str, Any], ...]:
    """The resources in the state of a stack, in Pulumi's format; secrets are encrypted."""
    state = json.loads(_state_file(folder, project, stack).read_text("utf-8"))
    return tuple((state["checkpoint"].get("latest") or {}).get("resources") or ())


def _state_file(folder: Path, project: str, stack: str) -> Path:
    return folder / ".pulumi" / "stacks" / project / f"{stack}.json"


def pending_resources(operations: Iterable[Mapping[str, Any]]) -> tuple[Pending, ...]:
    """The pending creations of resources in the account.

    Components are left out, because they are not in the account.
    """
    return tuple(
        Pending(
            type=str(one["resource"]["type"]),
            name=str(one["resource"]["urn"]).rpartition("::")[2],
            inputs=one["resource"].get("inputs") or {},
        )
        for one in operations
        if one["type"] == "creating" and one["resource"].get("custom")
    )


def repair_state(folder: Path) -> None:
    """Repair the state files in a folder that a kill left unreadable.

    Beside each file the CLI writes a second one with its attributes, which it empties first
    (gocloud.dev, fileblob). If that one stays empty, the CLI cannot read the state ("failed to
    load checkpoint: EOF"); if it is missing, it can. So empty ones are removed.
    """
    for file in folder.rglob("*.attrs"):
        if not file.stat().st_size:
            file.unlink()
