"""The program in this process, run by the engine during an operation.

The Automation API serves it to the engine over gRPC (an inline program), on a separate thread and
event loop. Two problems of that are fixed here:

* gRPC shares connections among all channels of a process with the same address. Engines listen on
  free ports, and a port is free again when its engine has ended. If a channel to such an engine is
  still referenced, for example by a traceback, the first call to the next engine on that port
  fails with "Connection refused" (gRPC core, "subchannel pool").
* The program, and the API after it, write log lines to the engine. If the engine has ended by
  then, the failure to log would hide the cause, and the event loop would stay open.

Two things that nobody reads are left out, because they take a fifth of a run's time: Pulumi's
debug lines, about five a resource, and each resource's position in the program's source.
"""
# The protocol's messages are untyped.
# ruff: noqa: ANN401

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # comes with pulumi, without types
from pulumi.runtime import resource
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # not public
from pulumi.runtime.proto import engine_pb2, source_pb2
from pulumi.runtime.settings import get_engine

from sandbox.deploy.program import Threads, execute, modules_of

_OWN_CONNECTIONS = ("grpc.use_local_subchannel_pool", 1)

if _OWN_CONNECTIONS not in _GRPC_CHANNEL_OPTIONS:
    _GRPC_CHANNEL_OPTIONS.append(_OWN_CONNECTIONS)

resource._get_stack_trace = source_pb2.StackTrace  # noqa: SLF001 (it reads each source file)


@contextmanager
def runnable(program: Path) -> Iterator[Callable[[], None]]:
    """The program in this file, as the engine can run it while the context lasts."""
    with modules_of(program), Threads() as threads:

        def run() -> None:
            threads.serve(asyncio.get_running_loop())
            _limit_log(get_engine())
            execute(program)

        yield run


def _limit_log(engine: Any) -> None:
    """Send no debug lines, and make the others raise nothing without an engine.

    Registering a resource still raises.
    """
    log = engine.Log

    def log_if_connected(request: Any) -> Any:
        if request.severity == engine_pb2.DEBUG:
            return None
        try:
            return log(request)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            return None

    engine.Log = log_if_connected
