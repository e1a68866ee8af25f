"""What counts as an attachment, and how its name is sanitised."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.attachments.attachment import Action, content_of, find_attachments
from relay_core.attachments.leaves import find_bodies
from relay_core.attachments.safe_name import (
    MAX_NAME,
    MAX_NAME_BYTES,
    safe_name,
    stored_content_type,
)
from relay_core.mime.parsing import parse_message


def kinds(part: bytes) -> tuple[int, int]:
    """How many bodies and attachments a single part makes."""
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part + b"\r\n\r\nx\r\n--b--"
    )
    message = parse_message(raw)
    return len(find_bodies(message)), len(find_attachments(message))


BODY, ATTACHMENT = (1, 0), (0, 1)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (b"Content-Type: text/plain", BODY),
        (b"Content-Type: text/html", BODY),
        (b"X: no content type at all", BODY),
        (b"Content-Type: text/plain\r\nContent-Disposition: inline", BODY),
        (b"Content-Type: text/plain\r\nContent-Disposition: attachment", ATTACHMENT),
        (b"Content-Type: text/plain; name=a.log", ATTACHMENT),
        (b"Content-Type: text/plain\r\nContent-Disposition: inline; filename=a.log", ATTACHMENT),
        (b'Content-Disposition: form-data; name="field"', BODY),
        (b'Content-Disposition: form-data; name="field"; filename=a.log', ATTACHMENT),
        (b"Content-Type: image/png", ATTACHMENT),
        (b"Content-Type: image/image/png", ATTACHMENT),
        (b"Content-Type: message/rfc822", ATTACHMENT),
        (
            b"Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=c",
            ATTACHMENT,
        ),
        (b"Content-Type: text/calendar", BODY),
        (b"Content-Type: text/x-log\r\nContent-Disposition: inline", BODY),
        (b"Content-Type: text/csv\r\nContent-Disposition: attachment", ATTACHMENT),
        (b"Content-Type: text/csv; name=a.csv", ATTACHMENT),
        (b"Content-Type: multipart/mixed; boundary=never", BODY),
        (b"Content-Type: multipart/mixed; boundary=never; name=a", ATTACHMENT),
    ],
)
def test_a_leaf_is_body_or_attachment(part: bytes, expected: tuple[int, int]) -> None:
    assert expected == kinds(part)


def test_a_picture_that_the_html_shows_stays() -> None:
    message = parse_message(
        b"Content-Type: multipart/related; boundary=b\r\n\r\n"
        b'--b\r\nContent-Type: text/html\r\n\r\n<img src="cid:logo%40x">\r\n'
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\n\r\nA\r\n"
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <other@x>\r\n\r\nB\r\n"
        b"--b\r\nContent-Type: application/zip\r\nContent-ID: <logo@x>\r\n\r\nC\r\n--b--"
    )
    assert [Action.KEEP, Action.DETACH, Action.DETACH] == [
        one.action for one in find_attachments(message)
    ]


def test_a_picture_too_large_for_the_mail_becomes_a_link() -> None:
    message = parse_message(
        b"Content-Type: multipart/related; boundary=b\r\n\r\n"
        b'--b\r\nContent-Type: text/html\r\n\r\n<img src="cid:logo@x">\r\n'
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\n\r\n12345\r\n--b--"
    )
    assert [[Action.KEEP], [Action.DETACH]] == [
        [one.action for one in find_attachments(message, inline_image_limit=limit)]
        for limit in (5, 4)
    ]


def test_encrypted_content_and_signatures_stay() -> None:
    message = parse_message(
        b"Content-Type: multipart/mixed; boundary=m\r\n\r\n"
        b"--m\r\nContent-Type: multipart/encrypted; boundary=e\r\n\r\n"
        b"--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        b"--e\r\nContent-Type: application/octet-stream\r\n\r\nsecret\r\n--e--\r\n"
        b"--m\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n"
        b"--s\r\nContent-Type: application/pdf\r\n\r\nsigned\r\n"
        b"--s\r\nContent-Type: application/pgp-signature\r\n\r\nsignature\r\n--s--\r\n--m--"
    )
    assert [Action.KEEP, Action.KEEP, Action.DETACH, Action.KEEP] == [
        one.action for one in find_attachments(message)
    ]


def test_files_that_stand_in_a_text_are_attachments() -> None:
    message = parse_message(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee:\r\n"
        b"begin 644 one.log\r\n#0V%T\r\n`\r\nend\r\nand\r\n"
        b"begin 600 two.log\r\n#1&]G\r\n`\r\nend\r\n"
        b"--b\r\nContent-Type: image/png; name=three.png\r\n\r\nx\r\n--b--"
    )
    assert [(1, "one.log", b"Cat"), (2, "two.log", b"Dog"), (3, "three.png", b"x")] == [
        (one.index, one.filename, b"".join(content_of(message, one)))
        for one in find_attachments(message)
    ]


B64_HEADER = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64"
SIGNED_FILE = b"Content-Type: multipart/signed\r\nContent-Disposition: attachment"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (b"Content-Type: video/avi\r\n\r\nx", "attachment-1.avi"),
        (b"Content-Type: image/jpg\r\n\r\nx", "attachment-1.jpg"),
        (b"Content-Type: video/x-dav\r\n\r\nx", "attachment-1.dav"),
        (b"Content-Type: video/vnd.odd\r\n\r\nx", "attachment-1.bin"),
        (b"Content-Type: application/x-odd\r\n\r\n%PDF-1.4", "attachment-1.pdf"),
        (
            B64_HEADER + b"\r\n\r\n/9j/4AAQ",
            "attachment-1.jpg",
        ),
        (b"Content-Type: application/octet-stream\r\n\r\nwords", "attachment-1.bin"),
        (b"Content-Type: message/rfc822\r\n\r\nSubject: a/b: Gate\r\n\r\nx", "b_ Gate.eml"),
        (b"Content-Type: message/rfc822\r\n\r\nSubject: for a@x.org\r\n\r\nx", "attachment-1.eml"),
        (b"Content-Type: message/rfc822\r\n\r\nFrom: a@x.org\r\n\r\nx", "attachment-1.eml"),
        (
            SIGNED_FILE + b"\r\n\r\nFrom: a@x.org\r\n\r\nx",
            "attachment-1.eml",
        ),
    ],
)
def test_a_nameless_file_is_named_by_what_it_is(part: bytes, expected: str) -> None:
    message = parse_message(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part + b"\r\n--b--\r\n"
    )
    (one,) = find_attachments(message)
    assert None is one.filename
    assert expected == one.safe_name


# Pieces that are removed, joined, composed (Unicode NFC) or reserved in file names.
_NAME_PIECES = st.sampled_from(
    ["con", ".", " ", "e", "\u0301", "\u200b", "<", "\u0338", "/", ".txt", "x" * 95, "é" * 60]
)
ANY_NAME = (
    st.text(max_size=300)
    | st.text("ab./\\ \u202e\u200b:", max_size=20)
    | st.lists(_NAME_PIECES | st.characters(), max_size=12).map("".join)
)


@example("e\u200b\u0301", "image/png", 1)
@example("\u0f71\u200b\u0301", "image/png", 1)
@example("con" + " ." * 60 + ".txt", "image/png", 1)
@example("con.txt" + "x" * 93, "image/png", 1)
@given(ANY_NAME, st.sampled_from(["image/png", "x/y"]), st.integers(1, 99))
def test_a_name_becomes_harmless_and_stays_so(name: str, content_type: str, index: int) -> None:
    safe = safe_name(name, content_type, index)
    assert safe
    assert len(safe) <= MAX_NAME
    assert len(safe.encode()) <= MAX_NAME_BYTES
    assert not set(safe) & set('/\\<>:"|?*')
    assert safe.strip(" .") == safe
    assert all(
        unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in safe
    )
    assert safe == safe_name(safe, content_type, index)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("C:\\Users\\x\\report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("Tür 1.jpg", "Tür 1.jpg"),
        ("a\r\nX: y.txt", "aX_ y.txt"),
        ("con.txt", "_con.txt"),
        ("...", "attachment-7.png"),
        ("", "attachment-7.png"),
        (None, "attachment-7.png"),
        ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
    ],
)
def test_names_of_note(name: str | None, expected: str) -> None:
    assert expected == safe_name(name, "image/png", 7)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("image/png", "image/png"),
        ("application/pdf", "application/pdf"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("x/y", "application/octet-stream"),
    ],
)
def test_nothing_is_stored_under_a_type_that_a_browser_runs(declared: str, expected: str) -> None:
    assert expected == stored_content_type(declared)
