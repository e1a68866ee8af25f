"""A configuration change between two deliveries of a mail loses nothing of it.

Files have other positions under another configuration, and a text may be a file under only one of
them. A recipient recorded under the first configuration gets all of it under the second.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from zipfile import ZipFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.environment import InvalidSettings
from relay_core.errors import TransientError
from relay_core.recipient_code import marker_choice
from relay_core.record.report import Outcome
from relay_core.settings import Settings
from tests.core.delivery.deliveries import manifest_of
from tests.fakes import MemoryWorld

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
    submission_concurrency=1,
)
MARKER = b"Email_Rxers_Code"
CODE = f":{MARKER.decode()}:anna@example.com,ben@example.com:{MARKER.decode()}:"
WORDS = "".join(f"measured value number {number}\n" for number in range(600))
FILES = (b"one", b"two", b"three")
PICTURE = b"\x89PNG" * 500


def raw_mail() -> bytes:
    """Two texts of 15 kB, a picture in the HTML, and three files of the same name."""
    html = EmailMessage()
    html.set_content(f'<p>{CODE}</p><p>{WORDS}<img src="cid:a@b">last line</p>', "html")
    html.add_related(PICTURE, "image", "png", cid="<a@b>")
    message = EmailMessage()
    message["From"] = "Boiler 3 <boiler@plant.example>"
    message["Subject"] = "Pressure"
    message.set_content(f"{CODE}\n{WORDS}last line\n")
    message.make_alternative()
    message.attach(html)
    for content in FILES:
        message.add_attachment(content, "application", "octet-stream", filename="a.bin")
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


RAW = raw_mail()


def contents(world: MemoryWorld, raw: bytes) -> Iterator[bytes]:
    """Everything that a recipient has: the mail's content, and the files of its links."""
    for part in message_from_bytes(raw).walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content
    for listed in manifest_of(world).attachments:
        content = next(
            one.content for key, one in world.attachments.attachments.items() if key == listed.key
        )
        if listed.content_type == "application/zip":
            with ZipFile(io.BytesIO(content)) as archive:
                yield from map(archive.read, archive.namelist())
        else:
            yield content


def configuration(text: int = 1_000_000, files: int = 300, image: int = 0) -> Settings:
    return replace(SETTINGS, max_body_bytes=text, max_attachments=files, inline_image_limit=image)


CONFIGURATIONS = st.builds(
    configuration,
    st.sampled_from([10_000, 20_000, 1_000_000]),
    st.sampled_from([2, 3, 4, 300]),
    st.sampled_from([0, 1_000_000]),
)


@given(first=CONFIGURATIONS, second=CONFIGURATIONS, is_promised=st.booleans())
@example(first=configuration(), second=configuration(text=10_000), is_promised=True)
@example(first=configuration(), second=configuration(text=10_000), is_promised=False)
@example(first=configuration(image=1_000_000), second=configuration(), is_promised=True)
def test_all_of_a_mail_goes_out_whatever_changes_between_its_deliveries(
    first: Settings, second: Settings, *, is_promised: bool
) -> None:
    world = MemoryWorld()
    down = TransientError(call="x", target="x", detail="out of reach")
    if is_promised:
        world.submission.faults.order("submit", down, target="ben@example.com")
    else:
        world.attachments.faults.order("store", down, target=last_file(first))
    with suppress(TransientError):
        world.relay(RAW, first)
    assert Outcome.RELAYED is world.relay(RAW, second).outcome
    assert 2 == len(world.submission.outbox)
    for mail in world.submission.outbox:
        seen = list(contents(world, mail.raw))
        assert {PICTURE, *FILES} <= set(seen)
        whole = [one for one in seen if b"value number 599" in one and b"last line" in one]
        assert any(b"<p>" in one for one in whole)
        assert any(b"<p>" not in one for one in whole)
        assert not any(MARKER in one for one in seen)
    keys = [one.key for one in manifest_of(world).attachments]
    assert len(set(keys)) == len(keys)


def last_file(settings: Settings) -> str:
    """The key that a mail's last file is stored under."""
    world = MemoryWorld()
    world.relay(RAW, settings)
    return manifest_of(world).attachments[-1].key


def test_with_another_marker_no_recipient_sees_the_code() -> None:
    world = MemoryWorld()
    down = TransientError(call="submit", target="x", detail="out of reach")
    world.submission.faults.order("submit", down, target="ben@example.com")
    world.relay(RAW, SETTINGS)
    assert Outcome.RELAYED is world.relay(RAW, replace(SETTINGS, recipient_marker="Other")).outcome
    assert 2 == len(world.submission.outbox)
    assert not any(MARKER in mail.raw for mail in world.submission.outbox)


@pytest.mark.parametrize(
    ("marker", "short"), [("Subject", None), ("mail-to", None), (MARKER.decode(), "Sent")]
)
def test_a_mail_accepted_under_markers_that_are_refused_by_now_goes_out_once(
    monkeypatch: pytest.MonkeyPatch, marker: str, short: str | None
) -> None:
    world, used = MemoryWorld(), short or marker
    raw = RAW.replace(MARKER, used.encode())
    down = TransientError(call="submit", target="x", detail="out of reach")
    world.submission.faults.order("submit", down, target="ben@example.com")
    with monkeypatch.context() as earlier:
        earlier.setattr(marker_choice, "_TAKEN", frozenset())
        world.relay(raw, replace(SETTINGS, recipient_marker=marker, short_marker=short))
    with pytest.raises(InvalidSettings):
        replace(SETTINGS, recipient_marker=marker, short_marker=short)
    assert Outcome.RELAYED is world.relay(raw, SETTINGS).outcome
    assert ["anna@example.com", "ben@example.com"] == sorted(
        mail.recipient for mail in world.submission.outbox
    )
    assert not any(f":{used}:".encode() in mail.raw for mail in world.submission.outbox)
    assert Outcome.DUPLICATE is world.relay(raw, SETTINGS).outcome
