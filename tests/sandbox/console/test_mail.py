"""A delivered mail as the console reads it, and its HTML as the frame gets it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.console.mail import Part, ReadMail, read_header, read_heading, read_mail
from sandbox.console.mail_frame import FRAME_POLICY, SANDBOX, frame_document
from tests.sandbox.console_site import elements

CORPUS = sorted((Path(__file__).parent.parent.parent / "corpus").rglob("*.eml"))


def part(content: bytes, content_type: str = "image/png", content_id: str = "one@x") -> Part:
    return Part(
        filename="chart.png", content_type=content_type, content=content, content_id=content_id
    )


def test_a_mail_has_its_bodies_and_its_files() -> None:
    mail = EmailMessage()
    mail["Subject"] = "Übersicht"
    mail["From"] = "Pümp <a@example.com>"
    mail["To"] = "b@example.com"
    mail["Date"] = "Wed, 27 May 2026 09:48:04 +0200"
    mail.set_content("Grüße\n")
    mail.add_alternative("<p>Grüße</p>", subtype="html")
    mail.add_attachment(b"\x00\x01", maintype="application", subtype="zip", filename="ä.zip")
    mail.add_attachment("a;b\n", filename="t.csv", subtype="csv")
    read = read_mail(mail.as_bytes())
    assert read.heading.subject == "Übersicht"
    assert read.heading.sender == "Pümp <a@example.com>"
    assert read.heading.recipient == "b@example.com"
    assert read.heading.date == "2026-05-27 09:48+02:00"
    assert read.text == "Grüße\n"
    assert read.html == "<p>Grüße</p>\n"
    assert [("ä.zip", "application/zip", b"\x00\x01"), ("t.csv", "text/csv", b"a;b\n")] == [
        (one.filename, one.content_type, one.content) for one in read.parts
    ]
    assert not read.trouble


def test_a_message_inside_a_mail_is_a_file_of_it() -> None:
    inner, mail = EmailMessage(), EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inside")
    mail.set_content("outside")
    mail.add_attachment(inner)
    read = read_mail(mail.as_bytes())
    assert read.text == "outside\n"
    [one] = read.parts
    assert one.content_type == "message/rfc822"
    assert b"inside" in one.content


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_corpus_can_be_read(path: Path) -> None:
    read = read_mail(path.read_bytes())
    assert not read.trouble
    assert read.html is not None or read.text is not None or read.parts


HEADER_LIKE = st.sampled_from(
    [
        *("Subject: ", "From: ", "Date: ", "To: ", "Content-Type: ", "Content-Disposition: "),
        *("Content-Transfer-Encoding: ", "Content-ID: ", "MIME-Version: 1.0", "\r\n", "\n", "\r"),
        *("multipart/mixed; boundary=x", "multipart/alternative; boundary=", "--x", "--x--"),
        *("message/rfc822", "text/html; charset=", "text/plain; charset=punycode", "rot13"),
        *("base64", "quoted-printable", "x-uuencode", "=?utf-8?b?ZZ?=", "=?x?q?=ff?=", "=?"),
        *(
            "attachment; filename=",
            "filename*=utf-8''%ff",
            "filename*0*=x''",
            "\x00",
            "é",
            "\ud800",
        ),
        *("[x@y]", "<a@b>", ";", '"', ":", " ", "\t", "begin 644 a\n#0V%T\nend\n", "99999999999"),
    ]
)


def texts_of(read: ReadMail) -> Iterator[str]:
    """Everything that a page may show of a mail."""
    yield from (read.html or "", read.text or "", read.trouble)
    for field in read.header:
        yield from field
    for one in read.parts:
        yield from (one.filename, one.content_type, one.content_id)


@given(
    pieces=st.lists(HEADER_LIKE, max_size=40),
    charset=st.sampled_from(["utf-8", "latin-1", "utf-16"]),
)
def test_whatever_a_mail_holds_it_can_be_looked_at(pieces: list[str], charset: str) -> None:
    raw = "".join(pieces).encode(charset, "replace")
    read = read_mail(raw)
    # Every text can be encoded, so it can be written into a page.
    "".join(texts_of(read)).encode()
    assert read.heading == read_heading(raw)


@given(raw=st.binary(max_size=400))
def test_any_bytes_can_be_looked_at(raw: bytes) -> None:
    read = read_mail(raw)
    "".join(texts_of(read)).encode()
    read_header(raw[:100])


def test_a_mail_that_is_nested_too_deeply_still_has_a_header() -> None:
    raw = b"Subject: deep\r\n"
    for number in range(3000):
        raw += b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (number, number)
    read = read_mail(raw)
    assert read.heading.subject == "deep"
    assert "source" in read.trouble


def test_what_the_mail_brings_along_is_put_into_the_document() -> None:
    html = "<img src=\"cid:one@x\"><img src='CID:one%40x'><img src=cid:two@x>"
    document = frame_document(html, [part(b"123"), part(b"<svg>", "image/svg+xml", "two@x")])
    expected = f"data:image/png;base64,{base64.b64encode(b'123').decode()}"
    sources = [attributes["src"] for tag, attributes in elements(document) if tag == "img"]
    assert [expected, expected, "cid:two@x"] == sources


@given(html=st.text(st.characters(codec="utf-8"), max_size=100), content=st.binary(max_size=30))
def test_a_document_stays_what_it_is_but_for_links(html: str, content: bytes) -> None:
    document = frame_document(html, [part(content, content_id=html)])
    assert "link" not in {tag for tag, _ in elements(document)}
    if "<" not in html and "cid:" not in html.lower():
        assert document.endswith(html)
        assert document.startswith("<!doctype html>")


@pytest.mark.parametrize(
    "html",
    [
        *("<link rel=preconnect href=//x>", "<LINK/rel=x>", "<link\nrel=dns-prefetch href=//x>"),
        *("<iframe src=//x></iframe>", "<IFrame\tsrc=//x>", "<frameset><frame src=//x>"),
        *("<object data=//x>", "<embed/src=//x>"),
    ],
)
def test_no_connection_is_made_ahead(html: str) -> None:
    document = frame_document(f"<head>{html}</head>", [])
    tags = {tag for tag, _ in elements(document)}
    assert not {"link", "iframe", "frame", "frameset", "object", "embed"} & tags


def test_links_open_outside_of_the_frame() -> None:
    [base] = [
        a for tag, a in elements(frame_document("<base href=//x target=y>", [])) if tag == "base"
    ][:1]
    assert base == {"target": "_blank"}
    assert "base-uri 'none'" in FRAME_POLICY
    assert SANDBOX == "allow-popups allow-popups-to-escape-sandbox"
