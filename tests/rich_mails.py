"""Mails that the standard library reads differently from people.

`rich_mails()` draws all that `mails()` does (`tests.strategies`) and more: uuencoded files in a
text, messages in messages, signed and encrypted parts, unusual charsets, boundaries that are
folded or not declared, and recipient codes.
"""

from __future__ import annotations

import base64
import binascii

from hypothesis import assume
from hypothesis import strategies as st

from tests.strategies import (
    ADDRESSES,
    ATTACHMENT_PARTS,
    BOUNDARIES,
    CONTENTS,
    CRLF,
    FOR_BINARY,
    FOR_TEXT,
    TEXT_PARTS,
    TOKENS,
    Drawn,
    DrawnAttachment,
    Part,
    encoded,
    header,
    mails,
    part_lists,
)


def _coded(kind: str, text: str, recipients: tuple[str, ...]) -> str:
    if not recipients:
        return text
    code = f":Email_Rxers_Code:{','.join(recipients)}:Email_Rxers_Code:"
    return f"<p>{code}</p>\n{text}" if kind == "html" else f"{code}\n{text}"


_CODED_KINDS = st.sampled_from(["plain", "plain", "html"])
_RECIPIENTS = st.lists(ADDRESSES, min_size=1, max_size=3, unique=True).map(tuple)
_CHARSETS = st.sampled_from(
    [
        ("cp-850", "cp850", "Tür 3 offen"),
        ("windows-1252", "cp1252", "Tür 3: 5 €"),
        ("koi8-r", "koi8-r", "Дверь 3"),
        ("iso-2022-jp", "iso-2022-jp", "扉 3"),
        ("Shift_JIS", "shift_jis", "扉 3"),
        ("gb2312", "gb2312", "门 3"),
        ("utf-16le", "utf-16le", "Tür 3"),
        ("x-nobody-knows", "ascii", "Gate 3"),
        ('""', "ascii", "Gate 3"),
        ("us-ascii", "utf-8", "Tür 3"),
    ]
)
_TEXT_FORMS = st.sampled_from(["", "{0}", "{0}\n\n{0}"])
_FLOWED = st.sampled_from([b"", b"", b"; format=flowed; delsp=yes"])


@st.composite
def coded_texts(draw: st.DrawFn) -> Part:
    """A text with a recipient code, in a charset that devices use."""
    kind = draw(_CODED_KINDS)
    recipients = draw(_RECIPIENTS)
    charset, codec, words = draw(_CHARSETS)
    text = _coded(kind, draw(_TEXT_FORMS).format(words), recipients)
    content = text.replace("\n", "\r\n").encode(codec)
    encoding, body = encoded(draw, content, FOR_BINARY if codec == "utf-16le" else FOR_TEXT)
    flowed = draw(_FLOWED)
    raw = (
        header(
            b"Content-Type: text/" + kind.encode() + b"; charset=" + charset.encode() + flowed,
            b"Content-Transfer-Encoding: " + encoding,
        )
        + body
    )
    return Part(raw=raw, texts=((f"text/{kind}", text),), recipients=recipients)


UU_NAMES = st.text("abcXYZ019._- ", min_size=1, max_size=12).map(
    lambda name: " ".join(name.split()) or "log"
)


def uuencoded(name: str, content: bytes, *, backtick: bool) -> str:
    """A file as `uuencode` writes it, LF line breaks."""
    lines = [
        binascii.b2a_uu(content[i : i + 45], backtick=backtick).decode()
        for i in range(0, len(content), 45)
    ]
    return f"begin 644 {name}\n{''.join(lines)}{'`' if backtick else ' '}\nend\n"


_WORDS_BEFORE = st.sampled_from(["", "The log:\n", "Tür 3\n\n"])
_WORDS_BEHIND = st.sampled_from(["", "Bye"])
_TEXT_ENCODINGS = st.sampled_from(["8bit", "base64", "quoted-printable"])


@st.composite
def texts_with_files(draw: st.DrawFn) -> Part:
    """A text with uuencoded files."""
    pieces: list[str] = []
    attachments: list[DrawnAttachment] = []
    for _ in range(draw(st.integers(1, 2))):
        name, content = draw(UU_NAMES), draw(CONTENTS)
        pieces += [
            draw(_WORDS_BEFORE),
            uuencoded(name, content, backtick=draw(st.booleans())),
        ]
        attachments.append(
            DrawnAttachment(
                filename=name,
                content_type="application/octet-stream",
                content=content,
                embedded=True,
            )
        )
    text = "".join(pieces) + draw(_WORDS_BEHIND)
    encoding, body = encoded(draw, text.replace("\n", "\r\n").encode(), _TEXT_ENCODINGS)
    raw = (
        header(
            b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: " + encoding
        )
        + body
    )
    return Part(raw=raw, texts=(("text/plain", text),), attachments=tuple(attachments))


_UU_ENCODINGS = st.sampled_from([b"x-uuencode", b"X-UUE", b"uuencode"])


@st.composite
def uuencoded_parts(draw: st.DrawFn) -> Part:
    """An attachment whose transfer encoding is x-uuencode."""
    name, content = draw(UU_NAMES), draw(CONTENTS)
    spelled = draw(_UU_ENCODINGS)
    raw = (
        header(
            b'Content-Type: application/x-log; name="' + name.encode() + b'"',
            b"Content-Transfer-Encoding: " + spelled,
        )
        + uuencoded(name, content, backtick=draw(st.booleans())).replace("\n", "\r\n").encode()
    )
    attachment = DrawnAttachment(filename=name, content_type="application/x-log", content=content)
    return Part(raw=raw, attachments=(attachment,))


_INNER_PARTS = TEXT_PARTS | ATTACHMENT_PARTS


@st.composite
def inner_messages(draw: st.DrawFn) -> bytes:
    """A message inside another one."""
    token = draw(TOKENS)
    part = draw(_INNER_PARTS)
    return CRLF.join(
        [b"From: a@plant.example", b"Subject: " + token, b"MIME-Version: 1.0", part.raw]
    )


INNER_MESSAGES = inner_messages()
_MAYBE_UU_NAMES = st.none() | UU_NAMES
_MESSAGE_ENCODINGS = st.sampled_from(["base64", "8bit"])


@st.composite
def message_parts(draw: st.DrawFn) -> Part:
    """A message/rfc822 entity, plain or in base64, which RFC 2046 forbids but Outlook writes."""
    content = draw(INNER_MESSAGES)
    filename = draw(_MAYBE_UU_NAMES)
    fields = [b"Content-Type: message/rfc822"]
    if filename is not None:
        fields.append(b'Content-Disposition: attachment; filename="' + filename.encode() + b'"')
    encoding, body = encoded(draw, content, _MESSAGE_ENCODINGS)
    if encoding.lower() == b"base64" or draw(st.booleans()):
        fields.append(b"Content-Transfer-Encoding: " + encoding)
    attachment = DrawnAttachment(filename=filename, content_type="message/rfc822", content=content)
    return Part(raw=header(*fields) + body, attachments=(attachment,))


def _file(content_type: str, content: bytes, *fields: bytes, kept: bool = False) -> Part:
    whole = base64.b64encode(content)
    raw = header(
        b"Content-Type: " + content_type.encode(), b"Content-Transfer-Encoding: base64", *fields
    ) + CRLF.join(whole[i : i + 76] for i in range(0, len(whole), 76))
    full = content_type.partition(";")[0]
    attachment = DrawnAttachment(filename=None, content_type=full, content=content, kept=kept)
    return Part(raw=raw, attachments=(attachment,))


def _text(text: str, kind: str = "plain") -> Part:
    raw = header(f"Content-Type: text/{kind}".encode()) + text.replace("\n", "\r\n").encode()
    return Part(raw=raw, texts=((f"text/{kind}", text),))


def _composite(
    content_type: bytes, boundary: bytes, parts: list[Part], *, declared: bytes | None
) -> Part:
    """A multipart; `declared` is the boundary parameter as written, None to leave it out."""
    if declared is not None:
        content_type += b"; boundary=" + declared
    body = b"".join(b"--" + boundary + CRLF + part.raw + CRLF for part in parts)
    return Part(
        raw=header(b"Content-Type: " + content_type) + body + b"--" + boundary + b"--",
        texts=tuple(text for part in parts for text in part.texts),
        attachments=tuple(one for part in parts for one in part.attachments),
        recipients=tuple(dict.fromkeys(one for part in parts for one in part.recipients)),
    )


MESSAGE_PARTS = message_parts()
_NUMBERS = st.integers(0, 10**9).map(lambda value: value.to_bytes(5, "big").hex().encode())
_SPECIAL_KINDS = st.sampled_from(
    ["digest", "signed", "encrypted", "report", "appledouble", "related"]
)
_DIGESTED = st.lists(INNER_MESSAGES, min_size=1, max_size=3)
_SIGNATURES = st.sampled_from(["application/pgp-signature", "application/pkcs7-signature"])


@st.composite
def special_multiparts(draw: st.DrawFn) -> Part:
    """A multipart of a type that decides how its parts are treated."""
    boundary = b"=_s" + draw(_NUMBERS)
    kind = draw(_SPECIAL_KINDS)
    content = draw(CONTENTS)
    match kind:
        case "digest":
            messages = draw(_DIGESTED)
            parts = [
                Part(
                    raw=CRLF + message,
                    attachments=(
                        DrawnAttachment(
                            filename=None, content_type="message/rfc822", content=message
                        ),
                    ),
                )
                for message in messages
            ]
            content_type = b"multipart/digest"
        case "signed":
            signature = draw(_SIGNATURES)
            parts = [draw(TEXT_PARTS), _file(signature, content, kept=True)]
            content_type = b'multipart/signed; protocol="' + signature.encode() + b'"'
        case "encrypted":
            parts = [
                _file("application/pgp-encrypted", b"Version: 1", kept=True),
                _file("application/octet-stream", content, kept=True),
            ]
            content_type = b'multipart/encrypted; protocol="application/pgp-encrypted"'
        case "report":
            parts = [
                _text("It did not arrive."),
                _file("message/x-status", content),
                draw(MESSAGE_PARTS),
            ]
            content_type = b"multipart/report; report-type=x-status"
        case "appledouble":
            parts = [_file("application/applefile", content), draw(ATTACHMENT_PARTS)]
            content_type = b"multipart/appledouble"
        case _:
            shown = draw(st.booleans())
            # Pictures with the same Content-ID count as shown together, or not at all.
            content_id = (b"shown" if shown else b"hidden") + boundary[2:] + b"@x"
            source = f"cid:{content_id.decode()}" if shown else "https://x.example/a.png"
            parts = [
                _text(f'<p>Gate 3</p><img src="{source}">', "html"),
                _file(
                    "image/png",
                    content,
                    b"Content-ID: <" + content_id + b">",
                    b"Content-Disposition: inline",
                    kept=shown,
                ),
            ]
            content_type = b'multipart/related; type="text/html"'
    assume(all(boundary not in part.raw for part in parts))
    return _composite(content_type, boundary, parts, declared=b'"' + boundary + b'"')


CODED_TEXTS = coded_texts()
_SHORT_NUMBERS = st.integers(0, 10**6).map(lambda value: value.to_bytes(3, "big").hex().encode())
_SOME_PARTS = st.lists(CODED_TEXTS | ATTACHMENT_PARTS, min_size=1, max_size=3)
_DECLARATIONS = st.integers(0, 5)


@st.composite
def badly_declared_multiparts(draw: st.DrawFn) -> Part:
    """A multipart whose boundary differs from the declared one, or is not declared."""
    left, right = b"=_l" + draw(_SHORT_NUMBERS), b"r_" + draw(_SHORT_NUMBERS)
    boundary, declared = [
        (left + b" " + right, b'"' + left + CRLF + b" " + right + b'"'),
        (left + right, b'"' + left + CRLF + b"\t" + right + b'"'),
        (left + b" " + right, left + b" " + right),
        (left, b'(boundary="fake")"' + left + b'"'),
        (left, b'"' + right + b'"'),
        (left, None),
    ][draw(_DECLARATIONS)]
    parts = draw(_SOME_PARTS)
    assume(all(left not in part.raw for part in parts))
    return _composite(b"multipart/mixed", boundary, parts, declared=declared)


RICH_LEAVES = (
    CODED_TEXTS
    | TEXT_PARTS
    | ATTACHMENT_PARTS
    | texts_with_files()
    | uuencoded_parts()
    | MESSAGE_PARTS
    | special_multiparts()
    | badly_declared_multiparts()
)


@st.composite
def _rich_multiparts(draw: st.DrawFn, lists: st.SearchStrategy[list[Part]]) -> Part:
    parts = draw(lists)
    boundary = draw(BOUNDARIES)
    assume(all(boundary not in part.raw for part in parts))
    return _composite(b"multipart/mixed", boundary, parts, declared=b'"' + boundary + b'"')


RICH_PARTS: st.SearchStrategy[Part] = st.recursive(
    RICH_LEAVES, lambda children: _rich_multiparts(part_lists(children)), max_leaves=6
)


def rich_mails() -> st.SearchStrategy[Drawn]:
    """Mails with all features."""
    return mails(RICH_PARTS)
