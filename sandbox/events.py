"""Events of the sandbox: its parts emit them, the terminal and tests subscribe.

A listener is called in the thread of the event, so it must be fast and safe for threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .ses_verdicts import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramWarned:
    """The program logged a warning when it was deployed, such as a risky configuration."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccepted:
    """A mail was accepted by SMTP; `size` in bytes, `scan` None where no rule scans."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    size: int
    scan: Scan | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailStored:
    """A receipt rule stored the mail in its bucket."""

    message_id: str
    rule: str
    bucket: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRejected:
    """The SMTP server rejected something; `reply` is its answer to the device."""

    about: str
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSubmitted:
    """The relay submitted a mail and SES accepted it; `size` in bytes."""

    submission_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRefused:
    """SES answered a submission with an error."""

    recipients: tuple[str, ...]
    error: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePublished:
    """A message was published to one of the operator's topics (`fallback` or `alarms`).

    `message` is the text for people. `document` is the same for machines, where there is one.
    """

    topic: str
    at: datetime
    subject: str
    message: str
    attributes: Mapping[str, str]
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLogged:
    """A function wrote a log line; `level` is empty where it has none."""

    level: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentScanned:
    """A stored attachment was scanned for malware; `status` is GuardDuty's value."""

    key: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxFailure:
    """A failure of the sandbox itself."""

    text: str


Event = (
    ProgramWarned
    | MailAccepted
    | MailStored
    | MailRejected
    | MailSubmitted
    | SubmissionRefused
    | NoticePublished
    | FunctionLogged
    | AttachmentScanned
    | SandboxFailure
)
Listener = Callable[[Event], None]
