"""Starts the console of a running sandbox."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.aws.s3 import S3Manifests
from sandbox.services.function_urls import DeployedFunction
from sandbox.ses.faults import Faults
from sandbox.ses.outbox import Outbox
from sandbox.smtp.access import SmtpAccess

from .alarms import Alarms
from .content import ConsoleContent
from .domains import deployed_domains
from .forwarding import FunctionUrl
from .incoming import Incoming
from .journal import Journal
from .queues import Queues
from .sample_mail import SampleMailer
from .server import ConsoleServer

if TYPE_CHECKING:
    from sandbox.emulator.running import Emulator


def start_console(
    *,
    listening: socket.socket,
    emulator: Emulator,
    stack: Mapping[str, Any],
    functions: Sequence[DeployedFunction],
    outbox: Outbox,
    notices: Path,
    journal: Journal,
    faults: Faults,
    access: SmtpAccess,
    code: str,
) -> ConsoleServer:
    """Start it. `stack` are the exports, `code` a recipient code that the relay accepts."""
    s3 = emulator.client("s3")
    incoming, attachments = str(stack["incomingBucket"]), str(stack["attachmentsBucket"])
    queues = Queues(
        sqs=emulator.client("sqs"),
        peek=emulator.messages,
        manifests=S3Manifests(client=s3, bucket=attachments),
        incoming_bucket=incoming,
        urls={
            "queue": str(stack["queueUrl"]),
            "dead-letter queue": str(stack["deadLetterQueueUrl"]),
        },
    )
    content = ConsoleContent(
        stack=stack,
        outbox=outbox,
        notices=notices,
        journal=journal,
        queues=queues,
        alarms=Alarms(cloudwatch=emulator.client("cloudwatch")),
        incoming=Incoming(
            s3=s3,
            incoming_bucket=incoming,
            attachments_bucket=attachments,
            queues=queues,
            journal=journal,
        ),
        faults=faults,
        mailer=SampleMailer(access=access, code=code),
        smtp=access,
        code=code,
    )
    hosts = [function.url_host for function in functions if function.url_host]
    pages = FunctionUrl(endpoint=emulator.endpoint, host=hosts[0]) if hosts else None
    return ConsoleServer(
        listening=listening, content=content, pages=pages, domains=deployed_domains(emulator)
    )
