"""Texts as they go out: the words that are left, their bytes and the fields that describe them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from relay_core.addresses.secrecy import conceal
from relay_core.attachments.leaves import is_body, is_prose
from relay_core.attachments.long_text import LongText, Removals
from relay_core.html.meta_charset import with_meta_charset
from relay_core.mime.base64_content import encode_base64
from relay_core.mime.encoding import encode_text_content
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.mime.parameter_writing import format_parameterised
from relay_core.mime.parameters import Parameterised
from relay_core.mime.transfer_encoding import TransferEncoding
from relay_core.mime.uuencode import quote_uuencoded
from relay_core.recipient_code import Markers, find_in_html, find_in_text
from relay_core.text.charsets import encode_text, encode_unread
from relay_core.text.reading import DecodedText, Reading, decode_text
from relay_core.text.spans import cut

from .boundaries import has_delimiter


def texts_left(
    message: Message,
    removals: Mapping[Entity, Removals],
    *,
    markers: Markers,
    secrets: tuple[str, ...],
    detached: AbstractSet[Entity],
) -> tuple[dict[Entity, str], dict[Entity, Reading]]:
    """The texts that lose something, without it; and how they are read where this differs.

    What goes are the `removals`, and `secrets`: addresses that no text may spell. Where the rest
    is read in another charset, codes in it go too; they name nobody, as in `cut_split_codes`.
    """
    texts: dict[Entity, str] = {}
    readings: dict[Entity, Reading] = {}
    for entity, removed in removals.items():
        if not isinstance(removed, LongText):
            whole = message.text(entity)
            rest = DecodedText(cut(whole.text, removed), whole.reading)
        elif removed.shown is not None:
            rest = DecodedText(removed.shown, removed.reading)
        else:
            continue
        left = _read_rest(message, entity, *rest)
        text = left.text if left.text == rest.text else _without_codes(entity, left.text, markers)
        texts[entity] = quote_uuencoded(text)
        readings[entity] = left.reading
    for entity in message.leaves() if secrets else ():
        # An invitation that stays is a text, too.
        is_text = is_body(entity) or entity.media_type.subtype.endswith("calendar")
        if is_text and entity not in detached:
            text = texts[entity] if entity in texts else message.text(entity).text
            if (concealed := conceal(text, secrets)) != text:
                texts[entity] = concealed
    return texts, readings


def _read_rest(message: Message, entity: Entity, text: str, reading: Reading) -> DecodedText:
    """What is left of a text. It is read again where what was removed may have misled.

    That is a text that is not understood, and one with escapes of ISO-2022-JP, which count in a
    text of 7 bits only.
    """
    label = entity.media_type.parameters.get("charset")
    if not reading.is_understood:
        content = encode_unread(text, label, is_html=entity.media_type.subtype == "html")
    elif _ESCAPE in text:
        label, content = encode_text(text, reading.charset)
    else:
        return DecodedText(text, reading)
    again = decode_text(
        content, label, message.hints(entity), may_take_long=message.may_take_long(entity)
    )
    return again if again.reading.is_understood else DecodedText(text, reading)


_ESCAPE = "\x1b$"


def _without_codes(entity: Entity, text: str, markers: Markers) -> str:
    find = find_in_html if entity.media_type.full == "text/html" else find_in_text
    return cut(text, find(text, markers).removals)


class WrittenText(NamedTuple):
    """Encoded content, and the fields that describe it; None is a field that must not be there."""

    content: bytes
    fields: dict[str, str | None]


def write_text(
    entity: Entity,
    text: str,
    full: str,
    reading: Reading,
    *,
    boundaries: Collection[bytes],
    is_note: bool = False,
) -> WrittenText:
    """A text of type `full` in the place of an entity; a note takes the place of a file.

    A text that is not understood keeps its bytes and its label. `boundaries` are those of the
    whole message: a text with a line that one of them would be found in becomes base64.
    """
    is_html = full == "text/html"
    written = set() if is_note else {"format", "delsp"}
    parameters: dict[str, str] = {}
    if reading.is_understood:
        name, content = encode_text(text, reading.charset)
        if is_html and (named := with_meta_charset(text, name)) != text:
            content = named.encode(name)
        parameters["charset"] = name
    else:
        label = entity.media_type.parameters.get("charset")
        content = encode_unread(text, label, is_html=is_html)
        written.add("charset")
    encoding, encoded = encode_text_content(content)
    if encoding is not TransferEncoding.BASE64 and has_delimiter(encoded, boundaries):
        encoding, encoded = TransferEncoding.BASE64, encode_base64([content])
    parameters |= {
        name: value
        for name, value in entity.media_type.parameters.items()
        if name in written or not (is_note or is_prose(entity) or name == "charset")
    }
    fields: dict[str, str | None] = {
        "content-type": format_parameterised(full, parameters),
        "content-transfer-encoding": str(encoding),
        "content-md5": None,
    }
    if is_note:
        fields |= {"content-disposition": None, "content-id": None, "content-location": None}
    elif entity.media_type.type == "multipart" or _is_named(entity.disposition):
        fields["content-disposition"] = None  # a text that has a name is an attachment
    return WrittenText(encoded, fields)


def _is_named(disposition: Parameterised | None) -> bool:
    if disposition is None:
        return False
    names = {"filename"} if disposition.word == "form-data" else {"filename", "name"}
    return not names.isdisjoint(disposition.parameters)
