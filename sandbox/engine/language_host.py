"""A language host for Python programs, for a Pulumi CLI that has none.

`pulumi up` starts `pulumi-language-python`, which is part of an installed Pulumi, and asks it over
gRPC to run the program (pulumi, proto/pulumi/language.proto). The original is a Go program in a
separate module. This module replaces it, as far as deploying needs it. The program itself is run
by Pulumi's own `pulumi-language-python-exec`, in the program's virtual environment.

    python -m sandbox.engine.language_host EXEC [OPTION]... ENGINE

EXEC is that file. ENGINE, the last argument, is the address of the engine. The port is the first
line of standard output. The program's output follows, and the engine shows it.
"""
# The methods' names are the protocol's, and its messages are untyped.
# ruff: noqa: N802, ANN401

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # comes with pulumi, without types
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

_SHOWN = 32
"""Exit status of a program that has shown its error (pulumi-language-python-exec)."""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs a program with `executor`, which reports to the engine at `engine`."""

    def __init__(self, executor: Path, engine: str) -> None:
        self._executor = executor
        self._engine = engine

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        """Return no version, because it is not Pulumi's."""
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:
        """Return none: they are in the program's virtual environment."""
        return language_pb2.GetRequiredPackagesResponse()

    def Run(self, request: Any, _context: Any) -> Any:
        """Run the program to its end, as a separate process."""
        info = request.info
        options = dict(info.options)
        python = Path(info.root_directory, str(options.get("virtualenv", "")), "bin", "python")
        arguments = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": info.root_directory,
            "pwd": request.pwd,
            "stack": request.stack,
            "parallel": str(request.parallel),
            "dry_run": str(request.dryRun).lower(),
            "organization": request.organization,
        }
        ended = subprocess.run(
            [
                str(python),
                "-u",
                str(self._executor),
                *(part for name, value in arguments.items() for part in (f"--{name}", value)),
                info.entry_point,
            ],
            cwd=info.program_directory,
            env={
                **os.environ,
                "PULUMI_CONFIG": json.dumps(dict(request.config)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            },
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if ended.returncode == 0:
            return language_pb2.RunResponse()
        if ended.returncode == _SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with status {ended.returncode}")


def main(arguments: Sequence[str]) -> None:
    """Serve until the CLI kills this process, as it does with each of its plugins."""
    server = grpc.server(ThreadPoolExecutor(4))
    host = LanguageHost(Path(arguments[0]), arguments[-1])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1:])
