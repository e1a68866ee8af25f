"""The role of a running function, from which single statements are removed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.emulator.workers import find_workers, kill_worker
from tests.sandbox.running import RunningSandbox
from tests.waiting import eventually

UNSEEN: Mapping[str, str] = {
    # Sid of a statement → why nothing fails here without it
    "TellAbsentFromForbidden": "the emulator answers 404 for what is not there to whoever may read"
    " objects; AWS answers 403 to whoever may not list the bucket",
    "WriteLogs": "the emulator itself writes the logs of functions",
}


@dataclass(frozen=True, slots=True)
class Privileges:
    """The permissions of a sandbox's function: the policy of its role; `data` is its folder."""

    relay: RunningSandbox
    data: Path
    function_name: str
    log_group: str
    role: str
    policy_name: str
    document: Mapping[str, Any]

    @property
    def sids(self) -> set[str]:
        """The statements without which something fails."""
        return {one["Sid"] for one in self.document["Statement"]} - UNSEEN.keys()

    @contextmanager
    def without(self, sid: str) -> Iterator[None]:
        """The role without one statement."""
        kept = [one for one in self.document["Statement"] if one["Sid"] != sid]
        assert len(kept) < len(self.document["Statement"]), sid
        self._put({**self.document, "Statement": kept})
        try:
            yield
        finally:
            self._put(self.document)

    def _put(self, document: Mapping[str, Any]) -> None:
        self.relay.client("iam").put_role_policy(
            RoleName=self.role, PolicyName=self.policy_name, PolicyDocument=json.dumps(document)
        )

    def forget(self) -> None:
        """Kill the workers: a warm one has already read what a new one is denied."""
        for worker in find_workers(self.data, self.function_name):
            kill_worker(worker)

    @contextmanager
    def denied(self, action: str) -> Iterator[None]:
        """At the end, wait until the function's log says that it was denied an action."""
        since_ms = int(time.time() * 1000)
        yield
        logs = self.relay.client("logs")

        def is_told() -> bool:
            events = logs.filter_log_events(logGroupName=self.log_group, startTime=since_ms)
            return any(
                action in one["message"] and "not authorized" in one["message"]
                for one in events["events"]
            )

        eventually(is_told, within=60)


def privileges_of(relay: RunningSandbox, data: Path, function_name: str) -> Privileges:
    """The permissions of a deployed function, whose role has one policy."""
    iam = relay.client("iam")
    function = relay.client("lambda").get_function_configuration(FunctionName=function_name)
    role = function["Role"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return Privileges(
        relay,
        data,
        function_name,
        function["LoggingConfig"]["LogGroup"],
        role,
        name,
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"],
    )
