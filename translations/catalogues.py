"""The catalogues: collected from the code, with the translations that there are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from relay_core.wording.language import Language

from . import FOLDER, LOCALES, ROOT

_FORMS = {"say": 1, "translatable": 1, "say_number": 2}  # how many arguments are texts
_PACKAGES_WITH_TEXTS = ("relay_core", "adapters")
_LONG_AGO = datetime(2026, 11, 30, tzinfo=UTC)  # the same catalogues for the same texts


def catalogue_file(language: Language) -> Path:
    """Where the catalogue of a language lies; English has none."""
    return FOLDER / f"{language.value}.po"


def texts() -> list[str | tuple[str, str]]:
    """All texts of the code, in an order of their own: no file that moves changes a catalogue."""
    found = {
        text
        for package in _PACKAGES_WITH_TEXTS
        for path in (ROOT / package).rglob("*.py")
        for text in _texts_of(path.read_text("utf-8"))
    }
    return sorted(found, key=lambda text: text if isinstance(text, str) else text[0])


def _texts_of(source: str) -> Iterator[str | tuple[str, str]]:
    """The texts at the calls of a module, within f-strings too.

    Raises:
        ValueError: for a text that is neither written there nor the name of one: it would be lost.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = str(getattr(node.func, "attr", "") or getattr(node.func, "id", ""))
        arguments = node.args[: _FORMS.get(name, 0)]
        written = [str(one.value) for one in arguments if isinstance(one, ast.Constant)]
        if any(
            not isinstance(one, ast.Constant | ast.Name | ast.Attribute | ast.Subscript)
            for one in arguments
        ):
            raise ValueError(f"line {node.lineno}: give {name} a text, or a name of one")
        match written:
            case [text]:
                yield text
            case [one, many]:
                yield one, many


def load(language: Language) -> Catalog:
    """The catalogue as it is kept; empty if there is none."""
    path = catalogue_file(language)
    if not path.exists():
        return Catalog(locale=LOCALES[language])
    with path.open("rb") as file:
        return read_po(file, locale=LOCALES[language])


def renewed(language: Language) -> Catalog:
    """The catalogue with just the texts of the code, and the translations that are kept."""
    kept = load(language)
    catalogue = Catalog(
        locale=LOCALES[language],
        project="mail-relay",
        version="1",
        copyright_holder="",
        msgid_bugs_address="",
        creation_date=_LONG_AGO,
        revision_date=_LONG_AGO,
        fuzzy=False,
        header_comment=f"# What recipients read, in {language.name.title()}.",
    )
    for text in texts():
        old = kept.get(text if isinstance(text, str) else str(text[0]))
        said = old.string if isinstance(old, Message) and old.id == text else None
        catalogue.add(text, said)
    return catalogue


def save(language: Language, catalogue: Catalog) -> None:
    """Write a catalogue to its file."""
    with catalogue_file(language).open("wb") as file:
        write_po(file, catalogue, width=99)
