"""Invalid mails: garbage, damaged mails, and other line breaks."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.strategies import CRLF, Drawn, mails


def lf_twin(raw: bytes) -> bytes:
    """The same mail with LF line breaks, as devices on Unix write it."""
    return raw.replace(CRLF, b"\n")


def cr_twin(raw: bytes) -> bytes:
    """The same mail with CR line breaks, as on old Macintosh systems."""
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
"""Bytes with many syntax elements of mails."""


_MAILS = mails()
_COUNTS = st.integers(1, 4)
_CHANGES = st.sampled_from(["drop", "double", "cut", "nasty", "strip"])


@st.composite
def mutated_mails(draw: st.DrawFn, source: st.SearchStrategy[Drawn] = _MAILS) -> bytes:
    """A valid mail with a few lines removed, doubled, swapped or truncated."""
    lines = draw(source).raw.splitlines(keepends=True)
    for _ in range(draw(_COUNTS)):
        if not lines:
            break
        index = draw(st.integers(0, len(lines) - 1))
        match draw(_CHANGES):
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
