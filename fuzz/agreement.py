"""The target `agreement`: two foreign parsers read a mail as the relay does.

The parsers are the standard library's `email` and `fast_mail_parser`, which is written in Rust.
A mail that came in may be damaged, and then every parser reads it in its own way. So the law is
about mails that leave no doubt: `email` and the relay find no defect, the transfer encodings are
those of RFC 2045, and both parsers read the same contents.
"""

from __future__ import annotations

import email.policy
import re

from fast_mail_parser import ParseError, parse_email_tree

from relay_core.errors import LimitExceeded, MalformedMessage
from relay_core.mime.message import Message
from relay_core.mime.parsing import parse_message
from tests.core.laws import leaves_of, leaves_of_oracle, oracle_defects, relayed

_ENCODINGS = {b"", b"7bit", b"8bit", b"binary", b"base64", b"quoted-printable"}
# Also CR, blanks, LF: `leaves_of` has taken the blanks between them.
_LINE_END = re.compile(rb"[ \t\r]*\n")


def agreement(data: bytes) -> None:
    """A whole mail: what came in without a doubt, and what goes out, is read alike by all."""
    try:
        message = parse_message(data)
    except (LimitExceeded, MalformedMessage):
        return
    if _is_plain(message) and not oracle_defects(data, email.policy.compat32):
        expected = _of_email(data)
        if expected == _of_native(data):
            assert expected == _of_relay(message)
    result = relayed(data)
    if result is not None:
        outgoing = parse_message(result.outgoing)
        assert leaves_of(outgoing) == leaves_of_oracle(result.outgoing)
        if not _is_prefix_of_a_line(_boundaries(outgoing), result.outgoing):
            assert _of_native(result.outgoing) in (None, _of_relay(outgoing))


def _is_plain(message: Message) -> bool:
    encodings = (leaf.header.get("content-transfer-encoding") for leaf in message.leaves())
    return not message.defects and all(
        (one or b"").strip().lower() in _ENCODINGS for one in encodings
    )


def _boundaries(message: Message) -> list[bytes]:
    types = (entity.media_type for entity in message.entities)
    return [one.boundary for one in types if one.boundary is not None]


def _is_prefix_of_a_line(boundaries: list[bytes], raw: bytes) -> bool:
    """Whether a line only begins as a delimiter does; the native parser takes it for one.

    RFC 2046 section 5.1.1 says so too, and the boundaries of a device stay as they are.
    """
    return any(
        line.startswith(b"--" + boundary)
        and line[len(boundary) + 2 :].removeprefix(b"--").strip(b" \t")
        for boundary in boundaries
        for line in raw.splitlines()
    )


def _of_relay(message: Message) -> list[bytes | None]:
    return [_lines(content) for _, content in leaves_of(message)]


def _of_email(raw: bytes) -> list[bytes | None]:
    return [_lines(content) for _, content in leaves_of_oracle(raw)]


def _of_native(raw: bytes) -> list[bytes | None] | None:
    try:
        pending = [parse_email_tree(raw)]
    except ParseError:
        return None
    found: list[bytes | None] = []
    while pending:
        part = pending.pop()
        if part.content_type.lower().startswith("message/"):
            found.append(None)
        elif part.content is None:
            pending += reversed(part.children)
        else:
            found.append(_lines(part.content))
    return found


def _lines(content: bytes | None) -> bytes | None:
    """`content` with one form of line end: parsers differ about those around a delimiter."""
    return None if content is None else _LINE_END.sub(b"\n", content).strip()
