"""The tables that the functions read: texts from a catalogue, formats from CLDR."""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel import Locale
from babel.messages.catalog import Catalog

from relay_core.wording.language import Language

from . import LOCALES

PLURALS = {
    Language.JAPANESE: "only",
    Language.SPANISH: "one_many_other",
    Language.ITALIAN: "one_many_other",
    Language.FRENCH: "up_to_one",
    Language.PORTUGUESE: "up_to_one",
    Language.POLISH: "polish",
    Language.ARABIC: "arabic",
}
"""The function of `relay_core.wording.plurals`, where it is not `one_or_other`."""

FORMS = {
    "only": ("other",),
    "one_or_other": ("one", "other"),
    "one_many_other": ("one", "many", "other"),
    "up_to_one": ("one", "many", "other"),
    "polish": ("one", "few", "many"),
    "arabic": ("zero", "one", "two", "few", "many", "other"),
}
"""The categories of CLDR that a function tells apart, in its order."""

_UNITS = {
    "byte": ("digital-byte", "long"),
    "kB": ("digital-kilobyte", "short"),
    "MB": ("digital-megabyte", "short"),
    "GB": ("digital-gigabyte", "short"),
    "day": ("duration-day", "long"),
    "hour": ("duration-hour", "long"),
    "minute": ("duration-minute", "long"),
}
_FIELDS = {
    "d": "{day}",
    "MMMM": "{month}",
    "M": "{month}",
    "y": "{year}",
    "H": "{hour}",
    "HH": "{hour:02}",
    "mm": "{minute:02}",
}
_PATTERN = re.compile(r"'([^']*)'|([A-Za-z])\2*")


def table_source(language: Language, catalogue: Catalog) -> str:
    """The module of a language's table."""
    locale, plural = Locale.parse(LOCALES[language]), PLURALS.get(language, "one_or_other")
    skeletons, months = locale.datetime_skeletons, locale.months["format"]["wide"]
    # Japanese has the number of a month and a sign behind it in its pattern.
    numbers = "MMMM" not in skeletons["MMMMd"].pattern
    names = [str(n) if numbers else months[n] for n in range(1, 13)]
    lines = [
        '"""Made by `python -m translations`; do not edit."""',
        "",
        f"from relay_core.wording.plurals import {plural}",
        "from relay_core.wording.table import Table",
        "",
        "TABLE = Table(",
        f"    is_right_to_left={locale.text_direction == 'rtl'},",
        f"    plural={plural},",
        f"    decimal={locale.number_symbols['latn']['decimal']!r},",
        f"    date={_pattern(skeletons['MMMMd'].pattern)!r},",
        f"    date_of_year={_pattern(skeletons['yMMMMd'].pattern)!r},",
        f"    clock={_pattern(skeletons['Hm'].pattern)!r},",
        f"    moment={_moment(locale)!r},",
        f"    months={tuple(names)!r},",
        "    units={",
        *(f"        {unit!r}: {forms!r}," for unit, forms in _units(locale, FORMS[plural])),
        "    },",
        "    texts={",
        *(f"        {text!r}: {said!r}," for text, said in _texts(language, catalogue)),
        "    },",
        ")",
        "",
    ]
    return "\n".join(lines)


def _pattern(pattern: str) -> str:
    """A pattern of CLDR for `str.format`."""
    return _PATTERN.sub(
        lambda found: found[1] if found[1] is not None else _FIELDS[found[0]], pattern
    )


def _moment(locale: Locale) -> str:
    pattern = str(locale.datetime_formats["medium"])
    return pattern.replace("'", "").format("{clock}", "{date}")


def _units(locale: Locale, categories: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    patterns = locale._data["unit_patterns"]  # noqa: SLF001 - nothing public has them
    for unit, (name, length) in _UNITS.items():
        forms = patterns[name][length]
        yield unit, tuple(forms.get(one, forms["other"]) for one in categories)


def _texts(language: Language, catalogue: Catalog) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    if language is Language.ENGLISH:
        # Its texts are the names of the texts, and both forms of a number stand in the code.
        return
    for message in catalogue:
        if message.id and message.string:
            name = message.id if isinstance(message.id, str) else message.id[0]
            said = message.string
            yield name, said if isinstance(said, str) else tuple(said)
