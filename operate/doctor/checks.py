"""A check, and its access to AWS and the DNS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

from adapters.aws.errors import aws_call
from adapters.operator.account import explain
from relay_core.environment import InvalidSettings
from relay_core.errors import AdapterError
from relay_core.settings import Settings

from .deployment import FactUnavailable, Outputs, queue_arn
from .dns_records import Resolver
from .verdicts import Finding, Verdict, unknown

_NO_RIGHT = ("AccessDenied", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation")
"""Prefixes of AWS's error codes for a missing permission."""

Facts = TypeVar("Facts")


@dataclass(slots=True, kw_only=True)
class CheckContext:
    """Access to AWS and the DNS for reads. Thread-safe.

    `client` makes boto3's client of a service. `resolve` queries the DNS; None where there is no
    DNS to query. `clock` returns an aware datetime in UTC. `region` is the stack's.
    """

    outputs: Outputs
    region: str | None
    client: Callable[[str], Any]
    resolve: Resolver | None
    clock: Callable[[], datetime]
    _lock: Lock = field(default_factory=Lock, init=False)
    _function: dict[str, Any] | None = field(default=None, init=False)

    def function(self) -> dict[str, Any]:
        """The relay's function as it is configured (Lambda API, GetFunctionConfiguration).

        Raises:
            AdapterError: if it cannot be read.
        """
        with self._lock:
            if self._function is None:
                name = self.outputs.text("functionName")
                with aws_call(call="lambda:GetFunctionConfiguration", target=name):
                    self._function = self.client("lambda").get_function_configuration(
                        FunctionName=name
                    )
            return self._function

    def settings(self) -> Settings:
        """The function's settings, with the inbound address, which Pulumi hides in the outputs.

        Raises:
            AdapterError: if it cannot be read.
            FactUnavailable: if the function is of another release.
        """
        environment = self.function().get("Environment", {}).get("Variables", {})
        try:
            return Settings.from_environment(environment)
        except InvalidSettings as error:
            raise FactUnavailable(f"the function's environment cannot be read: {error}") from error

    @property
    def queue_arn(self) -> str:
        """The ARN of the queue of incoming mail."""
        return queue_arn(self.outputs.text("queueUrl"), self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[Facts]):
    """A check. `judge` may give several verdicts, or none where the stack has no such resource."""

    name: str
    read: Callable[[CheckContext], Facts]
    judge: Callable[[Facts], Iterable[Verdict]]

    def run(self, context: CheckContext) -> list[Finding]:
        """Read and judge; a failed read gives the verdict `unknown`."""
        try:
            verdicts = list(self.judge(self.read(context)))
        except AdapterError as error:
            verdicts = [_unread(error)]
        except FactUnavailable as error:
            verdicts = [
                unknown(
                    str(error),
                    "give the outputs of a stack that this release has deployed: 'pulumi stack"
                    " output --json'",
                )
            ]
        return [Finding(check=self.name, verdict=verdict) for verdict in verdicts]


def _unread(error: AdapterError) -> Verdict:
    if any(word in error.detail for word in _NO_RIGHT):
        remedy = (
            f"your credentials lack a right: allow {error.call}, as docs/doctor-policy.json does"
        )
    else:
        remedy = "run it again; if the error stays, correct its cause"
    return unknown(explain(error), remedy)
