"""The docstring of a package says what each of its modules does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    *("relay_core", "adapters", "infra", "operate"),
    *("sandbox", "benchmarks", "pictures", "fuzz", "translations"),
)
OF_A_KIND = {
    "operate/commands": ("a module for each command", ""),
    "relay_core/wording/tables": ("a module a language", "TABLE ="),
    "sandbox/create": ("one module a service", "CREATORS:"),
    "sandbox/lifecycles": ("one module a service", "LIFECYCLES:"),
}
"""Packages with modules of one kind: the words of their docstrings that say so, and how a line of
each such module begins."""
PACKAGES = [
    str(found.parent.relative_to(ROOT))
    for room in ROOMS
    for found in sorted((ROOT / room).rglob("__init__.py"))
]

_CODE = re.compile(r"`+([\w.]+)`+")
_ROW = re.compile(r"^ +(\w+)  ", re.MULTILINE)


def docstring_of(package: str) -> str:
    return ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""


def modules_of(package: str) -> set[str]:
    """The public modules and packages in a package, but those of its kind."""
    _, kind = OF_A_KIND.get(package, ("", None))
    folder = ROOT / package
    found = {
        one.stem
        for one in folder.glob("*.py")
        if not one.stem.startswith("_")
        if kind is None or f"\n{kind}" not in one.read_text("utf-8")
    }
    return found | {one.parent.name for one in folder.glob("*/__init__.py")}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_packages_docstring_names_each_public_module(package: str) -> None:
    text = docstring_of(package)
    named = {part for code in _CODE.findall(text) for part in code.split(".")}
    named |= set(_ROW.findall(text))
    assert set() == modules_of(package) - named


@pytest.mark.parametrize(("package", "words"), [(k, v) for k, (v, _) in OF_A_KIND.items()])
def test_a_package_of_modules_of_one_kind_says_so(package: str, words: str) -> None:
    assert words in docstring_of(package)
