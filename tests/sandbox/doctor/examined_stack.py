"""A sandbox that doctor examines, and the DNS of its domains."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operate.commands import doctor as command
from operate.doctor.verdicts import Finding, Status
from operate.stack.access import StackAccess, open_access
from operate.stack.outputs import parse_ready_file
from tests.sandbox.running import RunningSandbox


@dataclass(frozen=True, slots=True)
class ExaminedStack:
    """A sandbox and the DNS of its domains, both of which the tests change."""

    relay: RunningSandbox
    zone: dict[tuple[str, str], list[str]]
    dns: str
    access: StackAccess

    @property
    def stack(self) -> Mapping[str, Any]:
        stack: Mapping[str, Any] = self.relay.ready["stack"]
        return stack

    @classmethod
    def of(
        cls, relay: RunningSandbox, zone: dict[tuple[str, str], list[str]], dns: str
    ) -> ExaminedStack:
        """A sandbox with the access of its ready file, whose clients serve all tests."""
        stack = parse_ready_file(json.dumps(relay.ready), "ready")
        return cls(relay, zone, dns, open_access(stack, None))

    def look(self, access: StackAccess | None = None) -> list[Finding]:
        return list(command.examined(access or self.access, self.dns))

    def problems(self, access: StackAccess | None = None) -> list[Finding]:
        return [one for one in self.look(access) if one.verdict.status is not Status.OK]

    def set_queue(self, **attributes: str) -> dict[str, str]:
        """Change attributes of the queue; return the previous values."""
        sqs, url = self.relay.client("sqs"), self.stack["queueUrl"]
        names = list(attributes)
        before: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)[
            "Attributes"
        ]
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
        return before
