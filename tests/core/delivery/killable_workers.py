"""Workers that run concurrently, step by step, and may be killed between two steps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from relay_core.errors import LostAnswer, PermanentError, TransientError
from relay_core.keys import RawKey
from relay_core.record.lease import Worker
from relay_core.record.report import RelayReport


class Died(BaseException):
    """The worker's process was killed; nothing in it runs any more."""


class End(Enum):
    """How a call ends."""

    WELL = auto()
    NOT_DONE = auto()
    ANSWER_LOST = auto()
    REJECTED = auto()
    DEATH_BEFORE = auto()
    DEATH_AFTER = auto()


PATIENCE = 30.0
"""Seconds after which a thread that does not answer fails the test."""


@dataclass
class Run:
    """One worker at one message, in a thread that waits before each call."""

    key: RawKey
    worker: Worker
    calls: int = 0
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    going: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    next_end: End = End.WELL
    result: RelayReport | BaseException | None = None
    # Recipients to whom it has submitted without recording it yet.
    in_hands: set[str] = field(default_factory=set)

    def start(self, work: Callable[[], RelayReport]) -> None:
        def target() -> None:
            try:
                self.result = work()
            except BaseException as error:  # noqa: BLE001 - the state machine checks every error
                self.result = error
            self.waiting.release()

        threading.Thread(target=target, daemon=True).start()
        self._wait()

    def go(self, end: End) -> None:
        """End the pending call in this way, and run on until the next call."""
        self.next_end = end
        self.going.release()
        self._wait()

    def _wait(self) -> None:
        assert self.waiting.acquire(timeout=PATIENCE)

    @property
    def is_over(self) -> bool:
        return self.result is not None

    def call(self, effect: Callable[[], Any], *, is_submission: bool = False) -> Any:
        self.calls += 1
        self.waiting.release()
        assert self.going.acquire(timeout=PATIENCE)
        end = self.next_end
        if end is End.DEATH_BEFORE:
            raise Died
        if end is End.NOT_DONE:
            raise TransientError(call="x", target=self.key, detail="out of reach")
        if end is End.REJECTED and is_submission:
            raise PermanentError(call="x", target=self.key, detail="rejected")
        result = effect()
        if end is End.DEATH_AFTER:
            raise Died
        if end is End.ANSWER_LOST:
            raise LostAnswer(call="x", target=self.key, detail="the answer is lost")
        return result


@dataclass
class Gated:
    """A port whose calls wait."""

    run: Run
    port: Any

    def __getattr__(self, method: str) -> Any:
        return lambda *args, **kwargs: self.run.call(
            lambda: getattr(self.port, method)(*args, **kwargs)
        )
