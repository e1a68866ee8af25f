"""Messages for tests: devices' mails, built byte by byte, with their expected content.

`mails()` draws a whole mail with the truth about it (`Drawn`): its texts and its attachments
before encoding. The bytes are composed by hand, not by a library, because the library is the
reference that the laws use.

Inner strategies are made once, at the top of the module: one that is made for each draw takes
longer to make and to check than to draw from.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from email.header import Header

from hypothesis import assume
from hypothesis import strategies as st

CRLF = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnAttachment:
    """An attached file; `kept` if it must stay in the mail, `embedded` if it is in a text."""

    filename: str | None
    content_type: str
    content: bytes
    kept: bool = False
    embedded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A mail and the truth about it. `texts` are in reading order, LF line breaks."""

    raw: bytes
    subject: str
    texts: tuple[tuple[str, str], ...]  # (media type, text)
    attachments: tuple[DrawnAttachment, ...]
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    raw: bytes
    texts: tuple[tuple[str, str], ...] = ()
    attachments: tuple[DrawnAttachment, ...] = ()
    recipients: tuple[str, ...] = ()


_PRINTABLE = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Cn", "Co")
)
_WORDS = st.text(_PRINTABLE, max_size=60)
LINES = st.lists(_WORDS, max_size=6).map("\n".join)
SUBJECTS = st.text(_PRINTABLE, max_size=80).map(lambda text: " ".join(text.split()))
FILENAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Cn", "Co")),
    min_size=1,
    max_size=40,
).map(lambda text: " ".join(text.replace("\\", "").replace('"', "").split()) or "x")
CONTENT_TYPES = st.sampled_from(
    ["application/octet-stream", "image/jpeg", "application/pdf", "text/csv", "audio/wav"]
)


_BOUNDARY_TEXTS = st.text("abcXYZ0189'()+_,-./:=? ", min_size=1, max_size=40).filter(
    lambda value: not value.endswith(" ") and not value.startswith((" ", "-"))
)
# Long enough not to occur in content by chance.
_BOUNDARY_ENDS = st.integers(0, 10**9).map(lambda value: value.to_bytes(5, "big").hex().encode())


@st.composite
def boundaries(draw: st.DrawFn) -> bytes:
    """A boundary (RFC 2046 section 5.1.1), blanks inside included, as in the field."""
    return b"=_" + draw(_BOUNDARY_TEXTS).encode() + b"_" + draw(_BOUNDARY_ENDS)


_TEXT_KINDS = st.sampled_from(["plain", "html"])
_TEXT_CHARSETS = st.sampled_from(["utf-8", "iso-8859-1", "us-ascii", "utf-16"])
FOR_BINARY = st.sampled_from(["base64", "quoted-printable"])
FOR_TEXT = st.sampled_from(["base64", "quoted-printable", "8bit"])
"""The transfer encodings of content with any bytes, and of text with its line breaks."""


@st.composite
def text_parts(draw: st.DrawFn) -> Part:
    kind = draw(_TEXT_KINDS)
    text = draw(LINES)
    charset = draw(_TEXT_CHARSETS)
    try:
        content = text.replace("\n", "\r\n").encode(charset)
    except UnicodeEncodeError:
        charset, content = "utf-8", text.replace("\n", "\r\n").encode()
    encoding, body = encoded(draw, content, FOR_BINARY if charset == "utf-16" else FOR_TEXT)
    raw = CRLF.join(
        [
            f"Content-Type: text/{kind}; charset={charset}".encode(),
            b"Content-Transfer-Encoding: " + encoding,
            b"",
            body,
        ]
    )
    return Part(raw=raw, texts=((f"text/{kind}", text),))


_WIDTHS = st.sampled_from([4, 60, 72, 76, 512])
_SPELLINGS: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, str.upper, str.title])


def encoded(
    draw: st.DrawFn, content: bytes, encodings: st.SearchStrategy[str]
) -> tuple[bytes, bytes]:
    """The name of a transfer encoding in some spelling, and the content encoded by it."""
    name = draw(encodings)
    if name == "base64":
        width = draw(_WIDTHS)
        whole = base64.b64encode(content)
        body = CRLF.join(whole[i : i + width] for i in range(0, len(whole), width))
    elif name == "quoted-printable":
        lines = content.split(CRLF)
        body = CRLF.join(
            binascii.b2a_qp(line, istext=False).replace(b"=\n", b"=\r\n") for line in lines
        )
    else:
        body = content
    return draw(_SPELLINGS)(name).encode(), body


def _file_parameter(name: str, value: str, form: str) -> bytes:
    if form == "2231":
        quoted = "".join(f"%{byte:02X}" for byte in value.encode())
        return f"{name}*=utf-8''{quoted}".encode()
    if form == "2231-continued":
        pieces = [value[i : i + 10] for i in range(0, len(value), 10)]
        return b";\r\n ".join(
            f"{name}*{i}*=".encode()
            + (b"utf-8''" if i == 0 else b"")
            + "".join(f"%{byte:02X}" for byte in piece.encode()).encode()
            for i, piece in enumerate(pieces)
        )
    if form == "encoded-word":
        return (
            f'{name}="'.encode() + Header(value, "utf-8", maxlinelen=1000).encode().encode() + b'"'
        )
    return f'{name}="'.encode() + value.encode() + b'"'


_MAYBE_FILENAMES = st.none() | FILENAMES
_FILES = st.binary(max_size=400) | st.binary(min_size=3000, max_size=3003)
_FOR_FILES = st.sampled_from(["base64", "base64", "quoted-printable"])
_NAMED_IN = st.sampled_from(["disposition", "name", "both"])
_NAME_FORMS = st.sampled_from(["2231", "2231-continued", "encoded-word", "raw"])
_ORDERS = {count: st.permutations(range(count)) for count in range(1, 6)}


def _in_any_order(draw: st.DrawFn, lines: list[bytes]) -> list[bytes]:
    return [lines[index] for index in draw(_ORDERS[len(lines)])]


@st.composite
def attachment_parts(draw: st.DrawFn) -> Part:
    filename = draw(_MAYBE_FILENAMES)
    content_type = draw(CONTENT_TYPES)
    content = draw(_FILES)
    encoding, body = encoded(draw, content, _FOR_FILES)
    lines = [b"Content-Transfer-Encoding: " + encoding]
    where = draw(_NAMED_IN)
    disposition, parameter = b"attachment", b""
    if filename is not None:
        form = draw(_NAME_FORMS)
        parameter = b"; " + _file_parameter("name", filename, form)
        disposition += b"; " + _file_parameter("filename", filename, form)
        if where == "name":
            disposition = b"inline"
    lines.append(
        b"Content-Type: " + content_type.encode() + (parameter if where != "disposition" else b"")
    )
    if filename is None or where != "name" or draw(st.booleans()):
        lines.append(b"Content-Disposition: " + disposition)
    raw = CRLF.join([*_in_any_order(draw, lines), b"", body])
    drawn = DrawnAttachment(filename=filename, content_type=content_type, content=content)
    return Part(raw=raw, attachments=(drawn,))


BOUNDARIES = boundaries()
TEXT_PARTS = text_parts()
ATTACHMENT_PARTS = attachment_parts()
_SUBTYPES = st.sampled_from(["mixed", "alternative", "related", "mixed"])
_PREAMBLES = st.sampled_from([b"", b"This is a multi-part message.\r\n", b"\r\n"])
_EPILOGUES = st.sampled_from([b"", b"\r\n", b"\r\nThe end.\r\n"])


def part_lists(children: st.SearchStrategy[Part]) -> st.SearchStrategy[list[Part]]:
    """The parts of a multipart."""
    return st.lists(children, min_size=1, max_size=4)


@st.composite
def _multiparts(draw: st.DrawFn, lists: st.SearchStrategy[list[Part]]) -> Part:
    parts = draw(lists)
    boundary = draw(BOUNDARIES)
    assume(all(boundary not in part.raw for part in parts))
    subtype = draw(_SUBTYPES)
    preamble = draw(_PREAMBLES)
    epilogue = draw(_EPILOGUES)
    pieces = [
        b"Content-Type: multipart/" + subtype.encode() + b';\r\n boundary="' + boundary + b'"',
        b"",
    ]
    body = preamble
    for part in parts:
        body += b"--" + boundary + CRLF + part.raw + CRLF
    body += b"--" + boundary + b"--" + epilogue
    return Part(
        raw=CRLF.join([*pieces, body]),
        texts=tuple(text for part in parts for text in part.texts),
        attachments=tuple(one for part in parts for one in part.attachments),
    )


PARTS: st.SearchStrategy[Part] = st.recursive(
    TEXT_PARTS | ATTACHMENT_PARTS,
    lambda children: _multiparts(part_lists(children)),
    max_leaves=8,
)


@st.composite
def mails(draw: st.DrawFn, parts: st.SearchStrategy[Part] = PARTS) -> Drawn:
    """A whole mail around some part."""
    subject = draw(SUBJECTS)
    part = draw(parts)
    header = [
        b"Return-Path: <sensor@plant.example>",
        b"From: Sensor 7 <sensor@plant.example>",
        b"To: devices@in.example.com",
        b"MIME-Version: 1.0",
    ]
    if subject:
        header.append(b"Subject: " + Header(subject, "utf-8").encode(linesep="\r\n").encode())
    raw = CRLF.join([*_in_any_order(draw, header), part.raw])
    return Drawn(
        raw=raw,
        subject=subject,
        texts=part.texts,
        attachments=part.attachments,
        recipients=part.recipients,
    )


TOKENS = st.binary(min_size=12, max_size=12).map(lambda value: value.hex().encode())
"""24 bytes that occur nowhere else, to be searched for where no attachment may be left."""
CONTENTS = st.tuples(TOKENS, st.binary(max_size=300)).map(b"".join)
ADDRESSES = st.tuples(
    st.sampled_from(["guard", "ops", "night.shift", "o'neill", "a+b", "x_y-z"]),
    st.sampled_from(["example.org", "example.net", "mail.example.com"]),
).map("@".join)


def header(*lines: bytes) -> bytes:
    return CRLF.join([*lines, b"", b""])
