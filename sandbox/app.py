"""The whole sandbox: starts its parts in order and stops them in reverse.

Ports are bound first, so a port in use is reported before anything else happens. Then the emulator
starts, the program is deployed on it, and the parts that the emulator lacks start. Between two
steps a stop request is checked. Each step takes seconds at most and always runs to its end.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from .console.journal import Journal
from .data_folder import UnusableFolder, data_folder
from .deploy.account import prepare_account, with_zone
from .deployers import deployed
from .events import Event, Listener, ProgramWarned
from .interface import HOST, Options, Sandbox, StartError, Stopped
from .services.function_urls import UnusableFunctionUrl
from .services.metrics import UnmeasurableAlarm
from .ses.endpoint import SesEndpoint
from .start_services import origin_of, start_services

_EXPORTS_NEEDED = {
    *("alarmsTopicArn", "attachmentsBucket", "deadLetterQueueUrl", "fallbackTopicArn"),
    *("inboundAddress", "incomingBucket", "queueUrl", "senderAddress"),
}
_MAX_REASON_LENGTH = 1000  # characters


def no_stop_requested() -> bool:
    """Return False: no stop is requested."""
    return False


@contextmanager
def running(
    options: Options,
    *,
    listener: Listener,
    is_stop_requested: Callable[[], bool] = no_stop_requested,
    on_own_folder: Callable[[], None] = lambda: None,
) -> Iterator[Sandbox]:
    """A sandbox that runs as long as the context.

    `on_own_folder` is called first, as soon as this sandbox has exclusive use of the data folder.
    An exception that it raises ends the start.

    Raises:
        StartError: if it cannot start.
        Stopped: if `is_stop_requested` returned True while it started.
    """
    with ExitStack() as cleanup:
        try:
            sandbox = _start(options, listener, is_stop_requested, on_own_folder, cleanup)
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
    is_stop_requested: Callable[[], bool],
    on_own_folder: Callable[[], None],
    cleanup: ExitStack,
) -> Sandbox:
    def raise_if_stopped() -> None:
        if is_stop_requested():
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
    # Importing Pulumi takes long; a wrong option or port is reported before.
    smtp_socket = cleanup.enter_context(_listen(options.smtp_port, "--smtp-port"))
    http_socket = cleanup.enter_context(_listen(options.http_port, "--http-port"))
    cleanup.enter_context(_log_to(data / "sandbox.log"))
    raise_if_stopped()
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
        raise_if_stopped()
        emulator = cleanup.enter_context(
            Emulator.start(
                data,
                worker_environment={"AWS_ENDPOINT_URL_SESV2": ses_endpoint.url},
                region=str(config["aws:region"]),
                front=origin_of(http_socket),
            )
        )
        raise_if_stopped()
        config = with_zone(config, emulator)
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
    raise_if_stopped()
    return start_services(
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


def _listen(port: int, option: str) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StartError(f"{option} {port}: cannot listen on {HOST}:{port}: {reason}") from error


@contextmanager
def _log_to(file: Path) -> Iterator[None]:
    """Write the libraries' log records to a file, not to the terminal."""
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


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MAX_REASON_LENGTH else f"{text[:_MAX_REASON_LENGTH]} …"
