"""The catalogues are complete, and the functions' tables equal them and CLDR."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import pytest
from babel import Locale
from babel.dates import format_datetime, format_skeleton
from babel.messages.catalog import Catalog
from babel.units import format_unit

from relay_core.wording.language import Language
from relay_core.wording.wording import Wording, table_of
from translations import LOCALES
from translations.catalogues import load, texts
from translations.tables import FORMS, PLURALS

TRANSLATED = [language for language in Language if language is not Language.ENGLISH]
LANGUAGES = pytest.mark.parametrize("language", Language)
CATALOGUES = pytest.mark.parametrize("language", TRANSLATED)
NUMBERS = [*range(1001), 10_000, 1_000_000, 3_000_000]


Text = str | tuple[str, ...]


def said(catalogue: Catalog) -> Iterator[tuple[Text, Text]]:
    for message in catalogue:
        if message.id:
            yield (
                message.id if isinstance(message.id, str) else tuple(message.id),
                message.string if isinstance(message.string, str) else tuple(message.string or ()),
            )


def forms(text: Text) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def placeholders(text: str) -> list[str]:
    return sorted(set(re.findall(r"\{\w*\}", text)))


@CATALOGUES
def test_every_text_of_the_code_is_translated_and_nothing_else(language: Language) -> None:
    catalogue = dict(said(load(language)))
    assert set(texts()) == set(catalogue)
    number = len(FORMS[PLURALS.get(language, "one_or_other")])
    for text, translation in catalogue.items():
        assert all(forms(translation)), text
        assert (1 if isinstance(text, str) else number) == len(forms(translation)), text


@CATALOGUES
def test_no_placeholder_is_lost_or_invented(language: Language) -> None:
    for text, translation in said(load(language)):
        wanted = placeholders(forms(text)[-1])
        categories = FORMS[PLURALS.get(language, "one_or_other")]
        for place, form in enumerate(forms(translation)):
            # A plural form for one number alone may be a word without the number (Arabic).
            is_word = isinstance(text, tuple) and categories[place] in {"one", "two"}
            found = placeholders(form)
            assert set(found) <= set(wanted), form
            assert is_word or wanted == found, form


@CATALOGUES
def test_a_text_is_html_as_it_stands(language: Language) -> None:
    for text, translation in said(load(language)):
        for form in (*forms(text), *forms(translation)):
            assert not set(form) & set('<>&"'), form
            assert form == form.strip(), form


@CATALOGUES
def test_a_table_has_what_its_catalogue_has(language: Language) -> None:
    kept = {forms(text)[0]: forms(translation) for text, translation in said(load(language))}
    assert kept == {text: forms(one) for text, one in table_of(language).texts.items()}


@LANGUAGES
def test_a_number_asks_for_the_form_of_cldr(language: Language) -> None:
    rule, table = Locale.parse(LOCALES[language]).plural_form, table_of(language)
    categories = FORMS[PLURALS.get(language, "one_or_other")]
    assert [rule(number) for number in NUMBERS] == [
        categories[table.plural(number)] for number in NUMBERS
    ]


UNITS: dict[str, tuple[str, Literal["short", "long", "narrow"]]] = {
    "byte": ("digital-byte", "long"),
    "day": ("duration-day", "long"),
    "hour": ("duration-hour", "long"),
    "minute": ("duration-minute", "long"),
}


@LANGUAGES
def test_sizes_and_durations_are_those_of_cldr(language: Language) -> None:
    locale, wording = LOCALES[language], Wording(language=language)
    for unit, (name, length) in UNITS.items():
        for number in (0, 1, 2, 3, 5, 11, 22, 36, 100, 999):
            expected = format_unit(number, name, length, locale=locale)
            assert expected == wording.unit(unit, number)
    megabytes = format_unit(4.2, "digital-megabyte", "short", locale=locale)
    assert megabytes == wording.size(4_180_000)


@LANGUAGES
def test_dates_are_those_of_cldr(language: Language) -> None:
    locale, wording = LOCALES[language], Wording(language=language)
    for month in range(1, 13):
        at = datetime(2026, month, 3, 8, 5, tzinfo=UTC)
        day = format_skeleton("MMMMd", at, locale=locale)
        of_year = format_skeleton("yMMMMd", at, locale=locale)
        clock = format_datetime(at, Locale.parse(locale).datetime_skeletons["Hm"], locale=locale)
        for text, date in ((wording.time(at, now=at), day), (wording.time(at), of_year)):
            assert text.startswith(date)
            assert text.endswith(f"{clock} UTC")
