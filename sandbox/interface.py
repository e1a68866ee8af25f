"""The interface of a sandbox: its options, its start errors, and its addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .deployers import Deployer
from .ses.external_mail import MxAccess
from .ses.outbox import Outbox
from .smtp.access import SmtpAccess

if TYPE_CHECKING:
    from .engine.stack import Stack

HOST = "127.0.0.1"
PROJECT_FOLDER = Path(__file__).resolve().parent.parent


class StartError(Exception):
    """The sandbox could not start; the message says why, in one line."""


class Stopped(Exception):
    """A stop was requested during the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run the sandbox.

    `deployer` deploys the program: Pulumi's mocks in this process, or Pulumi's own engine.
    `project` is the folder of the program: this one, or another release. `data` is the folder for
    all files (None: a temporary folder, removed at the end). Port 0 means any free one. `config`
    sets keys of Pulumi.yaml, as text. `scan_delay` is the least time before an attachment is
    scanned, where the program enables scanning.
    """

    data: Path | None = None
    smtp_port: int = 0
    http_port: int = 0
    config: Mapping[str, str] = field(default_factory=dict)
    scan_delay: timedelta = timedelta()
    deployer: Deployer = "mocks"
    project: Path = PROJECT_FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccess:
    """Access to the emulator by boto3, as the administrator.

    `endpoint` is for every service. Mail that is sent there with SES goes to the outbox.
    """

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox: everything to use it. `config` has full names as keys.

    `deployed` is the stack in Pulumi's engine, which can be changed while the sandbox runs; None
    if the mocks deployed it.
    """

    smtp: SmtpAccess
    mx: MxAccess
    aws: AwsAccess
    http: str
    outbox: Outbox
    notices: Path
    ses_faults: Path
    stack: Mapping[str, Any]
    config: Mapping[str, Any]
    deployed: Stack | None

    def describe(self) -> dict[str, Any]:
        """The content of the ready file."""
        return {
            "smtp": {
                "host": self.smtp.host,
                "port": self.smtp.port,
                "username": self.smtp.username,
                "password": self.smtp.password,
                "mail_from": self.smtp.mail_from,
                "rcpt_to": self.smtp.rcpt_to,
                "ca_file": str(self.smtp.ca_file),
            },
            "mx": {
                "host": self.mx.host,
                "port": self.mx.port,
                "results": str(self.mx.results),
            },
            "aws": {
                "endpoint": self.aws.endpoint,
                "region": self.aws.region,
                "access_key_id": self.aws.access_key_id,
                "secret_access_key": self.aws.secret_access_key,
            },
            "http": self.http,
            "outbox": str(self.outbox.directory),
            "notices": str(self.notices),
            "ses_faults": str(self.ses_faults),
            "stack": dict(self.stack),
        }
