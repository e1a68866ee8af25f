"""The lines of the terminal output."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from sandbox.events import AttachmentScanned, Event, MailSubmitted, NoticePublished
from sandbox.services.function_log import parse_log_message
from sandbox.terminal.event_lines import EventPrinter


def event_text(event: Event) -> str:
    output = io.StringIO()
    EventPrinter(Console(file=output, width=40, force_terminal=False))(event)
    return output.getvalue()


def test_a_line_is_one_line_and_obeys_no_mail() -> None:
    line = event_text(
        MailSubmitted(
            submission_id="1",
            sender="a@example.com",
            recipients=("b@example.com",),
            subject="[bold]x[/bold] \x1b[2J \r\n" + "long " * 30,
            size=1_234_567,
        )
    )
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert "1.2 MB to b@example.com: “[bold]x[/bold] " in line


def test_a_scan_is_reported() -> None:
    event = AttachmentScanned(key="attachments/1/a.bin", status="THREATS_FOUND")
    assert "   scanned  attachments/1/a.bin: THREATS_FOUND\n" == event_text(event)


@pytest.mark.parametrize(
    ("message", "told_as"),
    [
        ("START RequestId: 1 Version: $LATEST\n", None),
        ('{"_aws": {"Timestamp": 1}, "MessagesRelayed": [1.0]}', None),
        ('{"level": "INFO", "message": "mail ignored", "reason": "x"}', "mail ignored; reason x"),
        ("Traceback: oh no", "Traceback: oh no"),
        (
            "REPORT RequestId: \tDuration: 812 ms\t…\tMemory Size: 512 MB\tMax Memory Used: 97 MB",
            "an invocation took 812 ms; its worker 97 of 512 MB at its peak",
        ),
    ],
)
def test_lines_of_the_functions_log(message: str, told_as: str | None) -> None:
    logged = parse_log_message(message)
    assert told_as == (logged.text if logged else None)


def test_the_reason_of_a_notice_is_reported_once() -> None:
    line = event_text(
        NoticePublished(
            topic="fallback",
            at=datetime(2026, 1, 2, tzinfo=UTC),
            subject="Mail relay dev: spam (a@b.example)",
            message="text",
            document=None,
            attributes={"reason": "spam"},
        )
    )
    assert line.count("spam") == 1
