"""A multipart whose whole body is in a transfer encoding, as some business software sends it.

RFC 2045 section 6.4 forbids that: only the leaves of a multipart are encoded. Read to the letter,
such a mail has no parts, and its reader is shown base64.
"""

from __future__ import annotations

from .decoding import decode_content
from .message import Message
from .transfer_encoding import TransferEncoding

_ENCODINGS = frozenset({TransferEncoding.BASE64, TransferEncoding.QUOTED_PRINTABLE})


def decoded_multipart(message: Message) -> bytes | None:
    """The message with its body decoded, without the field that names the encoding.

    None if the message is no such multipart: its boundary is in its body as it stands, or is not
    in the decoded one either.
    """
    root, raw = message.root, message.raw
    named = root.header.first("content-transfer-encoding")
    boundary, encoding = root.media_type.boundary, root.transfer_encoding
    if named is None or not boundary or encoding is None or encoding not in _ENCODINGS:
        return None
    delimiter = b"--" + boundary
    if root.media_type.type != "multipart" or raw.find(delimiter, *root.body) >= 0:
        return None
    content = b"".join(decode_content(raw, root.body, encoding))
    if not content.startswith(delimiter) and b"\n" + delimiter not in content:
        return None
    return raw[: named.start] + raw[named.end : root.body.start] + content
