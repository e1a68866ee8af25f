"""Texts, moments, sizes and durations for a recipient, in one language and time zone.

The English text is the name of a text. What `say`, `say_number` and `translatable` are called with
is collected into `translations/*.po`; a text without a translation is said in English.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from importlib import import_module

from .language import Language
from .table import Table


def translatable(text: str) -> str:
    """The same text; marks one that `say` is called with elsewhere."""
    return text


@cache
def table_of(language: Language) -> Table:
    """The table of a language. Only those that are asked for are imported."""
    table = import_module(f"{__package__}.tables.{language.value}").TABLE
    assert isinstance(table, Table)  # noqa: S101 - the module is made by `python -m translations`
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a recipient is spoken to."""

    language: Language = Language.ENGLISH
    zone: tzinfo = UTC

    @property
    def direction(self) -> str:
        """The direction of the script, as HTML's `dir` has it: `ltr` or `rtl`."""
        return "rtl" if table_of(self.language).is_right_to_left else "ltr"

    def say(self, text: str, **values: object) -> str:
        """The text in this language, with the values in place of its `{names}`."""
        found = table_of(self.language).texts.get(text, text)
        return (found if isinstance(found, str) else found[-1]).format(**values)

    def say_number(self, one: str, many: str, number: int, **values: object) -> str:
        """The form for that number of a text that has it as `{number}`."""
        table = table_of(self.language)
        forms = table.texts.get(one)
        if not isinstance(forms, tuple):
            form = one if number == 1 else many
        else:
            form = forms[table.plural(number)]
        return form.format(number=number, **values)

    def unit(self, unit: str, number: int) -> str:
        """So many of a unit: `1 hour`."""
        table = table_of(self.language)
        return table.units[unit][table.plural(number)].format(number)

    def size(self, size: int) -> str:
        """A size in bytes: `1 byte`, `999 bytes`, `3.2 MB`.

        Decimal (1 MB = 1,000,000 bytes), as phones and file managers show it.
        """
        if size < 1000:
            return self.unit("byte", size)
        value = float(size)
        for unit in ("kB", "MB", "GB"):
            value /= 1000
            if value < 999.5 or unit == "GB":
                break
        table = table_of(self.language)
        digits = f"{value:.1f}".replace(".", table.decimal) if value < 9.95 else f"{value:.0f}"
        return table.units[unit][-1].format(digits)

    def duration(self, length: timedelta) -> str:
        """How long something lasts, rounded down: `36 hours`, `1 minute`."""
        if length >= 3 * _DAY:
            return self.unit("day", length // _DAY)
        if length >= _HOUR:
            return self.unit("hour", length // _HOUR)
        if length >= _MINUTE:
            return self.unit("minute", length // _MINUTE)
        return self.say("less than a minute")

    def time(self, at: datetime, *, now: datetime | None = None) -> str:
        """A moment to the minute, with its zone: `30 November, 18:20 CET`.

        The year is said unless it is that of `now`.
        """
        local, table = at.astimezone(self.zone), table_of(self.language)
        is_this_year = now is not None and now.astimezone(self.zone).year == local.year
        date = (table.date if is_this_year else table.date_of_year).format(
            day=local.day, month=table.months[local.month - 1], year=local.year
        )
        clock = table.clock.format(hour=local.hour, minute=local.minute)
        return f"{table.moment.format(date=date, clock=clock)} {_zone_name(local)}"


_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def _zone_name(local: datetime) -> str:
    """What the zone is called then: `CET`, or `UTC+3` where it has no name but a number."""
    name = local.tzname()
    if name is not None and name.isalpha():
        return name
    minutes = (local.utcoffset() or timedelta(0)) // _MINUTE
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"
