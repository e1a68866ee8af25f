"""Pulumi's values as plain Python, from the form that its mocks get.

Numbers are floats, one secret wraps everything around it, and archives are asset objects.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import rpc

from sandbox.create import DeclarationError

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold


def plain(value: Any, folder: Path) -> Any:  # noqa: ANN401 (any value of Pulumi's)
    """A value of Pulumi's as plain Python: secrets unwrapped, whole numbers int, archives zipped.

    Relative paths of assets are relative to `folder`, where Pulumi runs a program.
    """
    if isinstance(value, Mapping):
        if rpc.is_rpc_secret(value):
            return plain(rpc.unwrap_rpc_secret(value), folder)
        return {key: plain(item, folder) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, folder) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, pulumi.Archive | pulumi.Asset):
        return _zip(value, folder)
    return value


def _zip(archive: pulumi.Archive | pulumi.Asset, folder: Path) -> bytes:
    if isinstance(archive, pulumi.FileArchive) and (folder / archive.path).is_file():
        return (folder / archive.path).read_bytes()
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name, content in sorted(_files(archive, folder, "")):
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, content)
    return output.getvalue()


def _files(
    asset: pulumi.Archive | pulumi.Asset, folder: Path, name: str
) -> Iterator[tuple[str, bytes]]:
    """The files of an asset, by their paths in the archive; `name` is the asset's own."""
    if isinstance(asset, pulumi.AssetArchive):
        for step, part in asset.assets.items():
            yield from _files(part, folder, f"{name}/{step}" if name else step)
    elif isinstance(asset, pulumi.FileArchive):
        top = folder / asset.path
        if not top.is_dir():
            raise DeclarationError(f"archive {asset.path} is not a folder")
        for path in top.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                inside = path.relative_to(top).as_posix()
                yield (f"{name}/{inside}" if name else inside), path.read_bytes()
    elif isinstance(asset, pulumi.FileAsset):
        yield name, (folder / asset.path).read_bytes()
    elif isinstance(asset, pulumi.StringAsset):
        yield name, asset.text.encode()
    else:
        raise DeclarationError(f"the sandbox downloads no assets: {type(asset).__name__} {name}")
