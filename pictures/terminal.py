"""`relayctl list` on a terminal of 80 columns, with sample mails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rich.console import Console

from operate.presentation.message_list import present_list
from relay_core.errors import Reason
from relay_core.keys import MessageId, RawKey
from relay_core.record.manifest import DeliveryRecord, DeliveryState, Manifest, ManifestState

from .svg import INK, SOFT, Picture, element, text

_NOW = datetime(2026, 11, 25, 3, 12, tzinfo=UTC)
_COLUMNS = 80
_SIZE, _LETTER, _LINE, _MARGIN = 13.0, 7.9, 19.0, 16.0
_STYLE = "font-family: ui-monospace, 'DejaVu Sans Mono', monospace; white-space: pre"
_SENT, _FAILED, _PENDING = (
    DeliveryState.SUBMITTED,
    DeliveryState.FAILED,
    DeliveryState.PENDING,
)


def terminal_picture() -> Picture:
    """The command and its answer."""
    console = Console(width=_COLUMNS, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(present_list(_mails(), _NOW, width=_COLUMNS))
    answer = [line.rstrip() for line in capture.get().splitlines()]
    lines = ["$ relayctl list --since 1d", *answer]
    title = "relayctl list, with sample mails"
    drawn = [
        text(words, _MARGIN, _MARGIN + _LINE * number, class_=colour, size=_SIZE, style=_STYLE)
        for number, words in enumerate(lines, 1)
        for colour in (SOFT if number <= 2 else INK,)
    ]
    width, height = 2 * _MARGIN + _COLUMNS * _LETTER, 2 * _MARGIN + _LINE * (len(lines) + 0.5)
    frame = element("rect", x=0.5, y=0.5, width=width - 1, height=height - 1, rx=8, class_="frame")
    return Picture(
        title=title,
        description=f"{title}: a line each, with age, state, id, recipients served, sender,"
        " subject, and why it stands there.",
        width=width,
        height=height,
        body=frame + "".join(drawn),
    )


def _mails() -> list[Manifest]:
    def mail(
        message_id: str,
        age: timedelta,
        sender: str,
        subject: str,
        *deliveries: DeliveryState,
        state: ManifestState = ManifestState.RELAYING,
        reason: Reason | None = None,
        detail: str = "",
    ) -> Manifest:
        return Manifest(
            message_id=MessageId(message_id),
            raw_key=RawKey(f"incoming/{message_id}"),
            sender=f"{sender}@plant.example",
            subject=subject,
            created_at=_NOW - age,
            expires_at=_NOW,
            attachments=(),
            deliveries=tuple(
                DeliveryRecord(
                    recipient=f"{name}@example.com",
                    state=one,
                    submission_id=None,
                    at=_NOW,
                    failure=detail if one is _FAILED else None,
                )
                for name, one in zip(("anna", "ben", "carl"), deliveries, strict=False)
            ),
            state=state,
            reason=reason,
            detail="" if deliveries else detail,
        )

    second, minute, hour = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
    return [
        mail("q7k2m9x4c1v8", 8 * second, "camera-3", "Motion at gate 3", _SENT, _PENDING),
        mail("b3n8r5t0w6y2", 4 * minute, "boiler-3", "Pressure too high", _SENT, _SENT),
        mail(
            "h1j6f4d9s2a7",
            26 * minute,
            "ups-07",
            "On battery",
            state=ManifestState.REFUSED,
            reason=Reason.RECIPIENT_NOT_ALLOWED,
            detail="eve@elsewhere.example",
        ),
        mail(
            "z5p0o8i3u6y1",
            3 * hour,
            "plc-12",
            "Line 2 stopped",
            _SENT,
            _FAILED,
            detail="MessageRejected",
        ),
        mail(
            "t9r4e2w7q0m3",
            7 * hour,
            "camera-9",
            "Motion at the dock",
            state=ManifestState.HELD,
            reason=Reason.LIMIT_EXCEEDED,
            detail="senderMessageLimit",
        ),
    ]
