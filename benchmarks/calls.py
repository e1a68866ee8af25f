"""The AWS calls of a session: counts them, and repeats them without the function.

botocore emits two events for a call (boto3 guide, "Extensibility guide"): `before-parameter-build`
with the caller's parameters, and `before-send` with the request, once for each try. A presigned
URL is built but never sent.

The bare calls are those that any program with boto3 must make: the same calls, with the same
bytes, in the same order and with the same concurrency. Their time is the lower limit for the
function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

from adapters.aws.clients import make_clients

_AT_THE_SAME_TIME = "sesv2.SendEmail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call with its parameters, by botocore's names of service and operation."""

    service: str
    operation: str
    parameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name in the counts: `s3.PutObject`."""
        return f"{self.service}.{self.operation}"


class CallRecorder:
    """Records the calls of the clients that a session creates from now on."""

    def __init__(self, session: boto3.Session) -> None:
        self._calls: list[Call] = []
        self._sent: list[str] = []
        session.events.register("before-parameter-build", self._record_call)
        session.events.register("before-send", self._record_sent)

    def take(self) -> list[Call]:
        """The calls since the last `take`.

        Raises:
            RuntimeError: if the number of requests differs from that of calls, for example after a
                retry: then the figures are not those of an undisturbed mail.
        """
        calls, sent = self._calls[:], Counter(self._sent)
        self._calls.clear()
        self._sent.clear()
        if sent != count(calls):
            raise RuntimeError(f"calls were {count(calls)}, requests {sent}")
        return calls

    def _record_call(
        self, params: Mapping[str, Any], context: Mapping[str, Any], event_name: str, **_: object
    ) -> None:
        if context.get("is_presign_request"):
            return
        service, operation = event_name.split(".")[1:]
        parameters: dict[str, Any] = dict(params)
        body: Any = parameters.get("Body")
        if hasattr(body, "read"):
            start = body.tell()
            parameters["Body"] = body.read()
            body.seek(start)
        self._calls.append(Call(service=service, operation=operation, parameters=parameters))

    def _record_sent(self, event_name: str, **_: object) -> None:
        self._sent.append(event_name.partition(".")[2])


def count(calls: Sequence[Call]) -> Counter[str]:
    """How often each operation was called."""
    return Counter(call.name for call in calls)


def put_keys(calls: Sequence[Call]) -> Iterator[str]:
    """The keys of the objects that the calls write."""
    for call in calls:
        if call.name == "s3.PutObject":
            yield call.parameters["Key"]


def bare_clients(session: boto3.Session) -> dict[str, Any]:
    """Clients as the function creates them, by the names of their services."""
    clients = make_clients(session)
    return {one.name: getattr(clients, one.name) for one in fields(clients)}


def repeat_calls(calls: Sequence[Call], clients: Mapping[str, Any], threads: Executor) -> None:
    """Make the same calls with the clients of their services."""
    for name, run in groupby(calls, key=lambda call: call.name):
        group = list(run)
        if name == _AT_THE_SAME_TIME and len(group) > 1:
            list(threads.map(lambda call: _make(call, clients), group))
        else:
            for call in group:
                _make(call, clients)


def _make(call: Call, clients: Mapping[str, Any]) -> None:
    operation = getattr(clients[call.service], xform_name(call.operation))
    try:
        answer = operation(**call.parameters)
    except ClientError as error:
        # The first read of a manifest finds none.
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
    else:
        if call.name == "s3.GetObject":
            answer["Body"].read()
