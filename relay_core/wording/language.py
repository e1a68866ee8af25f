"""The languages that recipients are written to in, and which one a reader prefers."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """A language by its tag (BCP 47)."""

    ENGLISH = "en"
    GERMAN = "de"
    FRENCH = "fr"
    SPANISH = "es"
    ITALIAN = "it"
    PORTUGUESE = "pt"
    DUTCH = "nl"
    POLISH = "pl"
    TURKISH = "tr"
    JAPANESE = "ja"
    ARABIC = "ar"


_MAX_FIELD_LENGTH = 1000  # characters of a field that are read; browsers send some dozens


def preferred_language(accept_language: str, otherwise: Language) -> Language:
    """The language that an Accept-Language field likes best (RFC 9110 section 12.5.4).

    Of languages liked as well as each other the first counts. A region makes no difference:
    `pt-PT` is `pt`. `otherwise` stands for `*`, and for a field that names none that there is.
    """
    best, found = 0.0, otherwise
    for one in accept_language[:_MAX_FIELD_LENGTH].split(","):
        tag, _, parameters = one.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        language = otherwise if primary == "*" else _BY_TAG.get(primary)
        quality = _quality(parameters)
        if language is not None and quality > best:
            best, found = quality, language
    return found


_BY_TAG = {language.value: language for language in Language}


def _quality(parameters: str) -> float:
    """The weight of a range: 1 if it has none, 0 if it has one that cannot be read."""
    name, equals, value = parameters.partition("=")
    if not equals:
        return 1.0
    try:
        quality = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
