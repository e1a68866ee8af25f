"""What a header says about its content, all fields taken together."""

from __future__ import annotations

from .header import Header
from .media_type import MediaType
from .parameters import parse_parameterised
from .raw_fields import filename_of
from .transfer_encoding import IDENTITY


def is_file(header: Header, media_type: MediaType) -> bool:
    """Whether a multipart is meant as a file: it has a name, or is an attachment (RFC 2183)."""
    value = header.get("content-disposition")
    disposition = None if value is None else parse_parameterised(value)
    is_attached = disposition is not None and disposition.word == "attachment"
    return is_attached or filename_of(disposition, media_type) is not None


def may_hold_parts(header: Header) -> bool:
    """Whether a message's header has MIME-Version, and no other field about its content.

    Its body may then be a multipart that is not declared.
    """
    return (
        header.first("mime-version") is not None
        and header.first("content-type") is None
        and header.first("content-disposition") is None
        and not is_encoded(header)
    )


def may_lack_empty_line(header: Header, media_type: MediaType) -> bool:
    """Whether what follows a part's last known field is its text, the empty line forgotten.

    Only in a text that is not encoded, and no file. `hp` says that the header repeats the fields
    of the message (RFC 9788), and in older programs `protected-headers` does.
    """
    return (
        media_type.type == "text"
        and media_type.parameters.keys().isdisjoint({"name", "hp", "protected-headers"})
        and header.first("content-disposition") is None
        and not is_encoded(header)
    )


def is_encoded(header: Header) -> bool:
    """Whether a transfer encoding other than 7bit, 8bit and binary is named."""
    named = header.get("content-transfer-encoding")
    return named is not None and named.lower() not in _IDENTITY_NAMES


_IDENTITY_NAMES = frozenset(one.encode("ascii") for one in IDENTITY)
