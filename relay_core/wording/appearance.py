"""Who speaks to recipients, and how: what an operator sets, and nothing that a sender can choose.

The fields travel as environment variables to both functions that speak to recipients
(`relay_core.environment`). `Settings` has them too, and checks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache

from relay_core.environment import Problem, from_environment

from .colour import is_colour
from .language import Language
from .time_zone import time_zone
from .wording import Wording

ACCENT = "#14508c"
MAX_NAME_LENGTH, MAX_CONTACT_LENGTH = 80, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """How the relay appears to recipients.

    `organisation` is the name that it speaks in, `contact` a line that says whom to ask: text, an
    e-mail address or an https URL. `accent_colour` is that of buttons and links. `time_zone` is
    the name of one in the IANA database, checked where the stack is configured.
    """

    organisation: str | None = None
    contact: str | None = None
    accent_colour: str = ACCENT
    language: Language = Language.ENGLISH
    time_zone: str = "UTC"

    @property
    def wording(self) -> Wording:
        """The wording in the operator's own language."""
        return self.wording_in(self.language)

    def wording_in(self, language: Language) -> Wording:
        """The wording in that language."""
        return _wording(language, self.time_zone)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Appearance:
        """Read it back.

        Raises:
            InvalidSettings: naming each variable that cannot be read.
        """
        return cls(**from_environment(cls, environment))


@lru_cache(maxsize=16)
def _wording(language: Language, name: str) -> Wording:
    try:
        zone: tzinfo = time_zone(name)
    except ValueError:
        # It was checked at the desk; a machine without the zone says UTC, which is as true.
        zone = UTC
    return Wording(language=language, zone=zone)


def appearance_problems(appearance: Appearance) -> Iterator[Problem]:
    """Every rule that an appearance breaks."""
    for name, longest in (("organisation", MAX_NAME_LENGTH), ("contact", MAX_CONTACT_LENGTH)):
        value = getattr(appearance, name)
        if value is not None and not _is_line(value, longest):
            yield Problem(
                field=name, value=value, rule=f"must be one line of 1 to {longest} characters"
            )
    if not is_colour(appearance.accent_colour):
        yield Problem(
            field="accent_colour",
            value=appearance.accent_colour,
            rule=f"must be # and six hexadecimal digits, as {ACCENT}",
        )


def _is_line(value: str, longest: int) -> bool:
    return len(value.strip()) > 0 and len(value) <= longest and value.isprintable()
