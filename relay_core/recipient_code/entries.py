"""The content of a recipient code: addresses, groups, and errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from relay_core.errors import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A recipient: an addr-spec, its domain in lower-case ASCII."""

    addr_spec: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of recipients, by its name in the recipient directory."""

    name: str


Entry = Address | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeError:
    """One wrong place in a code.

    `span` is in characters of the searched text, `expected` names what was expected there ("an
    address"), `found` is the text that was found instead.
    """

    span: Span
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientCode:
    """The content of one code: its entries in order, with repetitions, and its errors."""

    entries: tuple[Entry, ...]
    errors: tuple[CodeError, ...]


class Item(NamedTuple):
    """A piece of a list: an entry, or text that is not one and what was `expected` there."""

    start: int
    end: int
    entry: Entry | None
    expected: str = ""


def format_entry(entry: Entry) -> str:
    """An entry as it is written in a code."""
    return f"@{entry.name}" if isinstance(entry, Group) else entry.addr_spec
