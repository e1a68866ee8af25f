"""In whose name the relay speaks in a mail, and about which mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from relay_core.wording.appearance import Appearance
from relay_core.wording.wording import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What the relay's own words in a mail begin and end with.

    `reference` is the mail's reference number, empty where none is known. `now` is when the mail
    is made, None where nobody knows: it tells how long a link is good, and which year is this.
    """

    appearance: Appearance = field(default_factory=Appearance)
    reference: str = ""
    now: datetime | None = None

    @property
    def wording(self) -> Wording:
        """The words of the mail: in the operator's language."""
        return self.appearance.wording


PLAIN = Letterhead()
"""In nobody's name, in English."""
