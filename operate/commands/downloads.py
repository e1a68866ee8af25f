"""The downloads of a message, from the download page's records: for `relayctl show`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from operate.presentation.terminal import progress
from operate.stack.parallel import in_parallel
from relay_core.errors import AdapterError
from relay_core.keys import MessageId

if TYPE_CHECKING:  # boto3 is slow to import
    from operate.stack.access import StackAccess


def read_downloads(access: StackAccess, message_id: MessageId) -> Mapping[str, bytes]:
    """The records by their keys, which begin with the time: oldest first.

    Raises:
        AdapterError: if one cannot be read.
    """
    from relay_core.keys import downloads_prefix  # noqa: PLC0415 - see `access`

    keys = [one.key for one in access.attachments.beginning_with(downloads_prefix(message_id))]
    found: dict[str, bytes] = {}
    with progress("Reading downloads", len(keys)) as advance:
        for key, document in in_parallel(access.attachments.read, keys):
            advance(1)
            if isinstance(document, AdapterError):
                raise document
            if document is not None:  # else its retention ended just now
                found[key] = document
    return dict(sorted(found.items()))
