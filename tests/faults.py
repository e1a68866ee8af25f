"""Failures of a fake that a test requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class _Order:
    method: str
    error: BaseException
    target: str | None
    after_effect: bool
    times: int


@dataclass(slots=True)
class Faults:
    """The failures that a test has requested."""

    orders: list[_Order] = field(default_factory=list)

    def order(
        self,
        method: str,
        error: BaseException,
        *,
        target: str | None = None,
        after_effect: bool = False,
        times: int = 1,
    ) -> None:
        """Let the next `times` calls of `method` (about `target`, if given) raise `error`."""
        self.orders.append(
            _Order(
                method=method, error=error, target=target, after_effect=after_effect, times=times
            )
        )

    @contextmanager
    def around(self, method: str, target: str) -> Iterator[None]:
        """Raise the error requested for this call, before or after the block."""
        order = self._take(method, target)
        if order is not None and not order.after_effect:
            raise order.error
        yield
        if order is not None:
            raise order.error

    def _take(self, method: str, target: str) -> _Order | None:
        for order in self.orders:
            if order.method == method and order.target in {None, target} and order.times > 0:
                order.times -= 1
                return order
        return None
