"""A delivered mail as its recipient's mail program would show it.

It is read with the standard library, not with the relay's own parser, as an independent check of
what the relay wrote. A mail can hold anything, so it is shown as far as it can be read, in the
worst case as source. The policy is `compat32`, the most tolerant one.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from sandbox.ses.encoded_words import TROUBLE, clean, decode_words

_POLICY = email.policy.compat32
_NAMELESS = "unnamed"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The fields of a mail in a list; empty where the mail has none, or an unreadable one."""

    subject: str
    sender: str
    recipient: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A leaf of the mail that is not a body. `content_id` has no angle brackets."""

    filename: str
    content_type: str
    content: bytes
    content_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """One mail, decoded. `html` and `text` are None where there is no such body.

    `trouble` says why it could not be read completely; empty if it could.
    """

    heading: Heading
    header: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    parts: tuple[Part, ...]
    trouble: str = ""


def read_heading(head: bytes) -> Heading:
    """The heading of a mail, from its first bytes."""
    return _heading(read_header(head))


def read_header(head: bytes) -> tuple[tuple[str, str], ...]:
    """The header fields of a mail, decoded, in their order."""
    try:
        message = BytesHeaderParser(policy=_POLICY).parsebytes(head)
        return tuple((clean(name), decode_words(value)) for name, value in message.items())
    except TROUBLE:
        return ()


def _heading(header: tuple[tuple[str, str], ...]) -> Heading:
    first = {name.lower(): value for name, value in reversed(header)}
    return Heading(
        subject=first.get("subject", ""),
        sender=first.get("from", ""),
        recipient=first.get("to", ""),
        date=_date(first.get("date", "")),
    )


def _date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).isoformat(sep=" ", timespec="minutes")
    except TROUBLE:
        return text


def read_mail(raw: bytes) -> ReadMail:
    """The whole mail."""
    header = read_header(raw)
    try:
        html, text, parts = _read_bodies(email.message_from_bytes(raw, policy=_POLICY))
    except TROUBLE as error:
        return ReadMail(
            heading=_heading(header),
            header=header,
            html=None,
            text=None,
            parts=(),
            trouble=f"Only its source can be shown: reading failed with {type(error).__name__}.",
        )
    return ReadMail(heading=_heading(header), header=header, html=html, text=text, parts=parts)


def _read_bodies(message: Message) -> tuple[str | None, str | None, tuple[Part, ...]]:
    """The first HTML and all text that are not attachments, and all other leaves."""
    html: str | None = None
    texts: list[str] = []
    parts: list[Part] = []
    for leaf in _leaves(message):
        kind, is_body = leaf.get_content_type(), not _is_attachment(leaf)
        if is_body and kind == "text/html" and html is None:
            html = _text_of(leaf)
        elif is_body and kind == "text/plain":
            texts.append(_text_of(leaf))
        else:
            parts.append(_part(leaf))
    return html, "\n".join(texts) if texts else None, tuple(parts)


def _leaves(message: Message) -> Iterator[Message]:
    """The entities that are not multipart, in their order; an embedded message is one leaf."""
    left = [message]
    while left:
        entity = left.pop()
        if entity.is_multipart() and entity.get_content_maintype() == "multipart":
            left += reversed(_inner(entity))
        else:
            yield entity


def _inner(entity: Message) -> list[Message]:
    """The entities inside; none if it could not be split."""
    payload = entity.get_payload()
    return [one for one in payload if isinstance(one, Message)] if entity.is_multipart() else []


def _is_attachment(leaf: Message) -> bool:
    return leaf.get_content_disposition() == "attachment" or leaf.get_filename() is not None


def _part(leaf: Message) -> Part:
    kind = leaf.get_content_type()
    return Part(
        filename=decode_words(leaf.get_filename() or "") or _NAMELESS,
        content_type=kind if _MEDIA_TYPE.fullmatch(kind) else "application/octet-stream",
        content=_content_of(leaf),
        content_id=decode_words(leaf.get("Content-ID", "")).removeprefix("<").removesuffix(">"),
    )


def _content_of(leaf: Message) -> bytes:
    if leaf.is_multipart():  # a message inside the message
        return b"".join(inner.as_bytes() for inner in _inner(leaf))
    payload = leaf.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text_of(leaf: Message) -> str:
    content = _content_of(leaf)
    try:
        return clean(content.decode(leaf.get_content_charset("utf-8"), "replace"))
    except (LookupError, ValueError):  # an unknown charset, or a codec that is not for text
        return content.decode("utf-8", "replace")
