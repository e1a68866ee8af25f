"""The field names that mark a line as a header field, and which may occur once in a header."""

from __future__ import annotations

import re
from enum import Enum

from relay_core.abnf import FTEXT


class Place(Enum):
    """Where a header stands: what may be missing or too much there differs."""

    MESSAGE = "message"
    PART = "part"
    PART_OF_DIGEST = "part of a digest"


# What everybody knows as a field of a message …
KNOWN = re.compile(
    rb"(?i)(?:content-[a-z0-9-]+|x-[%b]+|resent-[a-z-]+|list-[a-z-]+|arc-[a-z-]+"
    rb"|received|received-spf|return-path|from|to|cc|bcc|sender|reply-to|subject|date"
    rb"|message-id|in-reply-to|references|mime-version|keywords|importance|priority"
    rb"|sensitivity|auto-submitted|authentication-results|dkim-signature|user-agent"
    rb"|disposition-notification-to|errors-to|precedence|thread-topic|thread-index"
    rb"|delivered-to|organization|envelope-to)[ \t]*:" % FTEXT.encode()
)
# … and of a part (RFC 2046 section 5.1: no other field has a meaning there).
KNOWN_IN_PART = re.compile(
    rb"(?i)(?:content-[a-z0-9-]+|x-[%b]+|mime-version)[ \t]*:" % FTEXT.encode()
)

ONCE_ONLY = frozenset(
    {
        *("content-disposition", "content-id", "content-transfer-encoding", "content-type"),
        *("bcc", "cc", "date", "from", "in-reply-to", "message-id", "mime-version"),
        *("references", "reply-to", "sender", "subject", "to"),
    }
)
"""Fields that may be in a header once (RFC 5322 section 3.6, RFC 2045); the first counts."""

CONTENT_FIELD = re.compile(rb"(?i)content-[a-z-]+[ \t]*:")
"""How a preamble begins that is really a part whose delimiter is missing."""
