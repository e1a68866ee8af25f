"""Laws of pictures in a mail, whatever the mail is made of."""

from __future__ import annotations

from hypothesis import given

from relay_core.attachments.attachment import Action, find_attachments
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


def shown(raw: bytes, previews: tuple[InlinePreview, ...]) -> bytes:
    message = parse_message(raw)
    detached = [one for one in find_attachments(message) if one.action is Action.DETACH]
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
    assert {contents.count(one.content) for one in PICTURES} in ({0}, {1})
    # All leaves are there as they were, but for the one text that shows the pictures.
    assert len([one for one in contents_of(before) if one not in contents]) <= 1
    if PICTURES[0].content in contents:
        texts = [after.text(one).text for one in after.leaves() if one.media_type.type == "text"]
        for picture in PICTURES:
            assert 1 == sum(f"cid:{picture.content_id}" in text for text in texts)


def contents_of(message: Message) -> list[bytes]:
    return [b"".join(message.content(leaf)) for leaf in message.leaves()]


def test_a_url_is_a_link_without_what_ends_its_sentence() -> None:
    html = text_as_html('see (http://a.example/x?a=1&b=2), "https://b.example". javascript:x')
    assert '<a href="http://a.example/x?a=1&amp;b=2">' in html
    assert '<a href="https://b.example">' in html
    assert 2 == html.count("<a ")
