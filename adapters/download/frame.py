"""What all pages for one visitor have in common: who speaks, in which words, about which mail."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from relay_core.wording.appearance import Appearance
from relay_core.wording.language import preferred_language
from relay_core.wording.wording import Wording

from .http import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How the pages of one visit appear. `reference` is the mail's, None where none is known."""

    appearance: Appearance = field(default_factory=Appearance)
    wording: Wording = field(default_factory=Wording)
    reference: str | None = None

    def about(self, reference: str) -> Frame:
        """The same, about the mail with that reference number."""
        return replace(self, reference=reference)


PLAIN = Frame()
"""In nobody's name, in English."""


def frame_for(request: Request, appearance: Appearance) -> Frame:
    """The frame for a visitor, in the language that the browser asks for."""
    requested = request.headers.get("accept-language", "")
    language = preferred_language(requested, appearance.language)
    return Frame(appearance=appearance, wording=appearance.wording_in(language))
