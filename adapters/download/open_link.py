"""A link that somebody has opened, while its request is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.aws.download_links import S3LinkIndex, SsmLinkKeys, read_issued
from relay_core.links.download import LinkStatus, LinkView, OfferedFile, view_link
from relay_core.ports import Manifests
from relay_core.record.manifest import Manifest

from .frame import Frame
from .renewing import ExpiredLink, Renewals
from .status_pages import StatusPage, page_of_link

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


def open_link(
    token: str,
    frame: Frame,
    *,
    keys: SsmLinkKeys,
    index: S3LinkIndex,
    manifests: Manifests,
    renewals: Renewals | None,
    clock: Callable[[], datetime],
) -> OpenLink | ExpiredLink | StatusPage:
    """The link that a token is, one that may be renewed, or what to say instead.

    Raises:
        AdapterError: if the keys, the index or the manifest cannot be read.
    """
    claim = read_issued(token, keys)
    if claim is None:
        return StatusPage.UNKNOWN
    pointer = index.find(claim.message_ref)
    stored = manifests.load(pointer.message_id) if pointer else None
    now = clock()
    view = view_link(claim, stored.manifest if stored else None, now)
    if pointer is None or view.manifest is None or view.recipient is None:
        return page_of_link(view.status)
    if view.status is LinkStatus.AVAILABLE:
        return OpenLink(
            token=token,
            view=view,
            manifest=view.manifest,
            recipient=view.recipient,
            now=now,
            frame=frame,
        )
    if renewals is not None and pointer.base_url and renewals.is_offered(view):
        return ExpiredLink(
            manifest=view.manifest, recipient=view.recipient, base_url=pointer.base_url
        )
    return page_of_link(view.status)
