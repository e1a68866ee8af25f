"""Who the relay's own words in a mail are from: organisation, contact, reference, language."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from relay_core.wording.appearance import Appearance
from relay_core.wording.wording import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Who the relay's own words in a mail are from, and which mail they are about.

    `reference` is the mail's reference number, empty where none is known. `now` is when the mail
    is made (aware), None where it is not known: the remaining time of links and the year of a
    date depend on it.
    """

    appearance: Appearance = field(default_factory=Appearance)
    reference: str = ""
    now: datetime | None = None

    @property
    def wording(self) -> Wording:
        """The words of the mail: in the operator's language."""
        return self.appearance.wording


PLAIN = Letterhead()
"""Without organisation, contact and reference, in English."""
