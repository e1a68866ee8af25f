"""What recipients have before them, as HTML: a mail, and each state of the download page.

Made by the pure functions that make it on a stack, of files and words of our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.download.frame import Frame
from adapters.download.notices import Notice, notice_page
from adapters.download.page import Shown, files_page
from relay_core.html.placement import with_block
from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.links.download import (
    FileStatus,
    LinkStatus,
    LinkView,
    OfferedFile,
    plan_archive,
)
from relay_core.links.reference import reference
from relay_core.outgoing.letterhead import Letterhead
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.outgoing.link_list_html import format_appendix_html
from relay_core.record.manifest import DeliveryRecord, Manifest, StoredAttachment
from relay_core.wording.appearance import Appearance
from relay_core.wording.language import Language

ORIGIN = "http://127.0.0.1:9"
"""Where the scenes are shown; a browser's route answers for it, and nothing listens there."""

TOKEN = "T" * 40
_NOW = datetime(2026, 11, 29, 5, 20, tzinfo=UTC)
_MESSAGE = MessageId("0abc1def2")
_LONG = "Report_2026-11-29_boiler-house-north_pressure_and_temperature_of_all_valves.final.pdf"
_UNBROKEN = "X" * 120 + ".bin"
_FILES = (
    ("camera-3_gate-north_2026-11-29_05-19-58.jpg", "image/jpeg", 4_180_000),
    ("pressure.csv", "text/csv", 212_000),
    (_LONG, "application/pdf", 1_048_576),
    (_UNBROKEN, "", 999),
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
    """A stack's own, in that language."""
    return Appearance(
        organisation="Example Works GmbH & Co. KG",
        contact="support@example.org",
        accent_colour=accent,
        language=language,
        time_zone="Europe/Berlin",
    )


def scenes(language: Language, accent: str = "#14508c") -> Iterator[Scene]:
    """All that a recipient may come to see in that language."""
    own = appearance(language, accent)
    yield Scene(name="mail", html=_mail(_DEVICE, own), is_mail=True)
    yield Scene(name="mail with styles", html=_mail(_STYLED, own), is_mail=True)
    frame = Frame(appearance=own, wording=own.wording, reference=reference(_MESSAGE))
    ready, scanning = FileStatus.READY, FileStatus.SCANNING
    yield Scene(name="files", html=_files(frame, ready, ready, ready, ready))
    yield Scene(name="one file", html=_files(frame, ready))
    yield Scene(name="waiting", html=_files(frame, scanning, scanning))
    mixed = (ready, FileStatus.MALICIOUS, FileStatus.UNSCANNABLE, FileStatus.LOST)
    yield Scene(name="files in every state", html=_files(frame, *mixed))
    for notice in Notice:
        body = notice_page(notice, frame).body.decode()
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
    # What mail programs on phones add: without it a browser draws a page of a desk's width.
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return with_block(device.replace("<head>", f"<head>{viewport}"), block)


def _files(frame: Frame, *statuses: FileStatus) -> str:
    attachments = tuple(
        StoredAttachment(
            key=AttachmentKey(f"attachments/{_MESSAGE}/{place}"),
            filename=name,
            content_type=content_type,
            size=size,
            sha256="0" * 64,
        )
        for place, (name, content_type, size) in enumerate(_FILES[: len(statuses)])
    )
    manifest = Manifest(
        message_id=_MESSAGE,
        raw_key=RawKey(f"incoming/{_MESSAGE}"),
        created_at=_NOW,
        expires_at=_NOW + timedelta(hours=36),
        subject="Pressure in boiler 3 is too high: 12.4 bar",
        sender="boiler-3@plant.example",
        attachments=attachments,
        deliveries=(DeliveryRecord(recipient="anna@example.com"),),
    )
    files = tuple(
        OfferedFile(number=number, attachment=one, status=status)
        for number, (one, status) in enumerate(zip(attachments, statuses, strict=True), 1)
    )
    view = LinkView(
        status=LinkStatus.AVAILABLE, recipient="anna@example.com", manifest=manifest, files=files
    )
    shown = Shown(token=TOKEN, origin=ORIGIN, now=_NOW, part=1, archive=plan_archive(view.files))
    return files_page(view, shown, frame).body.decode()
