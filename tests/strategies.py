"""Messages to test with: what devices send, built byte by byte, with what went into it.

`mails()` draws a whole mail together with the truth about it (`Drawn`): its texts and its
attachments as they were before they were encoded. The bytes are laid out by hand, not by a
library, because the library is the oracle that the laws are held against. `rich_mails()` draws
all that `mails()` does and whatever the standard library reads otherwise than a person would:
files that stand uuencoded in a text, messages in messages, signed and encrypted parts, odd
charsets, boundaries that are folded or not declared, and recipient codes.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from email.header import Header

from hypothesis import assume
from hypothesis import strategies as st

CRLF = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnAttachment:
    """What was attached; `kept` if it has to stay in the mail, `embedded` if in a text."""

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
class _Part:
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


@st.composite
def boundaries(draw: st.DrawFn) -> bytes:
    """A boundary (RFC 2046 section 5.1.1), blanks inside included, as in the field."""
    text = draw(
        st.text("abcXYZ0189'()+_,-./:=? ", min_size=1, max_size=40).filter(
            lambda value: not value.endswith(" ") and not value.startswith((" ", "-"))
        )
    )
    # Long enough not to occur in content by chance.
    return (
        b"=_"
        + text.encode()
        + b"_"
        + draw(st.integers(0, 10**9)).to_bytes(5, "big").hex().encode()
    )


@st.composite
def text_parts(draw: st.DrawFn) -> _Part:
    kind = draw(st.sampled_from(["plain", "html"]))
    text = draw(LINES)
    charset = draw(st.sampled_from(["utf-8", "iso-8859-1", "us-ascii", "utf-16"]))
    try:
        content = text.replace("\n", "\r\n").encode(charset)
    except UnicodeEncodeError:
        charset, content = "utf-8", text.replace("\n", "\r\n").encode()
    encodings = ["base64", "quoted-printable"]
    if charset != "utf-16":
        encodings.append("8bit")
    encoding, body = draw(encoded(content, st.sampled_from(encodings)))
    raw = CRLF.join(
        [
            f"Content-Type: text/{kind}; charset={charset}".encode(),
            b"Content-Transfer-Encoding: " + encoding,
            b"",
            body,
        ]
    )
    return _Part(raw=raw, texts=((f"text/{kind}", text),))


@st.composite
def encoded(
    draw: st.DrawFn, content: bytes, encodings: st.SearchStrategy[str]
) -> tuple[bytes, bytes]:
    """A transfer encoding's name, spelled in some way, and the content under it."""
    name = draw(encodings)
    if name == "base64":
        width = draw(st.sampled_from([4, 60, 72, 76, 512]))
        whole = base64.b64encode(content)
        body = CRLF.join(whole[i : i + width] for i in range(0, len(whole), width))
    elif name == "quoted-printable":
        lines = content.split(CRLF)
        body = CRLF.join(
            binascii.b2a_qp(line, istext=False).replace(b"=\n", b"=\r\n") for line in lines
        )
    else:
        body = content
    spelled = draw(st.sampled_from([name, name.upper(), name.title()]))
    return spelled.encode(), body


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


@st.composite
def attachment_parts(draw: st.DrawFn) -> _Part:
    filename = draw(st.none() | FILENAMES)
    content_type = draw(CONTENT_TYPES)
    content = draw(st.binary(max_size=400) | st.binary(min_size=3000, max_size=3003))
    encoding, body = draw(
        encoded(content, st.sampled_from(["base64", "base64", "quoted-printable"]))
    )
    lines = [b"Content-Transfer-Encoding: " + encoding]
    forms = ["2231", "2231-continued", "encoded-word", "raw"]
    where = draw(st.sampled_from(["disposition", "name", "both"]))
    disposition, parameter = b"attachment", b""
    if filename is not None:
        form = draw(st.sampled_from(forms))
        parameter = b"; " + _file_parameter("name", filename, form)
        disposition += b"; " + _file_parameter("filename", filename, form)
        if where == "name":
            disposition = b"inline"
    lines.append(
        b"Content-Type: " + content_type.encode() + (parameter if where != "disposition" else b"")
    )
    if filename is None or where != "name" or draw(st.booleans()):
        lines.append(b"Content-Disposition: " + disposition)
    raw = CRLF.join([*draw(st.permutations(lines)), b"", body])
    drawn = DrawnAttachment(filename=filename, content_type=content_type, content=content)
    return _Part(raw=raw, attachments=(drawn,))


@st.composite
def _multiparts(draw: st.DrawFn, children: st.SearchStrategy[_Part]) -> _Part:
    parts = draw(st.lists(children, min_size=1, max_size=4))
    boundary = draw(boundaries())
    assume(all(boundary not in part.raw for part in parts))
    subtype = draw(st.sampled_from(["mixed", "alternative", "related", "mixed"]))
    preamble = draw(st.sampled_from([b"", b"This is a multi-part message.\r\n", b"\r\n"]))
    epilogue = draw(st.sampled_from([b"", b"\r\n", b"\r\nThe end.\r\n"]))
    pieces = [
        b"Content-Type: multipart/" + subtype.encode() + b';\r\n boundary="' + boundary + b'"',
        b"",
    ]
    body = preamble
    for part in parts:
        body += b"--" + boundary + CRLF + part.raw + CRLF
    body += b"--" + boundary + b"--" + epilogue
    return _Part(
        raw=CRLF.join([*pieces, body]),
        texts=tuple(text for part in parts for text in part.texts),
        attachments=tuple(one for part in parts for one in part.attachments),
    )


PARTS: st.SearchStrategy[_Part] = st.recursive(
    text_parts() | attachment_parts(), _multiparts, max_leaves=8
)


@st.composite
def mails(draw: st.DrawFn, parts: st.SearchStrategy[_Part] = PARTS) -> Drawn:
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
    raw = CRLF.join([*draw(st.permutations(header)), part.raw])
    return Drawn(
        raw=raw,
        subject=subject,
        texts=part.texts,
        attachments=part.attachments,
        recipients=part.recipients,
    )


# --- what the standard library reads otherwise than a person would ----------------------------


TOKENS = st.binary(min_size=12, max_size=12).map(lambda value: value.hex().encode())
"""24 bytes that occur nowhere else: what is looked for where no attachment may be left."""

CONTENTS = st.tuples(TOKENS, st.binary(max_size=300)).map(b"".join)
ADDRESSES = st.tuples(
    st.sampled_from(["guard", "ops", "night.shift", "o'neill", "a+b", "x_y-z"]),
    st.sampled_from(["example.org", "example.net", "mail.example.com"]),
).map("@".join)


def _header(*lines: bytes) -> bytes:
    return CRLF.join([*lines, b"", b""])


def _coded(kind: str, text: str, recipients: tuple[str, ...]) -> str:
    if not recipients:
        return text
    code = f":Email_Rxers_Code:{','.join(recipients)}:Email_Rxers_Code:"
    return f"<p>{code}</p>\n{text}" if kind == "html" else f"{code}\n{text}"


@st.composite
def coded_texts(draw: st.DrawFn) -> _Part:
    """A text with a recipient code, in one of the charsets that devices like."""
    kind = draw(st.sampled_from(["plain", "plain", "html"]))
    recipients = tuple(draw(st.lists(ADDRESSES, min_size=1, max_size=3, unique=True)))
    charset, codec, words = draw(
        st.sampled_from(
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
    )
    text = _coded(kind, draw(st.sampled_from(["", words, f"{words}\n\n{words}"])), recipients)
    content = text.replace("\n", "\r\n").encode(codec)
    names = ["base64", "quoted-printable"]
    if codec != "utf-16le":
        names.append("8bit")
    encoding, body = draw(encoded(content, st.sampled_from(names)))
    flowed = draw(st.sampled_from([b"", b"", b"; format=flowed; delsp=yes"]))
    raw = (
        _header(
            b"Content-Type: text/" + kind.encode() + b"; charset=" + charset.encode() + flowed,
            b"Content-Transfer-Encoding: " + encoding,
        )
        + body
    )
    return _Part(raw=raw, texts=((f"text/{kind}", text),), recipients=recipients)


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


@st.composite
def texts_with_files(draw: st.DrawFn) -> _Part:
    """A text in which files stand uuencoded."""
    pieces: list[str] = []
    attachments: list[DrawnAttachment] = []
    for _ in range(draw(st.integers(1, 2))):
        name, content = draw(UU_NAMES), draw(CONTENTS)
        pieces += [
            draw(st.sampled_from(["", "The log:\n", "Tür 3\n\n"])),
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
    text = "".join(pieces) + draw(st.sampled_from(["", "Bye"]))
    encoding, body = draw(
        encoded(
            text.replace("\n", "\r\n").encode(),
            st.sampled_from(["8bit", "base64", "quoted-printable"]),
        )
    )
    raw = (
        _header(
            b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: " + encoding
        )
        + body
    )
    return _Part(raw=raw, texts=(("text/plain", text),), attachments=tuple(attachments))


@st.composite
def uuencoded_parts(draw: st.DrawFn) -> _Part:
    """An attachment whose transfer encoding is x-uuencode."""
    name, content = draw(UU_NAMES), draw(CONTENTS)
    spelled = draw(st.sampled_from([b"x-uuencode", b"X-UUE", b"uuencode"]))
    raw = (
        _header(
            b'Content-Type: application/x-log; name="' + name.encode() + b'"',
            b"Content-Transfer-Encoding: " + spelled,
        )
        + uuencoded(name, content, backtick=draw(st.booleans())).replace("\n", "\r\n").encode()
    )
    attachment = DrawnAttachment(filename=name, content_type="application/x-log", content=content)
    return _Part(raw=raw, attachments=(attachment,))


@st.composite
def inner_messages(draw: st.DrawFn) -> bytes:
    """A message that travels inside of another one."""
    token = draw(TOKENS)
    part = draw(text_parts() | attachment_parts())
    return CRLF.join(
        [b"From: a@plant.example", b"Subject: " + token, b"MIME-Version: 1.0", part.raw]
    )


@st.composite
def message_parts(draw: st.DrawFn) -> _Part:
    """A message/rfc822 entity, as it is or (which RFC 2046 forbids and Outlook does) in base64."""
    content = draw(inner_messages())
    filename = draw(st.none() | UU_NAMES)
    fields = [b"Content-Type: message/rfc822"]
    if filename is not None:
        fields.append(b'Content-Disposition: attachment; filename="' + filename.encode() + b'"')
    encoding, body = draw(encoded(content, st.sampled_from(["base64", "8bit"])))
    if encoding.lower() == b"base64" or draw(st.booleans()):
        fields.append(b"Content-Transfer-Encoding: " + encoding)
    attachment = DrawnAttachment(filename=filename, content_type="message/rfc822", content=content)
    return _Part(raw=_header(*fields) + body, attachments=(attachment,))


def _file(content_type: str, content: bytes, *fields: bytes, kept: bool = False) -> _Part:
    whole = base64.b64encode(content)
    raw = _header(
        b"Content-Type: " + content_type.encode(), b"Content-Transfer-Encoding: base64", *fields
    ) + CRLF.join(whole[i : i + 76] for i in range(0, len(whole), 76))
    full = content_type.partition(";")[0]
    attachment = DrawnAttachment(filename=None, content_type=full, content=content, kept=kept)
    return _Part(raw=raw, attachments=(attachment,))


def _text(text: str, kind: str = "plain") -> _Part:
    raw = _header(f"Content-Type: text/{kind}".encode()) + text.replace("\n", "\r\n").encode()
    return _Part(raw=raw, texts=((f"text/{kind}", text),))


def _composite(
    content_type: bytes, boundary: bytes, parts: list[_Part], *, declared: bytes | None
) -> _Part:
    """A multipart; `declared` is the boundary parameter as written, None to leave it out."""
    if declared is not None:
        content_type += b"; boundary=" + declared
    body = b"".join(b"--" + boundary + CRLF + part.raw + CRLF for part in parts)
    return _Part(
        raw=_header(b"Content-Type: " + content_type) + body + b"--" + boundary + b"--",
        texts=tuple(text for part in parts for text in part.texts),
        attachments=tuple(one for part in parts for one in part.attachments),
        recipients=tuple(dict.fromkeys(one for part in parts for one in part.recipients)),
    )


@st.composite
def special_multiparts(draw: st.DrawFn) -> _Part:
    """A multipart whose type means something: what is in it is treated accordingly."""
    boundary = b"=_s" + draw(st.integers(0, 10**9)).to_bytes(5, "big").hex().encode()
    kind = draw(
        st.sampled_from(["digest", "signed", "encrypted", "report", "appledouble", "related"])
    )
    content = draw(CONTENTS)
    match kind:
        case "digest":
            messages = draw(st.lists(inner_messages(), min_size=1, max_size=3))
            parts = [
                _Part(
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
            signature = draw(
                st.sampled_from(["application/pgp-signature", "application/pkcs7-signature"])
            )
            parts = [draw(text_parts()), _file(signature, content, kept=True)]
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
                draw(message_parts()),
            ]
            content_type = b"multipart/report; report-type=x-status"
        case "appledouble":
            parts = [_file("application/applefile", content), draw(attachment_parts())]
            content_type = b"multipart/appledouble"
        case _:
            shown = draw(st.booleans())
            # Two pictures of one Content-ID are shown both or not at all.
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


@st.composite
def badly_declared_multiparts(draw: st.DrawFn) -> _Part:
    """A multipart whose boundary is not declared as it is used; a person sees it all the same."""
    left = b"=_l" + draw(st.integers(0, 10**6)).to_bytes(3, "big").hex().encode()
    right = b"r_" + draw(st.integers(0, 10**6)).to_bytes(3, "big").hex().encode()
    boundary, declared = draw(
        st.sampled_from(
            [
                (left + b" " + right, b'"' + left + CRLF + b" " + right + b'"'),
                (left + right, b'"' + left + CRLF + b"\t" + right + b'"'),
                (left + b" " + right, left + b" " + right),
                (left, b'(boundary="fake")"' + left + b'"'),
                (left, b'"' + right + b'"'),
                (left, None),
            ]
        )
    )
    parts = draw(st.lists(coded_texts() | attachment_parts(), min_size=1, max_size=3))
    assume(all(left not in part.raw for part in parts))
    return _composite(b"multipart/mixed", boundary, parts, declared=declared)


RICH_LEAVES = (
    coded_texts()
    | text_parts()
    | attachment_parts()
    | texts_with_files()
    | uuencoded_parts()
    | message_parts()
    | special_multiparts()
    | badly_declared_multiparts()
)


@st.composite
def _rich_multiparts(draw: st.DrawFn, children: st.SearchStrategy[_Part]) -> _Part:
    parts = draw(st.lists(children, min_size=1, max_size=4))
    boundary = draw(boundaries())
    assume(all(boundary not in part.raw for part in parts))
    return _composite(b"multipart/mixed", boundary, parts, declared=b'"' + boundary + b'"')


RICH_PARTS: st.SearchStrategy[_Part] = st.recursive(RICH_LEAVES, _rich_multiparts, max_leaves=6)


def rich_mails() -> st.SearchStrategy[Drawn]:
    """Mails with all features there are."""
    return mails(RICH_PARTS)


def lf_twin(raw: bytes) -> bytes:
    """The same mail as a device on Unix writes it into the socket."""
    return raw.replace(CRLF, b"\n")


def cr_twin(raw: bytes) -> bytes:
    """The same mail as an old Macintosh would have it."""
    return raw.replace(CRLF, b"\r")


NASTY_LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b",
        b'Content-Type: multipart/mixed; boundary="a b"',
        b"Content-Type: multipart/alternative",
        b"Content-Type: image/image/png",
        b"Content-Type: text/html; charset=cp-850",
        b"Content-Type: message/rfc822",
        b"Content-Type: (comment) text/plain (nested (deep)",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: BASE64 (x)",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: nonsense",
        b"Content-Disposition: attachment; filename*0*=utf-8''%e4; filename*1=b",
        b"Content-Disposition: *; filename=",
        b"Content-ID: <x@y>",
        b"Subject: =?utf-8?q?=C3?= =?utf-8?q?=A4?=",
        b"Subject: \xff\xfe",
        b"From: <AppName>",
        b"From sensor@plant Mon Jan 1 00:00:00 2026",
        b"--b",
        b"--b--",
        b"--a b",
        b"--",
        b"----",
        b"",
        b"",
        b" ",
        b" folded",
        b"junk",
        b"Y29udGVudAo=",
        b"=C3=",
        b"<b>&amp;<br></body>",
        b":Email_Rxers_Code:ops@example.com:Email_Rxers_Code:",
        b"a" * 1200,
        b"\x00\x80\xff",
    ]
)
GARBAGE: st.SearchStrategy[bytes] = st.lists(
    st.tuples(
        NASTY_LINES | st.binary(max_size=30), st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"])
    ).map(b"".join),
    max_size=30,
).map(b"".join) | st.binary(max_size=300)
"""Bytes that are biased to look like the odd places of a mail."""


@st.composite
def mutated_mails(draw: st.DrawFn, source: st.SearchStrategy[Drawn] | None = None) -> bytes:
    """A good mail with a few lines dropped, doubled, swapped or cut."""
    lines = draw(mails() if source is None else source).raw.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        if not lines:
            break
        index = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "cut", "nasty", "strip"])):
            case "drop":
                del lines[index]
            case "double":
                lines.insert(index, lines[index])
            case "cut":
                lines = lines[: index + 1]
            case "nasty":
                lines.insert(index, draw(NASTY_LINES) + b"\r\n")
            case _:
                lines[index] = lines[index].strip()
    return b"".join(lines)
