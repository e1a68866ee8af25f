"""Known display errors of mail programs are avoided (tests/corpus/README.md)."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default

import pytest

from tests.core.laws import relayed

CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:\r\n"
HEAD = b"From: Cam <cam@site.example>\r\nSubject: Gate\r\n"
MIXED = HEAD + b"Content-Type: multipart/%b; boundary=b\r\n\r\n"
PICTURE = (
    b'--b\r\nContent-Type: image/jpeg; name="%b"\r\nContent-ID: <p@cam>\r\n'
    b'Content-Disposition: inline; filename="%b"\r\n\r\nx\r\n--b--\r\n'
)


def outgoing(raw: bytes) -> EmailMessage:
    result = relayed(raw)
    assert result is not None
    return email.message_from_bytes(result.outgoing, policy=default)


@pytest.mark.parametrize("name", ["Kühlraum.jpg", "警報 " * 20 + ".jpg"])
def test_a_picture_that_stays_has_its_name_in_both_spellings(name: str) -> None:
    # By RFC 2231 for programs that support it, in encoded-words for Outlook and old programs.
    html = b"--b\r\nContent-Type: text/html\r\n\r\n<img src='cid:p@cam'>" + CODE
    raw = MIXED % b"related" + html + PICTURE % (name.encode(), name.encode())
    picture = list(outgoing(raw).walk())[-1]
    assert name == picture.get_filename()
    assert name == picture["content-type"].params["name"]
    assert "*" not in picture["content-type"]


@pytest.mark.parametrize("doubled", [b"Subject: B", b"Date: x", b"Content-Type: text/html"])
def test_no_field_goes_out_twice(doubled: bytes) -> None:
    # Some servers refuse a repeated field, and some programs show the last one, not the first.
    raw = HEAD + b"Date: y\r\nContent-Type: text/plain\r\n" + doubled + b"\r\n\r\nAlarm\r\n" + CODE
    names = [name.lower() for name in outgoing(raw)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("version", [b"", b"MIME-Version: 1.0 (x)\r\n", b"Mime-version: 2\r\n"])
def test_the_mime_version_is_written_once(version: bytes) -> None:
    # Without MIME-Version, some programs show base64 and boundaries as text.
    raw = HEAD + version + "Content-Type: text/plain; charset=utf-8\r\n\r\nTür\r\n".encode() + CODE
    assert 1 == len(outgoing(raw).get_all("mime-version", []))


def test_an_alternative_shows_its_text_although_the_plain_one_is_empty() -> None:
    parts = b"--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    mail = outgoing(MIXED % b"alternative" + parts + b"<p>Alarm</p>" + CODE + b"--b--\r\n")
    shown = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    assert "Alarm" in shown[-1]


def test_a_flowed_text_keeps_the_lines_of_the_list_apart() -> None:
    # In format=flowed, a line that ends in a blank is joined with the next (RFC 3676).
    flowed = (
        b"--b\r\nContent-Type: text/plain; format=flowed; delsp=yes\r\n\r\nAlarm \r\nat gate\r\n"
    )
    file = b"--b\r\nContent-Type: image/png; name=x.png\r\n\r\nx\r\n--b--\r\n"
    mail = outgoing(MIXED % b"mixed" + flowed + CODE + file)
    text = next(part for part in mail.walk() if not part.is_multipart()).get_content()
    links = [line for line in text.splitlines() if "https://" in line or "x.png" in line]
    assert links
    assert not any(line.endswith(" ") for line in links)


@pytest.mark.parametrize("label", ["x-gbk", "windows-31j", "latin-9", "cp-850", "utf8mb4"])
def test_a_text_written_anew_has_a_label_that_every_program_knows(label: str) -> None:
    raw = HEAD + f"Content-Type: text/plain; charset={label}\r\n\r\nAlarm\r\n".encode() + CODE
    mail = outgoing(raw)
    assert mail.get_content_charset() in {"utf-8", "us-ascii", "iso-8859-15"}
