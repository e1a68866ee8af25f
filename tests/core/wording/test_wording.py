"""Texts for recipients: in their language, with times in their zone and plural forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.wording.appearance import Appearance
from relay_core.wording.language import Language, preferred_language
from relay_core.wording.time_zone import time_zone
from relay_core.wording.wording import Wording

EN, DE, FR, PT, JA = (
    Language.ENGLISH,
    Language.GERMAN,
    Language.FRENCH,
    Language.PORTUGUESE,
    Language.JAPANESE,
)
EVENING = datetime(2026, 11, 30, 17, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "language"),
    [
        ("", EN),
        ("de", DE),
        ("de-AT,de;q=0.9,en;q=0.8", DE),
        ("en;q=0.2, fr;q=0.7, de;q=0.5", FR),
        ("PT-br", PT),
        ("sv,ja;q=0.3", JA),
        ("sv, nn;q=0.5", EN),
        ("de;q=0, fr;q=0.1", FR),
        ("*", EN),
        ("*;q=0.5, fr;q=0.1", EN),
        ("de;q=x, fr;q=0.1", FR),
        ("de;q=2, fr;q=0.1", FR),
        ("de;q=nan, fr;q=0.1", FR),
        ("de;level=1, fr;q=0.1", FR),
    ],
)
def test_a_reader_is_answered_in_the_language_liked_best(field: str, language: Language) -> None:
    assert language is preferred_language(field, EN)


@given(st.text(max_size=80), st.sampled_from(Language))
def test_whatever_a_browser_sends_some_language_is_found(field: str, own: Language) -> None:
    assert preferred_language(field, own) in set(Language)


def test_a_time_is_that_of_the_zone_and_names_it() -> None:
    berlin = Wording(zone=time_zone("Europe/Berlin"))
    assert "30 November, 18:20 CET" == berlin.time(EVENING, now=EVENING)
    summer = EVENING - timedelta(days=150)
    assert "3 July, 19:20 CEST" == berlin.time(summer, now=EVENING)
    # Istanbul's zone has a number as its name, Kathmandu's a number with minutes.
    assert "20:20 UTC+3" in Wording(zone=time_zone("Europe/Istanbul")).time(EVENING)
    assert "23:05 UTC+5:45" in Wording(zone=time_zone("Asia/Kathmandu")).time(EVENING)
    assert "13:50 UTC-3:30" in Wording(zone=time_zone("America/St_Johns")).time(EVENING).replace(
        "NST", "UTC-3:30"
    )


def test_the_year_is_shown_where_it_is_another_one() -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    berlin = Wording(zone=time_zone("Europe/Berlin"))
    assert "1 January 2027, 00:30 CET" == berlin.time(new_year, now=EVENING)
    assert "31 December, 23:30 UTC" == Wording().time(new_year, now=EVENING)


@pytest.mark.parametrize("name", ["Mars/Base", "", "/etc/localtime", "../x", "a\0b", "Europe"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a time zone"):
        time_zone(name)


def test_a_machine_without_the_zone_says_utc_rather_than_nothing() -> None:
    assert "17:20 UTC" in Appearance(time_zone="Mars/Base").wording.time(EVENING)


def test_a_text_that_is_not_translated_is_said_in_english() -> None:
    german = Wording(language=DE)
    assert "no such text, 3" == german.say("no such text, {number}", number=3)
    assert "3 owls" == german.say_number("{number} owl", "{number} owls", 3)


def test_a_translation_is_said_with_its_values() -> None:
    german = Wording(language=DE)
    assert "1 Datei" == german.say_number("{number} file", "{number} files", 1)
    assert "2 Dateien" == german.say_number("{number} file", "{number} files", 2)
    assert "Referenz: {x}" == german.say("Reference: {reference}", reference="{x}")


@pytest.mark.parametrize("language", Language)
def test_only_arabic_runs_from_the_right(language: Language) -> None:
    expected = "rtl" if language is Language.ARABIC else "ltr"
    assert expected == Wording(language=language).direction


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (12_345, "12 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (26_214_400, "26 MB"),
        (5_000_000_000, "5.0 GB"),
    ],
)
def test_sizes_read_as_people_write_them(size: int, expected: str) -> None:
    assert expected == Wording().size(size)


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(days=14), "14 days"),
        (timedelta(days=3) - timedelta(seconds=1), "71 hours"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(seconds=3599), "59 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=59), "less than a minute"),
    ],
)
def test_what_is_left_is_never_rounded_up(left: timedelta, text: str) -> None:
    assert text == Wording().duration(left)
