"""A mail before and after the relay: what a device sends, and what a recipient gets.

The relay makes the second from the first. Only the link's token and expiry are sample values; a
stack derives them from its key and its clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from relay_core.attachments.attachment import content_of
from relay_core.composing import prepare_mails
from relay_core.keys import RawKey
from relay_core.outgoing.letterhead import Letterhead
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.plan import RelayPlan, plan_relay
from relay_core.settings import Settings
from relay_core.wording.wording import Wording

from .svg import INK, SOFT, Picture, element, line, text

RECIPIENT = "anna@example.com"
_PAGE = "https://files.example.com/cX9tQmVh2LrK7dPzWb4NfA"
_UNTIL = datetime(2026, 11, 26, 15, 44, tzinfo=UTC)
_SETTINGS = Settings(
    stack="prod",
    sender_address="relay@mail.example.com",
    inbound_address="some-secret-name@in.example.com",
    allowed_recipients=("example.com", "example.net"),
    organisation="Example Works",
    contact="support@example.com",
)
_FILES = (("camera-3.jpg", 4_180_000), ("pressure.csv", 212_000))
_WIDTH, _PANEL, _MARGIN, _LINE, _SIZE = 1104.0, 528.0, 16.0, 19.0, 12.5
_LABEL = 64.0  # pixels: the width of the header fields' names


def sent() -> bytes:
    """The device's mail."""
    mail = EmailMessage()
    mail["From"] = "Boiler 3 <boiler-3@plant.example>"
    mail["To"] = _SETTINGS.inbound_address
    mail["Subject"] = "Pressure too high"
    mail.set_content(
        "Pressure in boiler 3 is too high: 12.4 bar.\n"
        f":Email_Rxers_Code:{RECIPIENT},ben@example.net:Email_Rxers_Code:\n"
    )
    for name, size in _FILES:
        mail.add_attachment(bytes(size), "application", "octet-stream", filename=name)
    mail.set_boundary("=_device")
    return mail.as_bytes(policy=policy.SMTP)


def outgoing(raw: bytes) -> bytes:
    """The outgoing mail for one of the recipients."""
    plan = plan_relay(raw, RawKey("incoming/1"), _SETTINGS, may_lack_receipt=True)
    assert isinstance(plan, RelayPlan)  # noqa: S101 - the mail is ours
    found = [upload.attachment for upload in plan.uploads]
    listed = [
        ListedAttachment(
            name=one.safe_name,
            size=sum(map(len, content_of(plan.message, one))),
            url=None,
            expires_at=_UNTIL,
        )
        for one in found
    ]
    letterhead = Letterhead(
        appearance=_SETTINGS.appearance, reference="K7Q2-MX4P", now=_UNTIL - _SETTINGS.link_expiry
    )
    prepared = prepare_mails(
        plan, listed, _SETTINGS, page_for=lambda _: _PAGE, letterhead=letterhead
    )
    return prepared(RECIPIENT).raw


def mail_picture() -> Picture:
    """Both mails, side by side."""
    raw = sent()
    before, after = list(_lines(raw)), list(_lines(outgoing(raw)))
    height = 2 * _MARGIN + _LINE * (max(len(before), len(after)) + 2)
    title = "What a device sends, and what a recipient gets"
    return Picture(
        title=title,
        description=f"{title}. Sent: {_alt_text(before)} Received: {_alt_text(after)}",
        width=_WIDTH,
        height=height,
        body=_panel("A device sends", before, _MARGIN, height)
        + _panel(f"{RECIPIENT} gets", after, _WIDTH - _PANEL - _MARGIN, height),
    )


_Line = tuple[str, str]
"""The name of a header field, and its value; or no name, and a line of the body."""


def _lines(raw: bytes) -> Iterator[_Line]:
    mail = message_from_bytes(raw, policy=policy.default)
    for name in ("From", "To", "Subject"):
        yield name, " ".join(str(mail[name]).split())
    yield "", ""
    body = mail.get_body(("plain",))
    assert body is not None  # noqa: S101 - the mail is ours
    yield from (("", words) for words in body.get_content().rstrip().splitlines())
    files = list(mail.iter_attachments())
    yield from [("", "")] if files else []
    for part in files:
        size = len(part.get_payload(decode=True))
        yield "File", f"{part.get_filename()}, {Wording().size(size)}"


def _panel(heading: str, lines: Sequence[_Line], x: float, height: float) -> str:
    y = _MARGIN + _LINE
    drawn = [
        element(
            "rect",
            x=x,
            y=_MARGIN / 2,
            width=_PANEL,
            height=height - _MARGIN,
            rx=6,
            class_="frame",
        ),
        text(heading, x + _MARGIN, y, size=_SIZE, weight="600"),
        line(x, y + _LINE / 2, x + _PANEL, y + _LINE / 2),
    ]
    for name, words in lines:
        y += _LINE
        inset = _LABEL if name else 0.0
        if name:
            drawn.append(text(name, x + _MARGIN, y + 6, class_=SOFT, size=_SIZE))
        if words:
            colour = "blue" if words.startswith("https:") else INK
            drawn.append(text(words, x + _MARGIN + inset, y + 6, class_=colour, size=_SIZE))
    return "".join(drawn)


def _alt_text(lines: Sequence[_Line]) -> str:
    summary = (f"{name}: {words}" if name else words for name, words in lines if words)
    return " / ".join(summary) + "."
