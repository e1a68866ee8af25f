"""The outcome of an operation of Pulumi's engine, from the events that it emits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi.automation import events

from sandbox.deploy.program import joined_lines

_COLOUR = re.compile(r"<\{%[^%]*%\}>")
_QUIET = frozenset({"same", "read", "refresh"})
"""Operations that change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of a resource, done or planned.

    `operation` is the engine's word (`create`, `update`, `delete`, `create-replacement`,
    `delete-replaced`, …), `inputs` the changed inputs, `reasons` those of them that cause a
    replacement.
    """

    operation: str
    type: str
    name: str
    inputs: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of an operation: `counts` by the engine's words, `seconds` it took."""

    steps: tuple[Step, ...]
    counts: Mapping[str, int]
    warnings: tuple[str, ...]
    seconds: float

    @property
    def changes(self) -> Mapping[str, int]:
        """The counts of operations that change something."""
        return {key: count for key, count in self.counts.items() if key not in _QUIET}


@dataclass(slots=True)
class EventCollector:
    """Collects the engine's events while an operation runs."""

    steps: list[Step] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refreshed: set[str] = field(default_factory=set)

    def __call__(self, event: events.EngineEvent) -> None:
        """Record one event of the engine."""
        if (pre := event.resource_pre_event) is not None:
            if pre.metadata.op == "refresh":
                self.refreshed.add(pre.metadata.urn)
            else:
                self._collect(pre.metadata)
        # The result of a refresh is known only when it is finished.
        if (done := event.res_outputs_event) is not None and done.metadata.urn in self.refreshed:
            self._collect(done.metadata)
        if (diagnostic := event.diagnostic_event) is not None and diagnostic.message:
            text = _COLOUR.sub("", diagnostic.message)
            if diagnostic.severity == "error":
                self.errors.append(text)
            elif diagnostic.severity == "warning":
                self.warnings.append(joined_lines(text).removeprefix("warning: "))

    def _collect(self, metadata: events.StepEventMetadata) -> None:
        operation = str(getattr(metadata.op, "value", metadata.op))
        if metadata.type == "pulumi:pulumi:Stack" or metadata.type.startswith("pulumi:providers:"):
            return
        self.counts[operation] += 1
        if operation not in _QUIET:
            self.steps.append(
                Step(
                    operation=operation,
                    type=metadata.type,
                    name=metadata.urn.rpartition("::")[2],
                    inputs=tuple(sorted(metadata.diffs or ())),
                    reasons=tuple(sorted(metadata.keys or ())),
                )
            )
