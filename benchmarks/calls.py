"""The AWS calls of a session, counted as they leave, and made again without the function.

botocore tells of a call twice (boto3 guide, "Extensibility guide"): `before-parameter-build` with
the parameters that the caller gave, and `before-send` with the request that goes out, once for
each try. A URL that is presigned is built and never sent.

What is bare is what any program pays that makes these calls with boto3: the same ones, with the
same bytes, in the same order, and as many at the same time. It is the floor of the function.
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
        """As it is counted: `s3.PutObject`."""
        return f"{self.service}.{self.operation}"


class CallRecorder:
    """Records the calls of the clients that a session makes from now on."""

    def __init__(self, session: boto3.Session) -> None:
        self._calls: list[Call] = []
        self._sent: list[str] = []
        session.events.register("before-parameter-build", self._record_call)
        session.events.register("before-send", self._record_sent)

    def take(self) -> list[Call]:
        """The calls since the last time.

        Raises:
            RuntimeError: if other requests went out than calls were made, as where one was
                repeated: then the figures would not be those of an undisturbed mail.
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
    """Clients as the function has them, by the names of their services."""
    clients = make_clients(session)
    return {one.name: getattr(clients, one.name) for one in fields(clients)}


def make_again(calls: Sequence[Call], clients: Mapping[str, Any], threads: Executor) -> None:
    """Make the calls with the clients of their services, and nothing else."""
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
        # The first look for a manifest finds none.
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
    else:
        if call.name == "s3.GetObject":
            answer["Body"].read()
