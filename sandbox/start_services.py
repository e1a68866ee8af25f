"""Starts what the emulator lacks: SES, SMTP, metrics, the console and more."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console.journal import Journal
from .console.start import start_console
from .events import Listener
from .interface import HOST, AwsAccess, Options, Sandbox
from .services.function_log import FunctionLogFollower
from .services.function_urls import deployed_functions
from .services.log_metrics import LogMetrics
from .services.metrics import QueueMetrics
from .services.notices import NoticeRecorder, subscribe
from .services.scanner import MalwareScanner
from .ses.device_hop import DeviceHop
from .ses.endpoint import SesEndpoint, SesService
from .ses.events import SendingEvents
from .ses.external_mail import ExternalMail, MxAccess
from .ses.faults import Faults
from .ses.identities import Identities
from .ses.keys import require_use_of_key
from .ses.outbox import Outbox
from .ses.receipt import Receiving
from .ses.sending import Sending
from .smtp.access import SmtpAccess, example_code
from .smtp.server import AccessKeys, Credentials, SmtpFront
from .smtp.tls import make_server_context

if TYPE_CHECKING:
    from .emulator.running import Emulator
    from .engine.stack import Stack


def start_services(
    *,
    options: Options,
    emulator: Emulator,
    ses_endpoint: SesEndpoint,
    smtp_socket: socket.socket,
    http_socket: socket.socket,
    data: Path,
    config: Mapping[str, Any],
    stack: Mapping[str, Any],
    deployed_stack: Stack | None,
    listener: Listener,
    journal: Journal,
    cleanup: ExitStack,
) -> Sandbox:
    """Start everything that the emulator lacks."""
    outbox = Outbox(data / "outbox")
    outbox.directory.mkdir(exist_ok=True)
    ses_faults = data / "ses-faults.json"
    ses_faults.write_text("[]\n")
    notices = data / "notices.jsonl"
    recorder = NoticeRecorder(
        sqs=emulator.client("sqs"),
        subscription=subscribe(
            emulator.client("sqs"),
            emulator.client("sns"),
            {"fallback": stack["fallbackTopicArn"], "alarms": stack["alarmsTopicArn"]},
        ),
        file=notices,
        listener=listener,
    )
    cleanup.callback(recorder.close)
    cleanup.enter_context(
        QueueMetrics(
            sqs=emulator.client("sqs"),
            s3=emulator.client("s3"),
            cloudwatch=emulator.client("cloudwatch"),
        )
    )
    functions = deployed_functions(emulator.client("lambda"))
    for function in functions:
        follower = FunctionLogFollower(
            logs=emulator.client("logs"),
            log_group=function.log_group,
            listener=listener,
            on_lines=_read_by(
                LogMetrics(
                    emulator.client("cloudwatch"),
                    function_name=function.name,
                    has_url=bool(function.url_host),
                ),
                partial(journal.read_log, function.name),
            ),
        )
        cleanup.callback(follower.close)
    scanner = MalwareScanner(
        s3=emulator.client("s3"),
        plans=emulator.malware_plans,
        delay=options.scan_delay,
        listener=listener,
    )
    scanner.start()
    cleanup.callback(scanner.close)
    faults = Faults(ses_faults)
    sending_events = SendingEvents(
        sesv2=emulator.client("sesv2"),
        sns=emulator.client("sns"),
        cloudwatch=emulator.client("cloudwatch"),
        faults=faults,
    )
    ses_endpoint.serve(
        SesService(
            emulator_endpoint=emulator.endpoint,
            root_access_key_id=emulator.access_key_id,
            sending=Sending(
                sesv2=emulator.client("sesv2"),
                iam=emulator.client("iam"),
                region=emulator.region,
                account_id=emulator.account_id,
                faults=faults,
                events=sending_events,
                outbox=outbox,
                listener=listener,
            ),
            listener=listener,
        )
    )
    receiving = Receiving(
        ses=emulator.client("ses"),
        s3=emulator.client("s3"),
        region=emulator.region,
        listener=listener,
        may_store=lambda bucket: require_use_of_key(emulator, bucket, service="ses.amazonaws.com"),
    )
    receiving.try_out()
    ca_file = data / "ca.pem"
    tls = make_server_context(ca_file)
    credentials = _smtp_credentials(emulator, stack)
    front = SmtpFront(
        listening=smtp_socket,
        tls=tls,
        logins=AccessKeys(passwords=emulator.smtp_passwords),
        receiving=DeviceHop(
            receiving=receiving, events=sending_events, default_sets=emulator.default_sets
        ),
        listener=listener,
        identities=Identities(sesv2=emulator.client("sesv2"), region=emulator.region),
    )
    cleanup.callback(front.close)
    mx_socket = cleanup.enter_context(socket.create_server((HOST, 0)))
    external_mail = ExternalMail(data / "mx-results.json")
    external_mail.file.write_text("{}\n")
    mx_front = SmtpFront(
        listening=mx_socket,
        tls=tls,
        logins=None,
        receiving=replace(receiving, authenticate=external_mail.authenticate),
        listener=listener,
    )
    cleanup.callback(mx_front.close)
    access = SmtpAccess(
        host=HOST,
        port=smtp_socket.getsockname()[1],
        username=credentials.username,
        password=credentials.password,
        mail_from=stack["senderAddress"],
        rcpt_to=stack["inboundAddress"],
        ca_file=ca_file,
    )
    console = start_console(
        listening=http_socket,
        emulator=emulator,
        stack=stack,
        functions=functions,
        outbox=outbox,
        notices=notices,
        journal=journal,
        faults=faults,
        access=access,
        code=example_code(config),
    )
    cleanup.callback(console.close)
    return Sandbox(
        smtp=access,
        mx=MxAccess(host=HOST, port=mx_socket.getsockname()[1], results=external_mail.file),
        aws=AwsAccess(
            endpoint=ses_endpoint.url,
            region=emulator.region,
            access_key_id=emulator.access_key_id,
            secret_access_key=emulator.secret_access_key,
        ),
        http=origin_of(http_socket),
        outbox=outbox,
        notices=notices,
        ses_faults=ses_faults,
        stack=stack,
        config=config,
        deployed=deployed_stack,
    )


def origin_of(listening: socket.socket) -> str:
    """The origin of the server on a socket."""
    return f"http://{HOST}:{listening.getsockname()[1]}"


def _read_by(*readers: Callable[[Sequence[str]], None]) -> Callable[[Sequence[str]], None]:
    """Calls all readers in order."""

    def read(lines: Sequence[str]) -> None:
        for reader in readers:
            reader(lines)

    return read


def _smtp_credentials(emulator: Emulator, stack: Mapping[str, Any]) -> Credentials:
    """The credentials that the program created for devices, or new ones if there are none."""
    name = stack.get("smtpCredentialsParameter")
    if not name:
        username = f"SANDBOX{secrets.token_hex(6).upper()}"
        emulator.smtp_passwords[username] = secrets.token_urlsafe(24)
        return Credentials(username=username, password=emulator.smtp_passwords[username])
    answer = emulator.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return Credentials(**json.loads(answer["Parameter"]["Value"]))
