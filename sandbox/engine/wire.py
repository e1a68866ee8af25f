"""Values as Pulumi's engine and a provider exchange them: protobuf structs.

A number is a float, and an archive is an object with a signature and the hash of its content. An
unknown value in a preview is a special text (pulumi, sdk/go/common/resource/plugin/rpc.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]  # no types
from pulumi.runtime import rpc

from sandbox.deploy.values import plain

_UNKNOWN = frozenset(
    {
        rpc.UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an object
        "e48ece36-62e2-4504-bad9-02848725956a",  # an asset
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an archive
    }
)
_PARTS = ("hash", rpc._special_sig_key)  # noqa: SLF001 (Pulumi's own name for it)


def to_dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as a dictionary, values in wire format."""
    found: dict[str, Any] = json_format.MessageToDict(struct)
    return found


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A struct of these values, without None and bytes."""
    struct = struct_pb2.Struct()
    struct.update(_sendable(values))
    return struct


def _sendable(value: Any) -> Any:  # noqa: ANN401 (any value of Pulumi's)
    if isinstance(value, Mapping):
        return {
            key: _sendable(item)
            for key, item in value.items()
            if item is not None and not isinstance(item, bytes)
        }
    if isinstance(value, list | tuple):
        return [_sendable(item) for item in value]
    return value


def comparable(value: Any) -> Any:  # noqa: ANN401 (any value of Pulumi's)
    """A value that equals another's if and only if both mean the same: archives by hash."""
    if isinstance(value, Mapping):
        if all(part in value for part in _PARTS):
            return value["hash"]
        return {key: comparable(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [comparable(item) for item in value]
    return value


def from_wire(struct: struct_pb2.Struct, folder: Path) -> dict[str, Any]:
    """A struct as plain Python, archives as zips; asset paths are relative to `folder`."""
    values: Any = rpc.deserialize_properties(struct, keep_unknowns=False)
    found: dict[str, Any] = plain(values, folder)
    return {key: value for key, value in found.items() if value is not None}


def is_unknown(value: object) -> bool:
    """Whether the value is the placeholder of an unknown one."""
    return isinstance(value, str) and value in _UNKNOWN
