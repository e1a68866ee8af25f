"""Laws of pictures in a mail, for any mail."""

from __future__ import annotations

import email
import email.message
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.attachments.attachment import Action, Attachment, find_attachments
from relay_core.mime.encoding import find_long_line, is_seven_bit_clean
from relay_core.mime.message import Message
from relay_core.mime.parsing import parse_message
from relay_core.outgoing.header import compose_header
from relay_core.outgoing.inline_previews import InlinePreview, text_as_html
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.outgoing.rewrite import prepare_bodies
from tests.core.outgoing.test_rewrite import EXPIRY, SENDER
from tests.strategies import Drawn, mails

PICTURES = tuple(
    InlinePreview(name=f"{n}.jpg", content=bytes([0xFF, 0xD8, n]) * 100, width=8, height=6)
    for n in (1, 2)
)


def detached_of(message: Message) -> list[Attachment]:
    return [one for one in find_attachments(message) if one.action is Action.DETACH]


def shown(raw: bytes, previews: tuple[InlinePreview, ...]) -> bytes:
    message = parse_message(raw)
    detached = detached_of(message)
    body = prepare_bodies(
        message,
        detached=detached,
        removals={one.entity: [one.embedded.span] for one in detached if one.embedded},
        listed=[
            ListedAttachment(name=one.safe_name, size=17, url=None, expires_at=EXPIRY)
            for one in detached
        ],
        previews=previews,
    )("https://files.example.com/token")
    header = compose_header(
        message.header,
        sender=SENDER,
        to=("a@example.org",),
        subject=None,
        stack="test",
        fields=body.fields,
    )
    return header + body.content


@given(mails())
def test_pictures_are_added_and_nothing_else_is_lost(drawn: Drawn) -> None:
    before, after = (parse_message(shown(drawn.raw, one)) for one in ((), PICTURES))
    assert is_seven_bit_clean(after.raw)
    assert find_long_line(after.raw) is None
    assert len(after.defects) <= len(before.defects)
    contents = contents_of(after)
    # Pictures are shown only if there is a list of files.
    times = 1 if detached_of(parse_message(drawn.raw)) else 0
    texts = [after.text(one).text for one in after.leaves() if one.media_type.type == "text"]
    for picture in PICTURES:
        assert times == contents.count(picture.content)
        assert times == sum(text.count(f"cid:{picture.content_id}") for text in texts)
    # All leaves are unchanged, except the HTML part that shows the pictures.
    lost = [one for one in contents_of(before) if one not in contents]
    assert len(lost) <= times


def test_a_long_text_has_no_pictures_and_no_html_of_many_times_its_size() -> None:
    picture = b'--b\r\nContent-Type: image/png; name="a.png"\r\n\r\nx\r\n--b--\r\n'
    for text in (b"\t" * 101_000, b"a\tb\r\n" * 25_000):
        raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + text + picture
        assert shown(raw, ()) == shown(raw, PICTURES)


@pytest.mark.parametrize(
    "text", [b"\xc8\x90\x8d\x98\xba\x92 \xff\x81", "Störung 冷".encode(), b"St\xf6rung"]
)
def test_the_html_for_the_pictures_is_read_as_the_text_is(text: bytes) -> None:
    picture = b'\r\n--b\r\nContent-Type: image/png; name="a.png"\r\n\r\nx\r\n--b--\r\n'
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + text + picture
    plain, html = (
        (str(part["content-type"]), payload_of(part))
        for part in email.message_from_bytes(shown(raw, PICTURES)).walk()
        if part.get_content_maintype() == "text"
    )
    assert html[0].removeprefix("text/html") == plain[0].removeprefix("text/plain")
    assert plain[1].split(b"\r\n")[0] in html[1]


def payload_of(part: email.message.Message) -> bytes:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def contents_of(message: Message) -> list[bytes]:
    return [b"".join(message.content(leaf)) for leaf in message.leaves()]


def test_a_url_is_a_link_without_what_ends_its_sentence() -> None:
    html = text_as_html('see (http://a.example/x?a=1&b=2), "https://b.example". javascript:x')
    assert '<a href="http://a.example/x?a=1&amp;b=2">' in html
    assert '<a href="https://b.example">' in html
    assert 2 == html.count("<a ")


def test_a_long_url_is_a_link_to_its_end() -> None:
    url = "https://b.example/" + "%E3%81%82" * 333
    assert f'<a href="{url}">{url}</a>).' in text_as_html(f"({url}).")
    assert "<a " not in text_as_html("https://... or http://)")


class Shown(HTMLParser):
    """The text of HTML as a program that ignores `white-space` shows it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "br":
            self.text = self.text.removesuffix(" ") + "\n"

    def handle_data(self, data: str) -> None:
        for character in data:
            if character not in " \t\n\r\f":
                self.text += character
            elif self.text[-1:] not in {"", " ", "\n"}:
                self.text += " "


@given(st.text(alphabet="ab \t\n\r<&;\xa0:/"), st.sampled_from(["", "https://b.example/?a=1&b=2"]))
@example("a   b\n  c\n d\n\n\te  ", "")
@example("see", "  https://b.example/   or\r\n https://c.example/.  ")
def test_a_text_keeps_its_lines_and_blanks_where_white_space_is_ignored(
    before: str, after: str
) -> None:
    text = f"{before} {after}{before}"

    def lines(text: str) -> list[str]:
        """The lines without trailing blanks and empty last lines, which are invisible."""
        return [line.rstrip(" ") for line in text.replace("\xa0", " ").rstrip(" \n").split("\n")]

    expected = re.sub(r"\r\n?", "\n", text).expandtabs()
    assert lines(expected) == lines(Shown(text_as_html(text)).text)


def test_a_text_reads_from_its_own_side() -> None:
    html = text_as_html("\u0645\u0631\u062d\u0628\u0627")
    assert 'dir="auto"' in html
    assert "unicode-bidi:plaintext" in html


def test_no_boundary_begins_with_another_whatever_the_device_uses() -> None:
    mark = "relay_"
    ends = (mark[:length] for length in range(1, 7))
    boundaries = [*"0123456789abcdef", *ends, *(mark + digit for digit in "0123456789abcdef")]
    body = (
        "Content-Type: text/plain\r\n\r\nHello\r\n--0\r\nContent-Type: application/pdf\r\n"
        "Content-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF\r\n--0--\r\n"
    )
    for inner, outer in pairwise([*boundaries, "outermost"]):
        kind = f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n--{inner}\r\n{body}"
        body = kind + f"\r\n--{outer}--\r\n"
    head = "Content-Type: multipart/mixed; boundary=outermost\r\n\r\n--outermost\r\n"
    after = parse_message(shown((head + body).encode(), PICTURES))
    found = [one.media_type.boundaries[0] for one in after.entities if one.parts]
    assert len(found) == len(boundaries) + 3
    assert PICTURES[0].content in contents_of(after)
    sorted_ones = sorted(found)
    assert not any(later.startswith(one) for one, later in pairwise(sorted_ones))
