"""The sandbox as a whole: everything started in order, and ended in the opposite order.

Ports are bound first, so that one in use is told before anything else happens. Then the
emulator starts, the program is deployed on it, and what the emulator lacks goes to work
around it. Whoever asked to stop meanwhile is heard between two steps: each takes seconds
at most, and none is left half done.
"""

from __future__ import annotations

import json
import logging
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .console.journal import Journal
from .console.start import start_console
from .data_folder import UnusableFolder, data_folder
from .deploy.account import prepare_account
from .deployers import Deployer, deployed
from .events import Event, Listener, ProgramWarned
from .services.function_log import FunctionLogFollower
from .services.function_urls import UnusableFunctionUrl, deployed_functions
from .services.log_metrics import LogMetrics
from .services.metrics import QueueMetrics, UnmeasurableAlarm
from .services.notices import NoticeRecorder, subscribe
from .services.scanner import MalwareScanner
from .ses.device_hop import DeviceHop
from .ses.endpoint import SesEndpoint, SesService
from .ses.events import SendingEvents
from .ses.faults import Faults
from .ses.identities import Identities
from .ses.keys import require_use_of_key
from .ses.outbox import Outbox
from .ses.receipt import Receiving
from .ses.sending import Sending
from .ses.strangers import MxAccess, Strangers
from .smtp.access import SmtpAccess, example_code
from .smtp.server import AccessKeys, Credentials, SmtpFront
from .smtp.tls import make_server_context

if TYPE_CHECKING:
    from .emulator.running import Emulator
    from .engine.stack import Stack

HOST = "127.0.0.1"
_EXPORTS_NEEDED = {
    *("alarmsTopicArn", "attachmentsBucket", "deadLetterQueueUrl", "fallbackTopicArn"),
    *("inboundAddress", "incomingBucket", "queueUrl", "senderAddress"),
}
_LONGEST_REASON = 1000  # characters
PROJECT_FOLDER = Path(__file__).resolve().parent.parent


class StartError(Exception):
    """The sandbox could not start; the message says why, in one line."""


class Stopped(Exception):
    """Somebody asked to stop while the sandbox was starting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run the sandbox.

    `deployer` is who deploys the program: Pulumi's mocks in this process, or its own engine.
    `project` is the folder of the program: this one, or another release of it.

    `data` is where everything is kept (None: a temporary folder, removed at the end); port 0
    means any free one; `config` sets keys of Pulumi.yaml, as text. `scan_delay` is how long an
    attachment goes unscanned at least, where the program has attachments scanned.
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
    """How to look into the emulator with boto3, as the administrator.

    `endpoint` is for every service, SES's sending included: such mail comes into the outbox.
    """

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox that runs: what others need to use it. `config` has full names as keys.

    `deployed` is the stack as Pulumi's engine has it, to be changed while the sandbox runs; None
    if the mocks deployed it, which can change nothing.
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
        """What the ready file says."""
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


def never() -> bool:
    """Nobody asks to stop."""
    return False


@contextmanager
def running(
    options: Options,
    *,
    listener: Listener,
    stop_asked: Callable[[], bool] = never,
    on_own_folder: Callable[[], None] = lambda: None,
) -> Iterator[Sandbox]:
    """A sandbox for as long as the context lasts.

    `on_own_folder` is called once no other sandbox can use the data folder, before all else; what
    it raises ends the start.

    Raises:
        StartError: if it cannot start.
        Stopped: if `stop_asked` said so while it started.
    """
    with ExitStack() as cleanup:
        try:
            sandbox = _start(options, listener, stop_asked, on_own_folder, cleanup)
        except (
            OSError,
            BotoCoreError,
            ClientError,
            UnmeasurableAlarm,
            UnusableFunctionUrl,
        ) as error:
            raise StartError(_one_line(error)) from error
        yield sandbox


def _start(
    options: Options,
    listener: Listener,
    stop_asked: Callable[[], bool],
    on_own_folder: Callable[[], None],
    cleanup: ExitStack,
) -> Sandbox:
    def heed() -> None:
        if stop_asked():
            raise Stopped

    journal = Journal()

    def listen(event: Event) -> None:
        journal(event)
        listener(event)

    try:
        data = cleanup.enter_context(data_folder(options.data))
    except UnusableFolder as error:
        raise StartError(str(error)) from error
    on_own_folder()
    # Pulumi takes its time to import; a wrong option or port should not wait for that.
    smtp_socket = cleanup.enter_context(_listen(options.smtp_port, "--smtp-port"))
    http_socket = cleanup.enter_context(_listen(options.http_port, "--http-port"))
    cleanup.enter_context(_log_to(data / "sandbox.log"))
    heed()
    from infra.configuration.stack_config import ConfigError, load_config  # noqa: PLC0415 (see above)

    from .deploy.program import DeployError  # noqa: PLC0415 (see above)
    from .emulator.running import Emulator, EmulatorError  # noqa: PLC0415 (see above)
    from .engine.cli import NoEngine  # noqa: PLC0415 (see above)

    try:
        config = load_config(options.project, options.config)
        if "aws:region" not in config:
            raise StartError("aws:region is not set")
        ses_endpoint = SesEndpoint()
        cleanup.callback(ses_endpoint.close)
        heed()
        emulator = cleanup.enter_context(
            Emulator.start(
                data,
                worker_environment={"AWS_ENDPOINT_URL_SESV2": ses_endpoint.url},
                region=str(config["aws:region"]),
                front=_origin(http_socket),
            )
        )
        heed()
        prepare_account(ses=emulator.client("ses"), sesv2=emulator.client("sesv2"), config=config)
        found = cleanup.enter_context(
            deployed(
                options.deployer,
                emulator,
                config,
                program=options.project / "__main__.py",
                folder=data / "pulumi",
                warn=lambda text: listen(ProgramWarned(text=text)),
            )
        )
        if missing := _EXPORTS_NEEDED - found.exports.keys():
            raise StartError(f"the program does not export {', '.join(sorted(missing))}")
    except (ConfigError, EmulatorError, DeployError, NoEngine) as error:
        raise StartError(_one_line(error)) from error
    heed()
    return _surround(
        options=options,
        emulator=emulator,
        ses_endpoint=ses_endpoint,
        smtp_socket=smtp_socket,
        http_socket=http_socket,
        data=data,
        config=config,
        stack=found.exports,
        deployed_stack=found.stack,
        listener=listen,
        journal=journal,
        cleanup=cleanup,
    )


def _surround(
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
    """Put what the emulator lacks around it."""
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
                    error_metric="Url5xxCount" if function.url_host else "Errors",
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
    strangers = Strangers(data / "mx-results.json")
    strangers.file.write_text("{}\n")
    mx_front = SmtpFront(
        listening=mx_socket,
        tls=tls,
        logins=None,
        receiving=replace(receiving, authenticate=strangers.authenticate),
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
        mx=MxAccess(host=HOST, port=mx_socket.getsockname()[1], results=strangers.file),
        aws=AwsAccess(
            endpoint=ses_endpoint.url,
            region=emulator.region,
            access_key_id=emulator.access_key_id,
            secret_access_key=emulator.secret_access_key,
        ),
        http=_origin(http_socket),
        outbox=outbox,
        notices=notices,
        ses_faults=ses_faults,
        stack=stack,
        config=config,
        deployed=deployed_stack,
    )


def _origin(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}"


def _read_by(*readers: Callable[[Sequence[str]], None]) -> Callable[[Sequence[str]], None]:
    """All of them, one after the other."""

    def read(lines: Sequence[str]) -> None:
        for reader in readers:
            reader(lines)

    return read


def _listen(port: int, option: str) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StartError(f"{option} {port}: cannot listen on {HOST}:{port}: {reason}") from error


@contextmanager
def _log_to(file: Path) -> Iterator[None]:
    """What libraries log goes into a file: the terminal is for people."""
    handler = logging.FileHandler(file, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    handler.setLevel(logging.WARNING)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def _smtp_credentials(emulator: Emulator, stack: Mapping[str, Any]) -> Credentials:
    """The credentials that the program made for devices, or new ones if it made none."""
    name = stack.get("smtpCredentialsParameter")
    if not name:
        username = f"SANDBOX{secrets.token_hex(6).upper()}"
        emulator.smtp_passwords[username] = secrets.token_urlsafe(24)
        return Credentials(username=username, password=emulator.smtp_passwords[username])
    answer = emulator.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return Credentials(**json.loads(answer["Parameter"]["Value"]))


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} …"
