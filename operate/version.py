"""The version of the project in this checkout."""

from __future__ import annotations

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def version() -> str:
    """The version of the checkout, from its `pyproject.toml`."""
    try:
        found: str = tomllib.loads(_PROJECT.read_text("utf-8"))["project"]["version"]
    except (OSError, ValueError, KeyError):
        return "of unknown version"
    return found
