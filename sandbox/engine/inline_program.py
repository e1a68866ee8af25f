"""The program in this process, run by the engine during an operation.

The Automation API serves it to the engine over gRPC (an inline program), on a thread and an event
loop of its own. Two problems of that are fixed here:

* gRPC shares connections among all channels of a process that lead to one address. Engines listen
  on free ports, and a port is free again when its engine has ended. A channel to such an engine,
  kept by a traceback perhaps, would have the next engine on its port be taken for lost: its first
  call fails with "Connection refused" (gRPC core, "subchannel pool").
* The program, and the API after it, write log lines to the engine. Where the engine has ended by
  then, a line's failure would be told instead of the cause, and the event loop be left open.
"""
# What is on the wire has no types.
# ruff: noqa: ANN401

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # comes with pulumi, without types
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # offered nowhere else
from pulumi.runtime.settings import get_engine

from sandbox.deploy.program import Threads, execute, modules_of

_OWN_CONNECTIONS = ("grpc.use_local_subchannel_pool", 1)

if _OWN_CONNECTIONS not in _GRPC_CHANNEL_OPTIONS:
    _GRPC_CHANNEL_OPTIONS.append(_OWN_CONNECTIONS)


@contextmanager
def runnable(program: Path) -> Iterator[Callable[[], None]]:
    """What the engine may have run while the context lasts: the program in this file."""
    with modules_of(program), Threads() as threads:

        def run() -> None:
            threads.serve(asyncio.get_running_loop())
            _lose_lines_to_nobody(get_engine())
            execute(program)

        yield run


def _lose_lines_to_nobody(engine: Any) -> None:
    """Have log lines that reach no engine raise nothing: registering a resource then will."""
    log = engine.Log

    def log_if_heard(request: Any) -> Any:
        try:
            return log(request)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            return None

    engine.Log = log_if_heard
