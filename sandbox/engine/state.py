"""The state of a stack after a kill: unreadable files, and resources that are half made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A resource that was being made when the engine was killed."""

    type: str
    name: str
    inputs: Mapping[str, Any]


def pending_resources(operations: Iterable[Mapping[str, Any]]) -> tuple[Pending, ...]:
    """What of a state's pending operations was making something in the account.

    A component is nothing in the account.
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


def mend_state(folder: Path) -> None:
    """Make the states in a folder readable that a kill left unreadable.

    Beside each file the CLI writes another with attributes of it, which it empties first
    (gocloud.dev, fileblob). Where that one stays empty, it cannot read the state any more ("failed
    to load checkpoint: EOF"); where it is missing, it can.
    """
    for file in folder.rglob("*.attrs"):
        if not file.stat().st_size:
            file.unlink()
