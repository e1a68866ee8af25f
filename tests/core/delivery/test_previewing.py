"""Small pictures in the mail: shown by its HTML, within a budget; a failure stops no mail."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest

from relay_core.attachments.attachment import Attachment, content_of
from relay_core.delivery import previewing
from relay_core.delivery.deaths import Attempt
from relay_core.delivery.previewing import MAX_PREVIEWS, PREVIEW_BYTES
from relay_core.mime.message import Message
from relay_core.ports import Picture
from relay_core.settings import LinkMode, Settings
from tests.adapters.stored_message import png
from tests.fakes import MemoryWorld
from tests.receipt import received

CODE = ":Email_Rxers_Code:anna@example.com,ben@example.net:Email_Rxers_Code:"
SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com", "example.net"),
)
SHOWING = replace(SETTINGS, inline_preview=True)


@dataclass
class FakePreviews:
    """`ImagePreviews` that makes a picture of the allowed size; None for `bad` images."""

    bad: bytes = b""
    asked: list[tuple[bytes, int]] = field(default_factory=list)

    def make(self, content: bytes, *, max_bytes: int) -> Picture | None:
        self.asked.append((content, max_bytes))
        if content == self.bad:
            return None
        return Picture(content=b"\xff\xd8" + bytes(max_bytes - 2), width=64, height=48)


def camera(
    *images: bytes, text: str | None = "Door open\n", html: str | None = None, inline: bool = False
) -> bytes:
    message = EmailMessage()
    message["From"] = "cam@plant.example"
    message["Subject"] = "Alarm"
    if text is not None:
        message.set_content(f"{text}{CODE}\n")
    if html is not None:
        body = f"<html><body><p>{html}</p><p>{CODE}</p></body></html>"
        if text is None:
            message.set_content(body, subtype="html")
        else:
            message.add_alternative(body, subtype="html")
    for number, image in enumerate(images, 1):
        message.add_attachment(
            image,
            "image",
            "png",
            filename=f"{number}.png",
            disposition="inline" if inline else None,
        )
    return received(message.as_bytes())


def parsed(raw: bytes) -> EmailMessage:
    found = BytesParser(policy=default).parsebytes(raw)
    assert isinstance(found, EmailMessage)
    assert [] == [defect for part in found.walk() for defect in part.defects]
    return found


def relayed(raw: bytes, world: MemoryWorld | None = None) -> Sequence[bytes]:
    world = world or MemoryWorld()
    world.previews = world.previews or FakePreviews()
    world.relay(raw, SHOWING)
    return [mail.raw for mail in world.submission.outbox]


def shown(message: EmailMessage) -> Iterator[str]:
    """The names of the pictures that the HTML shows; each is a part of the mail."""
    for related in (
        one for one in message.walk() if one.get_content_type() == "multipart/related"
    ):
        root, *pictures = related.iter_parts()
        names = {str(one["Content-ID"]).strip("<>"): one for one in pictures}
        for cid, name in re.findall(r'<img src="cid:([^"]+)" alt="([^"]*)"', root.get_content()):
            assert "image/jpeg" == names[cid].get_content_type()
            assert "inline" == names[cid].get_content_disposition()
            yield name


@pytest.mark.parametrize(
    ("raw", "structure"),
    [
        (camera(png()), ["alternative", "plain", "related", "html", "jpeg"]),
        (camera(png(), text=None, html="Door"), ["related", "html", "jpeg"]),
        (camera(png(), html="Door"), ["alternative", "plain", "related", "html", "jpeg"]),
        (camera(png(), png(4, 4)), ["alternative", "plain", "related", "html", "jpeg", "jpeg"]),
        (camera(png(), inline=True), ["alternative", "plain", "related", "html", "jpeg"]),
    ],
)
def test_the_html_shows_a_picture_of_each_image(raw: bytes, structure: list[str]) -> None:
    for sent in relayed(raw):
        message = parsed(sent)
        kinds = [one.get_content_subtype() for one in message.walk()]
        assert structure == [kind for kind in kinds if kind != "mixed"]
        names = list(shown(message))
        assert [f"{number}.png" for number in range(1, structure.count("jpeg") + 1)] == names


def test_a_text_says_in_html_what_it_says() -> None:
    raw = camera(png(), text="5 < 6 & http://cam.local/?a=1&b=2.\n\n  indented\n")
    for sent in relayed(raw):
        message = parsed(sent)
        plain, html = message.get_body(("plain",)), message.get_body(("html",))
        assert plain is not None
        assert html is not None
        assert "5 &lt; 6 &amp; <a href" in html.get_content()
        assert 'href="http://cam.local/?a=1&amp;b=2"' in html.get_content()
        assert "&nbsp; indented<br>" in html.get_content().splitlines()
        (link,) = set(re.findall(r"https://files\.example/\S+", plain.get_content()))
        assert f'<a href="{link}"><img' in html.get_content()


def test_all_else_of_the_mail_is_as_without() -> None:
    raw = camera(png(), html="Door")
    world = MemoryWorld()
    world.relay(raw, SETTINGS)
    for without, sent in zip(world.submission.outbox, relayed(raw), strict=True):
        before, after = parsed(without.raw), parsed(sent)
        assert {
            name: value for name, value in before.items() if not name.startswith("Content-")
        } == {name: value for name, value in after.items() if not name.startswith("Content-")}
        texts = [
            [one.get_content() for one in mail.walk() if one.get_content_type() == "text/plain"]
            for mail in (before, after)
        ]
        assert texts[0] == texts[1]


def test_no_byte_of_a_file_goes_into_a_mail() -> None:
    image = png() + b"PK\x03\x04 a second file"
    for sent in relayed(camera(image)):
        assert base64.b64encode(image)[:40] not in sent
        for part in parsed(sent).walk():
            if not part.is_multipart():
                assert b"second file" not in part.get_payload(decode=True)


def test_each_picture_is_made_once_for_all_and_they_share_the_budget() -> None:
    world = MemoryWorld()
    world.previews = previews = FakePreviews()
    images = [png(number, 5) for number in range(1, 5)]
    raw = camera(*images)
    sent = relayed(raw, world)
    assert 2 == len(sent)
    assert images == [content for content, _ in previews.asked]
    assert sum(most for _, most in previews.asked) <= PREVIEW_BYTES
    without = MemoryWorld()
    without.relay(raw, SETTINGS)
    for more, less in zip(sent, without.submission.outbox, strict=True):
        assert len(more) - len(less.raw) <= 200_000


def test_what_one_image_leaves_the_others_have() -> None:
    world = MemoryWorld()
    world.previews = previews = FakePreviews(bad=png(1, 5))
    sent = relayed(camera(png(1, 5), png(2, 5)), world)
    assert [PREVIEW_BYTES // 2, PREVIEW_BYTES] == [most for _, most in previews.asked]
    assert ["2.png"] == list(shown(parsed(sent[0])))


def test_of_many_images_the_first_are_decoded_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []

    def counted(message: Message, attachment: Attachment) -> Iterator[bytes]:
        decoded.append(attachment.filename)
        return content_of(message, attachment)

    monkeypatch.setattr(previewing, "content_of", counted)
    world = MemoryWorld()
    world.previews = previews = FakePreviews()
    relayed(camera(*[png(number, 5) for number in range(1, MAX_PREVIEWS + 30)]), world)
    assert [f"{number}.png" for number in range(1, MAX_PREVIEWS + 1)] == decoded
    assert MAX_PREVIEWS == len(previews.asked)


@pytest.mark.parametrize(
    "image",
    [
        b"<svg/>",
        b"\x89PNG\r\n\x1a\n",
        png()[:16] + (20_000).to_bytes(4, "big") * 2 + png()[24:],
        png() + bytes(4_000_000),
    ],
    ids=["no image", "cut", "bomb", "large"],
)
def test_what_is_no_image_that_a_page_shows_is_not_even_tried(image: bytes) -> None:
    world = MemoryWorld()
    world.previews = previews = FakePreviews()
    without, raw = MemoryWorld(), camera(image)
    without.relay(raw, SETTINGS)
    assert [one.raw for one in without.submission.outbox] == relayed(raw, world)
    assert [] == previews.asked


def test_where_no_picture_can_be_made_the_mail_is_as_without() -> None:
    world = MemoryWorld()
    world.previews = FakePreviews(bad=png())
    without, raw = MemoryWorld(), camera(png())
    without.relay(raw, SETTINGS)
    assert [one.raw for one in without.submission.outbox] == relayed(raw, world)


def test_a_mail_that_stopped_a_worker_goes_without() -> None:
    class Fatal(FakePreviews):
        def make(self, content: bytes, *, max_bytes: int) -> Picture | None:
            super().make(content, max_bytes=max_bytes)
            raise KeyboardInterrupt

    world = MemoryWorld()
    world.previews = previews = Fatal()
    first = Attempt(queue_message="sqs-1", number=1)
    with pytest.raises(KeyboardInterrupt):
        world.relay(camera(png()), SHOWING, attempt=first)
    again = Attempt(queue_message="sqs-1", number=2)
    world.relay(camera(png()), SHOWING, attempt=again)
    assert 1 == len(previews.asked)
    assert 2 == len(world.submission.outbox)
    assert b"cid:" not in world.submission.outbox[0].raw


def test_a_page_that_is_not_there_is_not_linked_to() -> None:
    world = MemoryWorld()
    world.previews = FakePreviews()
    world.relay(camera(png()), replace(SHOWING, link_mode=LinkMode.PRESIGNED))
    html = parsed(world.submission.outbox[0].raw).get_body(("html",))
    assert html is not None
    assert "<p><img" in html.get_content()


def test_a_boundary_of_the_device_that_equals_ours_has_no_effect() -> None:
    (ours,) = set(re.findall(r'boundary="(relay_\w{32})"', relayed(camera(png()))[0].decode())[:1])
    for boundary in (ours, ours[:1], ours[:7], f"{ours}2"):
        message = EmailMessage()
        message["From"] = "cam@plant.example"
        message.set_content(f"--{ours}\n{CODE}\n--{ours}--\n")
        message.add_attachment(png(), "image", "png", filename="1.png")
        message.set_boundary(boundary)
        for sent in relayed(received(message.as_bytes())):
            assert ["1.png"] == list(shown(parsed(sent)))
