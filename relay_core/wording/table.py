"""What a language is made of here: its texts, and the formats of moments, sizes and durations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One language.

    `texts` maps the English text to the translation, or to the forms of it that `plural` picks
    from; English itself needs only the forms. `units` maps a unit to the forms of so many of it.
    Patterns are for `str.format`: `date` has `day` and `month`, `date_of_year` also `year`,
    `clock` has `hour` and `minute`, `moment` has `date` and `clock`.
    """

    is_right_to_left: bool
    plural: Callable[[int], int]
    decimal: str
    date: str
    date_of_year: str
    clock: str
    moment: str
    months: tuple[str, ...]
    units: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, str | tuple[str, ...]]
