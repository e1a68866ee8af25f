"""Syntax that our regular expressions must not use, because a supported Python handles it wrongly.

CPython before 3.11.5 matches possessive quantifiers on groups wrongly (a group may keep what it
should have given up, or raise SystemError); Debian 12 has 3.11.2. On a single character class
they are sound.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("relay_core", "adapters", "infra", "operate", "sandbox")
    for path in (ROOT / folder).rglob("*.py")
)
_POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\{?\d*,?\d*\}\}?)\+")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_group_is_possessive(path: Path) -> None:
    found = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if "re.compile" in line or re.search(r"""\br?[fb]?["'].*\(\?""", line)
        if _POSSESSIVE_GROUP.search(line)
    ]
    assert [] == found
