"""The command line of the sandbox: its options, output and exit status.

Status 0 after a stop request, also during the start. Status 1 and one line on standard error if it
could not start.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from rich.text import Text

from infra.configuration.stack_config import ConfigError, parse_setting

from .app import running
from .deployers import DEPLOYERS
from .interface import Options, Sandbox, StartError, Stopped
from .smtp.access import example_code, openssl_command, smtp_session, swaks_command
from .stop import StopRequest
from .terminal.event_lines import EventPrinter, Terminal, printable

_LAST_PORT = 65_535


def run(arguments: Sequence[str], stop: StopRequest) -> int:
    """Run the sandbox until `stop`; return the exit status."""
    printer = EventPrinter(Terminal())
    ready_file: Path | None = None
    try:
        options, ready_file = _parse_arguments(arguments)

        def begin() -> None:
            if ready_file is not None:
                _remove_old(ready_file)
            printer.say("Starting the emulator, deploying the program …")

        with running(
            options, listener=printer, is_stop_requested=stop.is_made, on_own_folder=begin
        ) as sandbox:
            if ready_file is not None:
                _write_whole(ready_file, sandbox)
            for line in first_mail_lines(sandbox):
                printer.say(line)
            stop.wait()
            printer.say("Stopping …")
            if ready_file is not None:
                _remove(ready_file)
    except Stopped:
        printer.say("Stopped before everything had started.")
    except StartError as error:
        with suppress(OSError):
            print(f"sandbox: {printable(str(error))}", file=sys.stderr)  # noqa: T201 (a command's error)
        return 1
    finally:
        _detach_output()
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise StartError(message)


def _parse_arguments(arguments: Sequence[str]) -> tuple[Options, Path | None]:
    parser = _Parser(
        prog="python -m sandbox",
        allow_abbrev=False,
        description="Run the mail relay on this machine, without AWS, until Ctrl-C.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder for the delivered mail (outbox), the"
        " notices, the certificate and the log, kept at the end; buckets, queues and the stack"
        " are new at each start (default: a temporary folder, removed at the end)",
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="FILE",
        help="write the connection details to FILE, as JSON, once mail can be sent",
    )
    parser.add_argument(
        "--smtp-port", type=_port, default=0, metavar="N", help="port of the SMTP server (0: any)"
    )
    parser.add_argument(
        "--http-port", type=_port, default=0, metavar="N", help="port of the console (0: any)"
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key of Pulumi.dev.yaml; separate the items of a list by commas",
    )
    parser.add_argument(
        "--scan-delay",
        type=_seconds,
        default=timedelta(),
        metavar="SECONDS",
        help="delay of the malware scan, where malwareProtection is on",
    )
    parser.add_argument(
        "--deployer",
        choices=DEPLOYERS,
        default="mocks",
        help="how the program is deployed: mocks (the default), or Pulumi's own engine",
    )
    found = parser.parse_args(arguments)
    options = Options(
        data=found.data,
        smtp_port=found.smtp_port,
        http_port=found.http_port,
        config=dict(map(_parse_setting, found.config)),
        scan_delay=found.scan_delay,
        deployer=found.deployer,
    )
    return options, found.ready_file


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number (0 to {_LAST_PORT})")
    return int(text)


def _seconds(text: str) -> timedelta:
    try:
        return timedelta(seconds=float(text))
    except (OverflowError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None


def _parse_setting(item: str) -> tuple[str, str]:
    try:
        return parse_setting(item)
    except ConfigError as error:
        raise StartError(f"--config {error}") from None


def _write_whole(file: Path, sandbox: Sandbox) -> None:
    """Write the ready file atomically: a reader sees all of it or no file."""
    text = json.dumps(sandbox.describe(), indent=2) + "\n"
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=file.absolute().parent, prefix=f".{file.name}.", delete=False
        ) as temporary:
            temporary.write(text)
        Path(temporary.name).replace(file)
    except OSError as error:
        raise StartError(f"--ready-file {file}: {error.strerror}") from error


def _remove_old(file: Path) -> None:
    """Remove a file left by an earlier run; report early that the file cannot be written."""
    if not file.absolute().parent.is_dir():
        raise StartError(f"--ready-file {file}: there is no such folder")
    _remove(file)


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise StartError(f"--ready-file {file}: {error.strerror}") from error


def _detach_output() -> None:
    """Prevent an error at Python's exit when the terminal or pipe is closed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def first_mail_lines(sandbox: Sandbox) -> list[Text]:
    """The lines that show how to send a first mail."""
    smtp, code = sandbox.smtp, example_code(sandbox.config)
    return [
        Text(),
        Text("The relay runs. Send it a mail:", "bold"),
        _fact("server", f"{smtp.server}, STARTTLS, then AUTH PLAIN or LOGIN"),
        _fact("user name", smtp.username),
        _fact("password", smtp.password),
        _fact("from", smtp.mail_from),
        _fact("to", smtp.rcpt_to),
        _fact("in the body", f"{code}   (the recipient)"),
        _fact("CA file", str(smtp.ca_file)),
        Text(),
        Text("With swaks:", "bold"),
        Text(swaks_command(smtp, code)),
        Text(),
        Text("By hand, with openssl, typing the lines below it:", "bold"),
        Text(openssl_command(smtp)),
        *(Text(f"  {line}") for line in smtp_session(smtp, code)),
        Text(),
        _fact("mailboxes", str(sandbox.outbox.directory)),
        _fact("console", sandbox.http),
        Text(),
        Text("What happens appears here. Ctrl-C stops everything.", "bold"),
    ]


def _fact(name: str, value: str) -> Text:
    return Text.assemble((f"  {name:<12}", "cyan"), value)
