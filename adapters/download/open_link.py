"""A link that somebody has opened, while its request is answered."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from relay_core.links.download import LinkView, OfferedFile
from relay_core.record.manifest import Manifest

from .frame import Frame

NUMBER = re.compile(r"[1-9][0-9]{0,6}\Z")
"""What names a file, or a part of a long list, in a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """A link that is available: its message, who has it, and the files as they are now."""

    token: str
    view: LinkView
    manifest: Manifest
    recipient: str
    now: datetime
    frame: Frame

    def with_files(self, files: tuple[OfferedFile, ...]) -> OpenLink:
        """The same with another state of its files."""
        return replace(self, view=replace(self.view, files=files))

    def file(self, number: str) -> OfferedFile | None:
        """The file of that number, if there is one."""
        place = int(number) - 1 if NUMBER.match(number) else -1
        return self.view.files[place] if 0 <= place < len(self.view.files) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredLink:
    """A link that has expired and whose recipient may ask for another, under `base_url`."""

    view: LinkView
    base_url: str
