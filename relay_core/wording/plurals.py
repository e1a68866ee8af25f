"""Which form of a text a number asks for, by language (CLDR, "Language Plural Rules").

Each function gives the place of the form among those of its language, in the order of the
`Plural-Forms` of its catalogue. Numbers here are whole and not negative.
"""

from __future__ import annotations

_MILLION = 1_000_000


def only(_number: int) -> int:
    """One form for all: Japanese."""
    return 0


def one_or_other(number: int) -> int:
    """One, other: English, German, Dutch, Turkish."""
    return 0 if number == 1 else 1


def one_many_other(number: int) -> int:
    """One, whole millions, other: Spanish, Italian."""
    return 0 if number == 1 else _many_or_other(number)


def up_to_one(number: int) -> int:
    """None or one, whole millions, other: French, Portuguese."""
    return 0 if number <= 1 else _many_or_other(number)


def _many_or_other(number: int) -> int:
    return 1 if number and number % _MILLION == 0 else 2


def polish(number: int) -> int:
    """One, few (22 to 24, but not 12 to 14), many."""
    if number == 1:
        return 0
    is_few = 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14
    return 1 if is_few else 2


def arabic(number: int) -> int:
    """Zero, one, two, few, many, other."""
    if number <= 2:
        return number
    last = number % 100
    if 3 <= last <= 10:
        return 3
    return 4 if last >= 11 else 5
