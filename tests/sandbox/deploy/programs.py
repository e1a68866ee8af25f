"""The programs that are deployed: the small one, and texts that a test writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

REGION = "eu-central-1"
PROJECT = Path(__file__).parent.parent / "small_program"

Deploy = Callable[[str], dict[str, Any]]
"""Deploys the text of a program; its exports."""
