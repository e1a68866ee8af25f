"""The emulated Lambda of `benchmarks.emulated`: imports a handler, then calls it.

`python3.13 emulated_child.py ARCHIVE ROOT` reads a line of JSON for each order from its input, and
answers with a line: its duration (`seconds`), and the part on the processor (`processor_seconds`).
It imports the project's code from ARCHIVE; only the code that repeats calls comes from ROOT. It
needs only the standard library of the Python that runs it.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_TIMEOUT_MS = 120_000


class _Context:
    """The methods of Lambda's context that a handler uses."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "benchmark"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:benchmark"
    memory_limit_in_mb = 512

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return _TIMEOUT_MS


class _Lambda:
    """The imported handler, and the orders for it."""

    def init(self, order: dict[str, Any]) -> None:
        """Import the module of a handler."""
        module, _, name = order["handler"].rpartition(".")
        self._handler = getattr(importlib.import_module(module), name)

    def invoke(self, order: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever it answers
        """Call the handler with an event."""
        return self._handler(order["event"], _Context())

    def init_bare(self, order: dict[str, Any]) -> None:
        """Create the clients of a function only."""
        import boto3  # noqa: PLC0415 - what is measured

        clients = importlib.import_module("adapters.aws.clients")
        made = getattr(clients, order["clients"])(boto3.Session())
        self._clients = {name: getattr(made, name) for name in made.__slots__}

    def load_calls(self, order: dict[str, Any]) -> None:
        """Load the next calls, and create threads for them."""
        self._repeat_calls = importlib.import_module("benchmarks.calls").repeat_calls
        self._calls = pickle.loads(Path(order["path"]).read_bytes())  # noqa: S301 - our own
        self._threads = ThreadPoolExecutor(order["threads"])

    def connect(self, order: dict[str, Any]) -> float:
        """Send as many mails concurrently as connections are needed, twice.

        The result is the additional processor time of the first round, for each connection.
        """
        number: int = order["number"]
        barrier = threading.Barrier(number)
        mail = {
            "FromEmailAddress": "a@example.org",
            "Destination": {"ToAddresses": ["b@example.org"]},
            "Content": {"Raw": {"Data": b"x"}},
        }

        def send(_: int) -> None:
            barrier.wait()
            self._clients["sesv2"].send_email(**mail)

        costs: list[float] = []
        with ThreadPoolExecutor(number) as threads:
            for _ in range(2):
                start = time.process_time()
                list(threads.map(send, range(number)))
                costs.append(time.process_time() - start)
        first, second = costs
        return (first - second) / number

    def call(self, _order: dict[str, Any]) -> None:
        """Make the calls."""
        self._repeat_calls(self._calls, self._clients, self._threads)


def _timed(do: Callable[[dict[str, Any]], Any], order: dict[str, Any]) -> dict[str, Any]:
    start, processor_start = time.perf_counter(), time.process_time()
    answer = do(order)
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor_start,
        "answer": answer,
        "peak_bytes": _peak_bytes(),
    }


def _peak_bytes() -> int:
    """The most resident memory; `ru_maxrss` would start with the parent's peak (getrusage(2))."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def main() -> None:
    """Run orders until the input ends."""
    # A function's log and metrics go to standard output, so the answers have a separate file.
    answers = os.fdopen(os.dup(1), "w")
    log = os.open(os.environ.get("BENCHMARK_LOG", os.devnull), os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    archive, root = sys.argv[1:]
    sys.path[:] = [archive, *sys.path[1:], root]
    runtime = _Lambda()
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(_timed(getattr(runtime, order["do"]), order)), file=answers, flush=True)


if __name__ == "__main__":
    main()
