"""Encoded-words in header fields, read and written (RFC 2047)."""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import islice

from relay_core.errors import Span
from relay_core.text.charset_labels import known_charset

from .base64_content import decode_loose_base64
from .header_text import decode_labelled, is_read_alike

_ENCODED_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_ENCODED_WORDS = re.compile(
    r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=(?:[ \t\r\n]*=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)*"
)


def decode_encoded_words(text: str) -> str:
    """Text with its encoded-words decoded (RFC 2047). Never fails.

    White space between adjacent encoded-words is dropped (section 6.2). Adjacent words of
    one charset are joined before they become text, because mailers cut in mid-character. What
    is after the first `MAX_WORDS` stays as it is.
    """
    if "=?" not in text:
        return text
    end = _end_of_words(text)
    return _ENCODED_WORDS.sub(lambda run: _decode_run(run.group()), text[:end]) + text[end:]


MAX_WORDS = 1000
"""How many encoded-words of a value are decoded: each may take 50 µs, and a value be 1 MB."""


def _end_of_words(text: str) -> int:
    """How far a text is decoded."""
    beyond = next(islice(_ENCODED_WORD.finditer(text), MAX_WORDS, None), None)
    return len(text) if beyond is None else beyond.start()


def _decode_run(run: str) -> str:
    return "".join(decode_labelled(content, label) for content, label in _joined_words(run))


def are_read_alike(text: str) -> bool:
    """Whether readers that take labels by the letter decode the encoded-words as they are meant.

    Of words that nobody understands all readers know as little. With more words than are decoded
    they are not.
    """
    return _end_of_words(text) == len(text) and all(
        is_read_alike(content, label)
        for run in _ENCODED_WORDS.findall(text)
        for content, label in _joined_words(run)
    )


def _joined_words(run: str) -> Iterator[tuple[bytes, str | None]]:
    """What adjacent encoded-words of one charset hold together, and that charset's label."""
    charset, pending = "", list[bytes]()
    for match in _ENCODED_WORD.finditer(run):
        word_charset, encoding, payload = match.groups()
        if word_charset.lower() != charset:
            yield b"".join(pending), charset or None
            charset = word_charset.lower()
            pending.clear()
        pending.append(_decode_payload(encoding, _payload_bytes(payload, charset)))
    yield b"".join(pending), charset or None


def _payload_bytes(payload: str, charset: str) -> bytes:
    """What is in an encoded-word, as bytes.

    It should be ASCII. What is not is meant in the word's charset, in which it can be written
    unless it was guessed wrong: then it goes back to the bytes that it was guessed from.
    """
    if not payload.isascii():
        try:
            return payload.encode(known_charset(charset) or "utf-8")
        except UnicodeError:
            return payload.encode("cp1252", "replace")
    return payload.encode("utf-8", "replace")


def _decode_payload(encoding: str, content: bytes) -> bytes:
    if encoding in "bB":
        return b"".join(decode_loose_base64(content, Span(0, len(content))))
    return binascii.a2b_qp(content.replace(b"\r", b"").replace(b"\n", b""), header=True)


_ENCODED_WORD_BYTES = 45
"""How many bytes of UTF-8 fit into one base64 encoded-word of at most 75 characters."""


def encode_unstructured(text: str) -> str:
    """Text as the value of an unstructured field: ASCII, folded (RFC 5322 section 2.2.3).

    Encoded-words where the text is not ASCII, looks like one, or cannot be folded because of a
    long word or many blanks. Control characters become spaces. No line has more than 76
    characters.
    """
    clean = "".join(" " if ord(ch) < 32 or ord(ch) == 127 else ch for ch in text).strip()
    words = clean.split(" ")
    if clean.isascii() and "=?" not in clean and all(len(word) <= 70 for word in words):
        lines = _fold(words)
        if all(len(line) < _MAX_LINE_LENGTH for line in lines):
            return "\r\n ".join(lines)
    return encode_words(clean)


_MAX_LINE_LENGTH = 76
"""Characters of a line with an encoded-word, its first blank included (RFC 2047 section 2)."""


def _fold(words: list[str]) -> list[str]:
    lines, width = [""], 0
    for index, word in enumerate(words):
        if index and width + 1 + len(word) > 66 and word:
            lines.append(word)
            width = len(word)
        else:
            lines[-1] += (" " if index else "") + word
            width = len(lines[-1])
    return lines


def encode_words(text: str) -> str:
    """Text as base64 encoded-words in UTF-8, each at most 75 characters (RFC 2047 section 2).

    CRLF and a blank are between them; no character is split (section 5).
    """
    return "\r\n ".join(_encoded_words(text))


def _encoded_words(text: str) -> Iterator[str]:
    piece = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _ENCODED_WORD_BYTES:
            yield f"=?utf-8?b?{b64encode(piece).decode('ascii')}?="
            piece = b""
        piece += encoded
    yield f"=?utf-8?b?{b64encode(piece).decode('ascii')}?="
