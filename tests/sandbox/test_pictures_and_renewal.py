"""A recipient sees the picture in the mail, and gets a new link for an expired one."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.adapters.stored_message import png
from tests.sandbox.privileges import privileges_of
from tests.sandbox.running import (
    LINK,
    TO_PAGE,
    RunningSandbox,
    files_behind,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.waiting import eventually


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("curious")


@pytest.fixture(scope="module")
def relay(folder: Path) -> Iterator[RunningSandbox]:
    config = ("inlinePreview=true", "linkRenewal=true")
    with running_sandbox(folder, config) as sandbox:
        yield sandbox


def jpeg() -> bytes:
    written = BytesIO()
    Image.linear_gradient("L").resize((1280, 720)).convert("RGB").save(written, "JPEG")
    return written.getvalue()


def camera(relay: RunningSandbox, recipient: str, *images: bytes) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = relay.device
    message["Subject"] = "Door 3"
    message.set_content(f"Motion.\n{recipient_code(recipient)}\n")
    for number, image in enumerate(images, 1):
        message.add_attachment(image, "image", "jpeg", filename=f"{number}.jpg")
    return message.as_bytes()


def pictures(raw: bytes) -> list[Image.Image]:
    parsed = BytesParser(policy=default).parsebytes(raw)
    return [
        Image.open(BytesIO(part.get_content()))
        for part in parsed.walk()
        if isinstance(part, EmailMessage) and part.get_content_type() == "image/jpeg"
    ]


def text_of(raw: bytes) -> str:
    """The plain text of a mail."""
    plain = BytesParser(policy=default).parsebytes(raw).get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())


def link_in(raw: bytes) -> str:
    """The one link of a mail to a page."""
    (link,) = {one for one in LINK.findall(unescape(text_of(raw))) if TO_PAGE.match(one)}
    return str(link)


def status(url: str, form: bytes | None = None) -> int:
    try:
        with urllib.request.urlopen(url, form, timeout=60) as answer:  # noqa: S310 - a loopback URL
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_cameras_mail_arrives_with_the_picture_in_it(relay: RunningSandbox) -> None:
    recipient, image = unique_address(), jpeg()
    relay.send(camera(relay, recipient, image))
    mail = relay.await_mail(recipient)
    (shown,) = pictures(mail)
    assert (640, 360) == shown.size
    assert b"cid:" in mail
    assert [image] == files_behind(text_of(mail))


def test_a_bomb_a_polyglot_and_a_cut_image_stop_no_mail(relay: RunningSandbox) -> None:
    recipient = unique_address()
    bomb = png()[:16] + (20_000).to_bytes(4, "big") * 2 + png()[24:]
    polyglot = jpeg() + b"<script>alert(1)</script>PK\x03\x04"
    images = (bomb, polyglot, jpeg()[:3000])
    relay.send(camera(relay, recipient, *images))
    mail = relay.await_mail(recipient)
    (shown,) = pictures(mail)
    assert (640, 360) == shown.size
    assert list(images) == files_behind(text_of(mail))


def test_a_renewed_link_arrives_and_opens_and_the_old_one_stays_shut(
    relay: RunningSandbox,
) -> None:
    recipient = unique_address()
    relay.send(camera(relay, recipient, jpeg()))
    old = link_in(relay.await_mail(recipient))
    assert 200 == status(old)
    expire(relay, recipient)
    assert 410 == status(old)
    assert 1 == len(relay.mails(recipient))
    assert 202 == status(old, b"renew=1")
    assert 429 == status(old, b"renew=1")
    _, mail = eventually(lambda: (mails := relay.mails(recipient))[1:] and mails, within=60)
    new = link_in(mail)
    assert old != new
    assert (200, 410) == (status(new), status(old))
    assert [jpeg()] == files_behind(new)


@pytest.mark.parametrize(
    ("sid", "action"),
    [("RecordRenewals", "s3:PutObject"), ("SendNewLinks", "ses:SendRawEmail")],
)
def test_without_a_right_no_link_is_renewed_and_with_it_it_is_at_once(
    relay: RunningSandbox, folder: Path, sid: str, action: str
) -> None:
    recipient = unique_address()
    relay.send(camera(relay, recipient, jpeg()))
    old = link_in(relay.await_mail(recipient))
    expire(relay, recipient)
    name = relay.ready["stack"]["downloadFunctionName"]
    page = privileges_of(relay, folder / "data", name)
    with page.without(sid), page.denied(action):
        assert 503 == status(old, b"renew=1")
    assert 202 == status(old, b"renew=1")
    eventually(lambda: relay.mails(recipient)[1:], within=60)


def expire(relay: RunningSandbox, recipient: str) -> None:
    """Let the links of the recipient's one message expire, after its worker has finished."""
    s3, bucket = relay.client("s3"), relay.ready["stack"]["attachmentsBucket"]

    def done() -> tuple[str, dict[str, object]] | None:
        for item in s3.list_objects_v2(Bucket=bucket, Prefix="manifests/").get("Contents", []):
            found = json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
            (delivery, *_) = found["deliveries"] or [{}]
            if delivery.get("recipient") == recipient and found["lease"] is None:
                return item["Key"], found
        return None

    found = eventually(done, within=60)
    assert found is not None
    key, manifest = found
    manifest["expires_at"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode())
