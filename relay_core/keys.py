"""The names of what is stored: the keys of the buckets, as types and as one layout.

The relay keeps everything under keys that it makes itself. A key is a string with a type of its
own, so that none is taken for another.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NewType

RawKey = NewType("RawKey", str)
"""The key of a raw message in the incoming store."""

AttachmentKey = NewType("AttachmentKey", str)
"""The key of a detached attachment in the attachment store."""

MessageId = NewType("MessageId", str)
"""The relay's name for one mail: the last component of its key in the incoming store."""

INCOMING_PREFIX = "incoming/"
"""Where raw mail lies in the incoming bucket (`infra.relay`)."""

_SAFE_ID = re.compile(r"[A-Za-z0-9._=-]+\Z")
_DIGEST = re.compile(r"=[0-9a-f]{16}\Z")


def message_id_of(raw_key: RawKey) -> MessageId:
    """The relay's name for a mail, harmless in other keys: no two raw keys have the same.

    It is what stands behind `INCOMING_PREFIX`. Of a key that is unlike those of SES it is the last
    component with a digest of the whole, in a form that no other has. Given an id, it is that id.
    """
    name = raw_key.removeprefix(INCOMING_PREFIX)
    if _SAFE_ID.match(name) and (name == raw_key or not _DIGEST.search(name)):
        return MessageId(name)
    harmless = re.sub(r"[^A-Za-z0-9._=-]", "_", raw_key.rpartition("/")[2])
    digest = sha256(raw_key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return MessageId(f"{harmless}={digest}")
