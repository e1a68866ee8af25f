"""What recipients see, as HTML: mails, and each state of the download page.

The functions of a stack make it, from files and texts of the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache

from adapters.download.frame import Frame
from adapters.download.page import Shown, files_page
from adapters.download.status_pages import StatusPage, status_page
from adapters.download.view_page import OpenedFile, picture_page, recording_page, text_page
from relay_core.delivery.renewal_mail import renewal_mail
from relay_core.html.placement import with_block
from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.links.download import (
    FileStatus,
    LinkStatus,
    LinkView,
    OfferedFile,
    plan_archive,
)
from relay_core.links.excerpt import Excerpt
from relay_core.links.reference import reference
from relay_core.outgoing.letterhead import Letterhead
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.outgoing.link_list_html import format_appendix_html
from relay_core.ports import Picture
from relay_core.record.manifest import DeliveryRecord, Manifest, StoredAttachment
from relay_core.settings import Settings
from relay_core.wording.appearance import Appearance
from relay_core.wording.language import Language
from tests.adapters.stored_message import png
from tests.fakes import MemoryWorld
from tests.receipt import received

ORIGIN = "http://127.0.0.1:9"
"""The URL of the scenes; the browser's route answers it, without a server."""

TOKEN = "T" * 40
_NOW = datetime(2026, 11, 29, 5, 20, tzinfo=UTC)
_MESSAGE = MessageId("0abc1def2")
_LONG = "Report_2026-11-29_boiler-house-north_pressure_and_temperature_of_all_valves.final.pdf"
_UNBROKEN = "X" * 120 + ".bin"
_FILES = (
    ("camera-3_gate-north_2026-11-29_05-19-58.jpg", "image/jpeg", 3_180_000),
    ("pressure.csv", "text/csv", 212_000),
    (_LONG, "application/pdf", 1_048_576),
    (_UNBROKEN, "", 999),
)
_TEXT = (
    "2026-11-29T05:19:58+01:00 boiler-3 pressure=12.4 limit=12.0",
    "2026-11-29T05:19:59+01:00 boiler-3 <relief valve> & pump: " + "opened, closed, " * 9,
    "",
    "\tحرارة الغلاية 3 مرتفعة",  # noqa: RUF001 - Arabic
)
_ROWS = (
    ("time", "boiler", "pressure (bar)", "state", "temperature (°C)", "relief valve"),
    *[("05:19", "boiler-3 north", "12.4", "alarm", "188", "open")] * 9,
)
_DEVICE = (
    "<html><head><title>Alarm</title></head><body><p>Pressure in boiler 3 is too high: 12.4 bar."
    "</p></body></html>"
)
_STYLED = (
    "<html><head><style>body{background:#eee;margin:0}td{color:red;border:9px solid}"
    "a{display:none}</style></head><body><h1>Alarm</h1></body></html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One document by its name. `is_mail`: not shown under our policy, but in a mail program."""

    name: str
    html: str
    is_mail: bool = False


def appearance(language: Language, accent: str = "#14508c") -> Appearance:
    """The appearance of a stack with an organisation, in that language."""
    return Appearance(
        organisation="Example Works GmbH & Co. KG",
        contact="support@example.org",
        accent_colour=accent,
        language=language,
        time_zone="Europe/Berlin",
    )


@cache
def scenes(language: Language, accent: str = "#14508c") -> Sequence[Scene]:
    """Everything that a recipient may see in that language."""
    return tuple(_scenes(language, accent))


def _scenes(language: Language, accent: str) -> Iterator[Scene]:
    own = appearance(language, accent)
    yield Scene(name="mail", html=_mail(_DEVICE, own), is_mail=True)
    yield Scene(name="mail with styles", html=_mail(_STYLED, own), is_mail=True)
    for kind in ("html", "plain"):
        html = _mail_with_pictures(kind, own)
        yield Scene(name=f"mail with pictures {kind}", html=html, is_mail=True)
    yield Scene(name="mail with a new link", html=_renewal_mail(own), is_mail=True)
    frame = Frame(appearance=own, wording=own.wording, reference=reference(_MESSAGE))
    ready, scanning = FileStatus.READY, FileStatus.SCANNING
    yield Scene(name="files", html=_files(frame, ready, ready, ready, ready))
    yield Scene(name="one file", html=_files(frame, ready))
    yield Scene(name="waiting", html=_files(frame, scanning, scanning))
    mixed = (ready, FileStatus.MALICIOUS, FileStatus.UNSCANNABLE, FileStatus.LOST)
    yield Scene(name="files in every state", html=_files(frame, *mixed))
    yield from _looking(frame)
    for notice in StatusPage:
        body = status_page(notice, frame).body.decode()
        yield Scene(name=notice.name.lower().replace("_", "-"), html=body)


def _mail(device: str, own: Appearance) -> str:
    letterhead = Letterhead(appearance=own, reference=reference(_MESSAGE), now=_NOW)
    until = _NOW + timedelta(hours=36)
    listed = [
        ListedAttachment(name=name, size=size, url=None, expires_at=until)
        for name, _, size in _FILES
    ]
    note = own.wording.say(
        "The file {name} may be damaged: the device did not encode it correctly.", name=_LONG
    )
    block = format_appendix_html(
        listed, [note], page_url=f"{ORIGIN}/{TOKEN}", among=device, letterhead=letterhead
    )
    return with_block(device.replace("<head>", f"<head>{_VIEWPORT}"), block)


# Mail programs on phones add this; without it a browser lays out a page as wide as a desktop.
_VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'


class _Pictures:
    """`ImagePreviews` whose pictures the browser's route serves."""

    def make(self, content: bytes, *, max_bytes: int) -> Picture | None:
        return Picture(content=content[:max_bytes], width=640, height=400)


def _mail_with_pictures(kind: str, own: Appearance) -> str:
    """The HTML of a mail as it is relayed, from a device that sends text or HTML."""
    device = EmailMessage()
    device["From"], device["Subject"] = "boiler-3@plant.example", "Alarm"
    code = ":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:"
    text = f"Pressure in boiler 3 is too high: 12.4 bar.\nhttps://boiler-3.plant.example/\n{code}"
    if kind == "html":
        device.set_content(_DEVICE.replace("</body>", f"<p>{code}</p></body>"), subtype="html")
    else:
        device.set_content(text)
    for number in (1, 2):
        device.add_attachment(png(number, 5), "image", "png", filename=f"camera-{number}.png")
    settings = Settings(
        stack="test",
        sender_address="relay@mail.example.com",
        inbound_address="secret@in.example.com",
        allowed_recipients=("example.com",),
        inline_preview=True,
        organisation=own.organisation,
        contact=own.contact,
        accent_colour=own.accent_colour,
        language=own.language,
        time_zone=own.time_zone,
    )
    world = MemoryWorld(now=_NOW)
    world.previews = _Pictures()
    world.relay(received(device.as_bytes()), settings)
    return _shown_html(world.submission.outbox[0].raw)


def _renewal_mail(own: Appearance) -> str:
    mail = renewal_mail(
        _manifest(len(_FILES)),
        "anna@example.com",
        url=f"{ORIGIN}/{TOKEN}",
        until=_NOW + timedelta(hours=36),
        sender_address="relay@mail.example.com",
        stack="test",
        letterhead=Letterhead(appearance=own, reference=reference(_MESSAGE), now=_NOW),
    )
    return _shown_html(mail.raw)


def _shown_html(raw: bytes) -> str:
    """The HTML of a mail, with pictures that the browser can load."""
    parsed = message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    body = parsed.get_body(("html",))
    assert body is not None
    return _VIEWPORT + re.sub(r"cid:[^\"]+", "/preview/1", body.get_content())


def _looking(frame: Frame) -> Iterator[Scene]:
    """The pages that show one file."""
    view = _view(*[FileStatus.READY] * len(_FILES))

    def opened(number: int, name: str | None = None) -> OpenedFile:
        file = view.files[number - 1]
        attachment = file.attachment
        if name:
            attachment = replace(attachment, filename=name, content_type="")
        return OpenedFile(
            view=view,
            file=replace(file, attachment=attachment),
            list_url=f"../../{TOKEN}",
            neighbour_base="",
            origin=ORIGIN,
            frame=frame,
        )

    log = opened(2, "boiler-3.log")
    pages = {
        "picture": picture_page(opened(1), "../preview/1"),
        "table": text_page(opened(2), Excerpt(rows=_ROWS, is_whole=False)),
        "text": text_page(log, Excerpt(lines=_TEXT, is_whole=True)),
        "arabic text": text_page(log, Excerpt(lines=_TEXT[::-1], is_whole=True)),
        "no text": text_page(log, None),
        "sound": recording_page(opened(2, "door.wav"), f"{ORIGIN}/sound", "audio/wav"),
        "film": recording_page(opened(2, "gate.mp4"), f"{ORIGIN}/film", "video/mp4"),
    }
    for name, answer in pages.items():
        yield Scene(name=f"look at {name}", html=answer.body.decode())


def _manifest(files: int) -> Manifest:
    attachments = tuple(
        StoredAttachment(
            key=AttachmentKey(f"attachments/{_MESSAGE}/{place}"),
            filename=name,
            content_type=content_type,
            size=size,
            sha256="0" * 64,
        )
        for place, (name, content_type, size) in enumerate(_FILES[:files])
    )
    return Manifest(
        message_id=_MESSAGE,
        raw_key=RawKey(f"incoming/{_MESSAGE}"),
        created_at=_NOW,
        expires_at=_NOW + timedelta(hours=36),
        subject="Pressure in boiler 3 is too high: 12.4 bar",
        sender="boiler-3@plant.example",
        attachments=attachments,
        deliveries=(DeliveryRecord(recipient="anna@example.com"),),
    )


def _view(*statuses: FileStatus) -> LinkView:
    manifest = _manifest(len(statuses))
    return LinkView(
        status=LinkStatus.AVAILABLE,
        recipient="anna@example.com",
        manifest=manifest,
        files=tuple(
            OfferedFile(number=number, attachment=one, status=status)
            for number, (one, status) in enumerate(
                zip(manifest.attachments, statuses, strict=True), 1
            )
        ),
    )


def _files(frame: Frame, *statuses: FileStatus) -> str:
    view = _view(*statuses)
    shown = Shown(token=TOKEN, origin=ORIGIN, now=_NOW, part=1, archive=plan_archive(view.files))
    return files_page(view, shown, frame).body.decode()
