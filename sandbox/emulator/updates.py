"""An update of a function that interrupts no invocation. Runs in the emulator's own process.

On Lambda, a running invocation ends with the old code and configuration (Lambda guide, "Lambda
function updates"). ministack (1.5.33) kills its worker, and the message is received again only
after its visibility timeout.
"""
# The emulator is untyped.
# ruff: noqa: ANN401

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_PAUSE = 0.02  # seconds between two checks of a busy worker

_this_thread = threading.local()  # `updates`: whether it is updating a function


def install() -> None:
    """Make the emulator's updates wait for running invocations."""
    kill = lambda_runtime.kill_workers

    def kill_workers(workers: Any) -> None:
        if not getattr(_this_thread, "updates", False):
            kill(workers)
            return
        kill([worker for worker in workers if not worker.in_use])
        for worker in workers:
            if worker.in_use:
                threading.Thread(target=retire, args=(worker,), daemon=True).start()

    def retire(worker: Any) -> None:
        while worker.in_use:
            time.sleep(_PAUSE)
        kill([worker])

    lambda_runtime.kill_workers = kill_workers
    for name in ("_update_code", "_update_config"):
        setattr(lambda_svc, name, _marked(getattr(lambda_svc, name)))


def _marked(update: Callable[..., Any]) -> Callable[..., Any]:
    def marked(*arguments: Any, **more: Any) -> Any:
        _this_thread.updates = True
        try:
            return update(*arguments, **more)
        finally:
            _this_thread.updates = False

    return marked
