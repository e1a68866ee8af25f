"""The fork server of Pulumi programs, and a stand-in for Python that takes processes from it.

`pulumi up` starts Python for its language host, the program and the program's own provider. Each
imports Pulumi's SDK, which is most of what it computes. Here that is imported once. Each process
imports the project's own modules.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pulumi.dynamic
import pulumi.runtime.proto.language_pb2_grpc  # noqa: F401 (the language host imports it)

from tests.sandbox.fork_server import main
from tests.sandbox.resource_modules import import_resource_modules

_FORKED_PYTHON = """#!{python} -SE
import json, os, socket, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect({server!r})
request = {{
    "arguments": [word for word in sys.argv[1:] if word != "-u"],
    "env": dict(os.environ),
    "cwd": os.getcwd(),
    "start_new_session": False,
}}
socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
connection.recv(16)
sys.exit(int(connection.recv(16)))
"""


def write_forked_python(file: Path, server: str) -> None:
    """Write a program that runs what Python would, as a process of the server at this path.

    The process ends when this program does.
    """
    file.write_text(_FORKED_PYTHON.format(python=sys.executable, server=server))
    file.chmod(0o755)


def _prepare() -> None:
    import_resource_modules()
    root = str(Path(__file__).parents[2])
    for name in [name for name in sys.modules if name.partition(".")[0] in _packages(root)]:
        del sys.modules[name]
    sys.path.remove(root)


def _packages(root: str) -> set[str]:
    return {file.parent.name for file in Path(root).glob("*/__init__.py")}


if __name__ == "__main__":
    main(_prepare)
