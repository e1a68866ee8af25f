"""The docstring of a package says what each of its modules does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("relay_core", "adapters", "infra", "operate")
A_MODULE_EACH = {
    "operate/commands": "a module for each command",
    "relay_core/wording/tables": "a language",
}
"""Packages whose modules are all of one kind, and the words of their docstrings that say so."""
PACKAGES = [
    str(found.parent.relative_to(ROOT))
    for room in ROOMS
    for found in sorted((ROOT / room).rglob("__init__.py"))
]

_CODE = re.compile(r"`+([\w.]+)`+")
_ROW = re.compile(r"^ +(\w+)  ", re.MULTILINE)


def docstring_of(package: str) -> str:
    return ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""


@pytest.mark.parametrize("package", [one for one in PACKAGES if one not in A_MODULE_EACH])
def test_a_packages_docstring_names_each_public_module(package: str) -> None:
    text, folder = docstring_of(package), ROOT / package
    named = {part for code in _CODE.findall(text) for part in code.split(".")}
    named |= set(_ROW.findall(text))
    modules = {one.stem for one in folder.glob("*.py") if not one.stem.startswith("_")}
    modules |= {one.parent.name for one in folder.glob("*/__init__.py")}
    assert set() == modules - named


@pytest.mark.parametrize(("package", "words"), A_MODULE_EACH.items())
def test_a_package_of_modules_of_one_kind_says_so(package: str, words: str) -> None:
    assert words in docstring_of(package)
