"""The layout of both buckets: the keys in them, each kind with a type of its own.

The incoming bucket holds raw mail as SES wrote it, and beside it what no retention ends:

    incoming/<SES's name for the mail>       raw messages
    suppression/addresses.json               addresses that nothing is sent to
    address-use/weeks.json                   who used a previous address or a closed label

The attachments bucket holds what the relay makes of them, all of which ends with its retention:

    attachments/<message>/<place>/<name>     detached files
    archives/<message>/<digest>.zip          many files of a message as one
    manifests/<message>.json                 what was promised and what was done
    windows/<window>.json                    what happened in a window of time
    links/<reference>                        which message a download link leads to
    downloads/<message>/<moment>.json        what was downloaded

`infra` grants rights by the same prefixes, and expires objects by them.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final, NewType

RawKey = NewType("RawKey", str)
"""The key of a raw message in the incoming store."""

AttachmentKey = NewType("AttachmentKey", str)
"""The key of a detached attachment in the attachment store."""

MessageId = NewType("MessageId", str)
"""The relay's name for one mail: the last component of its key in the incoming store."""

WindowKey = NewType("WindowKey", str)
"""The name of one window's record, harmless in keys."""

INCOMING_PREFIX: Final = "incoming/"
SUPPRESSION_PREFIX: Final = "suppression/"
ADDRESS_USE_PREFIX: Final = "address-use/"

ATTACHMENTS_PREFIX: Final = "attachments/"
ARCHIVES_PREFIX: Final = "archives/"
MANIFESTS_PREFIX: Final = "manifests/"
WINDOWS_PREFIX: Final = "windows/"
LINKS_PREFIX: Final = "links/"
DOWNLOADS_PREFIX: Final = "downloads/"

_SAFE_ID = re.compile(r"[A-Za-z0-9._=-]+\Z")
_DIGEST = re.compile(r"=[0-9a-f]{16}\Z")
_JSON = ".json"


def message_id_of(raw_key: RawKey) -> MessageId:
    """The relay's name for a mail, harmless in other keys: no two raw keys have the same.

    It is the key without `INCOMING_PREFIX`. Of a key that is unlike those of SES it is the last
    component with a digest of the whole, in a form that no other has. Given an id, it is that id.
    """
    name = raw_key.removeprefix(INCOMING_PREFIX)
    if _SAFE_ID.match(name) and (name == raw_key or not _DIGEST.search(name)):
        return MessageId(name)
    harmless = re.sub(r"[^A-Za-z0-9._=-]", "_", raw_key.rpartition("/")[2])
    digest = sha256(raw_key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return MessageId(f"{harmless}={digest}")


def attachments_prefix(message_id: MessageId) -> str:
    """What the keys of a message's files begin with."""
    return f"{ATTACHMENTS_PREFIX}{message_id}/"


def attachment_key(message_id: MessageId, place: str, name: str) -> AttachmentKey:
    """The key of a message's file; `place` distinguishes files of one name."""
    return AttachmentKey(f"{attachments_prefix(message_id)}{place}/{name}")


def archive_key(message_id: MessageId, digest: str) -> AttachmentKey:
    """The key of an archive of a message's files; `digest` says of which."""
    return AttachmentKey(f"{ARCHIVES_PREFIX}{message_id}/{digest}.zip")


def manifest_key(message_id: MessageId) -> str:
    """The key of a message's manifest."""
    return f"{MANIFESTS_PREFIX}{message_id}{_JSON}"


def manifest_prefix(beginning: str = "") -> str:
    """What the keys of all manifests begin with whose message ids begin so."""
    return f"{MANIFESTS_PREFIX}{beginning}"


def message_id_in(key: str) -> MessageId | None:
    """The message whose manifest has this key; the inverse of `manifest_key`."""
    name = MessageId(key.removeprefix(MANIFESTS_PREFIX).removesuffix(_JSON))
    return name if key == manifest_key(name) else None


def window_key(key: WindowKey, prefix: str = WINDOWS_PREFIX) -> str:
    """The key of a window's record."""
    return f"{prefix}{key}{_JSON}"


def link_key(reference: str) -> str:
    """The key under which a link's reference to a message leads to it."""
    return f"{LINKS_PREFIX}{reference}"


def downloads_prefix(message_id: MessageId) -> str:
    """What the keys of the records of a message's downloads begin with."""
    return f"{DOWNLOADS_PREFIX}{message_id}/"
