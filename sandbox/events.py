"""Events of the sandbox as values: parts emit them, the narration and tests subscribe.

A listener is called from whichever thread something happened in, so it must be quick and
safe for threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .verdicts import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramWarned:
    """The program warned of something as it was deployed, such as a risky configuration."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccepted:
    """A device handed over a mail by SMTP; `size` in bytes, `scan` None where no rule scans."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    size: int
    scan: Scan | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailStored:
    """A receipt rule wrote the mail into its bucket."""

    message_id: str
    rule: str
    bucket: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRejected:
    """The SMTP front turned something down; `reply` is what the device was told."""

    about: str
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSubmitted:
    """The relay submitted a mail to SES and SES took it; `size` in bytes."""

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
    """Something was published to one of the operator's topics (`fallback` or `alarms`).

    `message` is what a person reads. `document` is the same for machines, where there is one.
    """

    topic: str
    at: datetime
    subject: str
    message: str
    attributes: Mapping[str, str]
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLogged:
    """The relay's function wrote a line into its log; `level` is empty where it gave none."""

    level: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentScanned:
    """A stored attachment was scanned for malware; `status` is GuardDuty's word."""

    key: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The sandbox itself could not do something; nothing was lost silently."""

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
    | Trouble
)
Listener = Callable[[Event], None]
