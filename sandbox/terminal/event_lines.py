"""The terminal's output: a line for each event in the sandbox.

Mails come from unknown senders, so their content is shown without control characters. If the
terminal is closed, the output ends, but the sandbox continues.
"""

from __future__ import annotations

import sys
from typing import IO, cast

from rich.console import Console
from rich.text import Text

from sandbox.events import (
    AttachmentScanned,
    Event,
    FunctionLogged,
    MailAccepted,
    MailRejected,
    MailStored,
    MailSubmitted,
    NoticePublished,
    ProgramWarned,
    SandboxFailure,
    SubmissionRefused,
)
from sandbox.ses_verdicts import Verdict

from .output import BestEffortOutput

_NAME_WIDTH = 10


class Terminal(Console):
    """A console on standard output that does not block.

    It stops writing when the reader is gone, where Rich's console would end the program.
    """

    def __init__(self) -> None:
        # It has everything that Rich uses; the type checker requires the concrete class.
        super().__init__(file=cast("IO[str]", BestEffortOutput(sys.stdout)))

    def on_broken_pipe(self) -> None:
        """Do nothing: the reader of the output is gone."""
        self.quiet = True


class EventPrinter:
    """A listener that prints a line for each event."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._silent = False

    def __call__(self, event: Event) -> None:
        """Print a line about one event."""
        self.say(describe(event))

    def say(self, text: Text | str) -> None:
        """Print one line; do nothing if the terminal was closed."""
        if self._silent:
            return
        try:
            self._console.print(text, soft_wrap=True, highlight=False)
        except OSError:
            self._silent = True


_EventLine = tuple[str, str, str]
_MailEvent = MailAccepted | MailStored | MailRejected | MailSubmitted | SubmissionRefused


def event_line(event: Event) -> tuple[str, str, str]:
    """The name of an event, its style, and its text, unescaped."""
    return _mail_event_line(event) if isinstance(event, _MailEvent) else _other_event_line(event)


def describe(event: Event) -> Text:
    """One line about an event."""
    name, style, text = event_line(event)
    return Text.assemble((f"{name:>{_NAME_WIDTH}}  ", style), printable(text))


def _mail_event_line(event: _MailEvent) -> _EventLine:
    """Name, style and text of an event of a mail in SES."""
    match event:
        case MailAccepted():
            spoilt = event.scan is not None and Verdict.FAIL in {event.scan.spam, event.scan.virus}
            findings = f", spam {event.scan.spam}, virus {event.scan.virus}" if event.scan else ""
            text = (
                f"{format_size(event.size)} by SMTP from <{event.sender}>"
                f" for {', '.join(event.recipients)}{findings}"
            )
            return "received", "yellow" if spoilt else "cyan", text
        case MailStored():
            return "stored", "cyan", f"s3://{event.bucket}/{event.key}"
        case MailRejected():
            return "rejected", "yellow", f"{event.about}: {event.reply}"
        case MailSubmitted():
            recipients = ", ".join(event.recipients)
            text = f"{format_size(event.size)} to {recipients}: “{event.subject}”"
            return "delivered", "green", text
        case SubmissionRefused():
            text = f"mail to {', '.join(event.recipients)}: {event.error}: {event.message}"
            return "refused", "yellow", text


def _other_event_line(
    event: ProgramWarned | NoticePublished | FunctionLogged | AttachmentScanned | SandboxFailure,
) -> _EventLine:
    match event:
        case ProgramWarned():
            return "warning", "yellow", event.text
        case NoticePublished():
            return "notice", "magenta", f"{event.topic}: {event.subject}"
        case FunctionLogged():
            return "function", "dim" if event.level in {"DEBUG", "INFO"} else "yellow", event.text
        case AttachmentScanned():
            style = "yellow" if event.status == "THREATS_FOUND" else "cyan"
            return "scanned", style, f"{event.key}: {event.status}"
        case SandboxFailure():
            return "trouble", "red", event.text


def format_size(size: int) -> str:
    """A number of bytes for a person."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000 or unit == "MB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def printable(text: str) -> str:
    """The text with control and other unprintable characters replaced."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
