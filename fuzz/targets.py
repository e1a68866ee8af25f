"""The fuzz targets: four functions that raise when a law is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fuzz.agreement import agreement
from relay_core.attachments.safe_name import MAX_NAME, MAX_NAME_BYTES, safe_name
from relay_core.errors import Span
from relay_core.mime.encoded_words import decode_encoded_words, encode_unstructured
from relay_core.mime.media_type import parse_media_type
from relay_core.mime.parameter_writing import format_parameterised
from relay_core.mime.parameters import parse_parameterised
from relay_core.mime.parsing import parse_message
from relay_core.mime.transfer_encoding import parse_transfer_encoding
from relay_core.recipient_code import Found, find_in_html, find_in_text, format_error
from relay_core.text.spans import cut
from tests.core.laws import MAX_LINE, check_any_bytes, check_rewriting_is_done

MARKER = "Email_Rxers_Code"


def mail(data: bytes) -> None:
    """A whole mail: parsed, planned, its attachments decoded, rewritten, and rewritten again."""
    result = check_any_bytes(data)
    if result is not None:
        check_rewriting_is_done(result)


def recipient_code(data: bytes) -> None:
    """A body of text and of HTML: every found code is removed completely."""
    # A short alias of the marker lets the fuzzer try more in the same number of bytes.
    body = data.decode("utf-8", "replace").replace("~", MARKER)
    for find in (find_in_text, find_in_html):
        found = find(body, (MARKER,))
        _check_spans(found.removals, len(body))
        _check_errors(found, body)
        again = find(cut(body, found.removals), (MARKER,))
        assert not again.codes


def header(data: bytes) -> None:
    """The parts of a header alone: each field's value, line breaks included."""
    media_type = parse_media_type(data)
    assert media_type.full.isascii()
    assert media_type.full == media_type.full.lower()
    parameterised = parse_parameterised(data)
    word = parameterised.word if parameterised.word.isalpha() else "attachment"
    if word.isascii():
        _check_line(format_parameterised(word, parameterised.parameters))
    parse_transfer_encoding(data.decode("latin-1"))
    text = decode_encoded_words(data.decode("utf-8", "replace"))
    written = encode_unstructured(text)
    _check_line(written)
    name = safe_name(text, media_type.full, 7)
    assert 0 < len(name) <= MAX_NAME
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name == safe_name(name, media_type.full, 7)
    if data.strip():
        parse_message(data)


def _check_spans(spans: Iterable[Span], length: int) -> None:
    position = 0
    for span in spans:
        assert position <= span.start < span.end <= length
        position = span.end


def _check_errors(found: Found, body: str) -> None:
    for code in found.codes:
        for error in code.errors:
            assert 0 <= error.span.start <= error.span.end <= len(body)
            format_error(body, error)


def _check_line(written: str) -> None:
    assert written.isascii()
    for line in written.split("\r\n"):
        assert line.isprintable() or "\t" in line
        assert len(line) <= MAX_LINE


Target = Callable[[bytes], None]

TARGETS: dict[str, Target] = {
    "mail": mail,
    "recipient-code": recipient_code,
    "header": header,
    "agreement": agreement,
}
