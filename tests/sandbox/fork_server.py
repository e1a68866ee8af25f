"""A process that imports once what many processes need, and forks one for each.

Run as a script, it is the server of emulators; `sandbox_server` is that of sandboxes. `forking`
has the other side.

It starts no thread, so a fork copies all of it. A forked process gets its arguments, environment,
folder and standard streams from the request, and runs and ends like any Python program. Only what
`prepare` imported is there already.

A request is one packet on a connection to the socket, with the three streams. The answers are the
process's id, and its exit status when it ends. If the connection is closed before, the process is
killed. The server ends when its standard input is closed.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from selectors import EVENT_READ, BaseSelector, DefaultSelector
from typing import Any, NamedTuple

PACKET = 150_000  # bytes; a request has the whole environment

_OF_EMULATORS = (
    *("botocore.session", "cryptography.hazmat.primitives.asymmetric.rsa", "defusedxml"),
    *("cryptography.hazmat.primitives.ciphers.aead", "cryptography.x509", "dateutil.parser"),
    *("hypercorn.asyncio.run", "hypercorn.middleware", "yaml"),
    *("ministack.core.iam_actions", "ministack.core.iam_evaluator", "ministack.core.router"),
    "ministack.core.sigv4",
)
"""Imported by ministack, and its own modules that read no environment when they are imported."""

_MODELS = (
    *("acm", "apigateway", "cloudwatch", "dynamodb", "events", "iam", "kms", "lambda", "logs"),
    *("route53", "s3", "ses", "sesv2", "sns", "sqs", "ssm", "sts"),
)
"""Services whose models ministack reads, one after the other, for its answers' content types."""


class _Running(NamedTuple):
    """A forked process: `ended` is a descriptor of it, and `connection` gets its exit status."""

    pid: int
    ended: int
    connection: socket.socket


def main(prepare: Callable[[], None]) -> None:
    """Prepare the server, serve until the end of its input, and run each request's program."""
    statuses: list[int] = []
    atexit.register(_leave, statuses)  # the first, so called after all others
    prepare()
    gc.freeze()  # a collection would visit, and so copy, all that the processes share
    if arguments := _serve(sys.argv[1]):
        statuses.append(1)  # of a program that raises
        statuses.append(_run(arguments))


def _leave(statuses: list[int]) -> None:
    """End this process without taking all modules apart."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(statuses[-1] if statuses else 0)


def _serve(path: str) -> list[str] | None:
    """Answer requests; return the arguments in each forked process, None at the server's end."""
    with DefaultSelector() as selector, socket.socket(*KIND) as listening:
        listening.bind(path)
        listening.listen(64)
        selector.register(listening, EVENT_READ)
        selector.register(0, EVENT_READ)
        # Ctrl-C is for the tests, which end what they started.
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.write(1, b"\n")  # it can be connected to
        while True:
            key, _ = selector.select()[0]
            if isinstance(key.data, _Running):
                selector.unregister(key.fileobj)
                if key.fileobj is key.data.connection:
                    signal.pidfd_send_signal(key.data.ended, signal.SIGKILL)
                else:
                    _report_end(key.data, selector)
            elif key.fileobj is not listening:
                return None
            elif arguments := _fork(listening, selector):
                signal.signal(signal.SIGINT, interrupt)
                return arguments


KIND = (socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _fork(listening: socket.socket, selector: BaseSelector) -> list[str] | None:
    """Fork a process for a request; return the request's arguments in it, None in the server."""
    connection, _ = listening.accept()
    packet, streams, _, _ = socket.recv_fds(connection, PACKET, 3)
    if pid := os.fork():
        for stream in streams:
            os.close(stream)
        connection.send(str(pid).encode())
        running = _Running(pid, os.pidfd_open(pid), connection)
        for source in (running.ended, connection):
            selector.register(source, EVENT_READ, running)
        return None
    connection.close()
    for other in {key.data for key in selector.get_map().values() if key.data}:
        os.close(other.ended)
        other.connection.close()
    request: dict[str, Any] = json.loads(packet)
    if request["start_new_session"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None  # the environment may name another
    arguments: list[str] = request["arguments"]
    return arguments


def _report_end(running: _Running, selector: BaseSelector) -> None:
    os.close(running.ended)
    _, status = os.waitpid(running.pid, 0)
    with suppress(KeyError):  # it was closed before
        selector.unregister(running.connection)
    with running.connection as connection, suppress(BrokenPipeError):  # nobody waits for it
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _run(arguments: list[str]) -> int:
    """Run a program as Python does, a script, or with `-m` a module; return its exit status."""
    module = arguments[0] == "-m"
    sys.argv = arguments[module:]
    if module:
        sys.path.insert(0, str(Path.cwd()))
    run: Callable[..., Any] = (
        partial(runpy.run_module, alter_sys=True) if module else runpy.run_path
    )
    try:
        run(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def cache_models(services: tuple[str, ...]) -> None:
    """Read the models of services, once for all sessions of boto3."""
    session: Any = import_module("botocore.session")
    session.create_loader = cache(session.create_loader)
    for service in services:
        session.get_session().get_service_model(service)


def _prepare_emulators() -> None:
    for name in _OF_EMULATORS:
        import_module(name)
    # It makes a session for each service, only to read the model.
    session: Any = import_module("botocore.session")
    session.get_session = cache(session.get_session)
    cache_models(_MODELS)


if __name__ == "__main__":
    main(_prepare_emulators)
