"""The built archive in an emulated Lambda: cold starts, warm mails and pages.

It emulates Lambda as far as possible here. The archive is unpacked and imported by the runtime's
Python, or by the current one if that is missing. Init has a whole processor, an invocation the
share that the function's memory gives (`benchmarks.quota`). Each call goes over TLS to a stand-in
that answers after `AWS_SECONDS`; its certificates are from a separate authority, which is added to
the function's trust anchors. For comparison, boto3 alone makes the same calls with the same
clients in a separate process. Not included is Lambda's own time to load the archive and to start
Python.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any, cast

import boto3
import trustme

from benchmarks.aws_stub import aws_stub
from benchmarks.calls import Call, CallRecorder
from benchmarks.devices import LARGE, MANY, SMALL, Arrived, Shape
from benchmarks.function import (
    REGION,
    RESOURCES,
    SETTINGS,
    MeasuredFunction,
    event_of,
    loopback_session,
)
from benchmarks.page import MeasuredPage, path_of
from benchmarks.page import event_of as request_of
from benchmarks.quota import quota_for, share_of

AWS_SECONDS = 0.02
"""The stand-in's answer time: short, so that the function's own time is visible."""

WARM = {SMALL: 5, MANY: 3}
"""The number of measured mails of each shape, after a container's first mail."""

LOOKS = 5

_CONNECTIONS = 20

_ROOT = Path(__file__).resolve().parents[1]
_CHILD = Path(__file__).with_name("emulated_child.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One invocation: its kind, its event, and the AWS calls that it makes."""

    kind: str
    event: Mapping[str, Any]
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The work of one container of a function: its handler, and the objects before it starts."""

    handler: str
    clients: str
    steps: Sequence[Step]
    objects: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The duration of a step; `processor_seconds` are the part of `seconds` on the processor."""

    kind: str
    seconds: float
    processor_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The environment of a job: the Python that runs it, the unpacked archive, and its memory.

    `anchors` are the certificates that the function trusts.
    """

    python: Path
    code: Path
    anchors: Path
    memory_mb: int


def mail_job() -> Job:
    """A container's first mail, then warm mails of each shape."""
    with aws_stub() as endpoint:
        session = loopback_session(endpoint)
        recorder = CallRecorder(session)
        function = MeasuredFunction(session)
        steps, objects = [], []
        shapes = [("first mail", SMALL), *((shape.name, shape) for shape in _repeated())]
        for (kind, _), mail in zip(shapes, _mails(shapes), strict=True):
            function.receive(mail)
            objects.append(_put_of(RESOURCES.incoming_bucket, mail.raw_key, mail.raw))
            recorder.take()
            function.relay(mail)
            steps.append(Step(kind=kind, event=event_of(mail), calls=recorder.take()))
    return Job(
        handler="adapters.relay_function.handler",
        clients="make_clients",
        steps=steps,
        objects=objects,
    )


def page_job() -> Job:
    """A container's first page, then more pages."""
    with aws_stub() as endpoint:
        session = loopback_session(endpoint)
        recorder = CallRecorder(session)
        function, page = MeasuredFunction(session), MeasuredPage(session)
        mail = next(LARGE.mails())
        recipient = LARGE.recipients[0]
        function.receive(mail)
        recorder.take()
        function.relay(mail)
        objects = [call.parameters for call in recorder.take() if call.name == "s3.PutObject"]
        event = request_of(path_of(mail, recipient), "GET", "")
        steps = []
        for kind in ("first page", *["page"] * LOOKS):
            page.look(mail, recipient)
            steps.append(Step(kind=kind, event=event, calls=recorder.take()))
    return Job(
        handler="adapters.download_function.handler",
        clients="make_page_clients",
        steps=steps,
        objects=objects,
    )


def _repeated() -> Iterator[Shape]:
    for shape, number in WARM.items():
        yield from [shape] * number


def _mails(shapes: Sequence[tuple[str, Shape]]) -> Iterator[Arrived]:
    mails = {shape: shape.mails() for _, shape in shapes}
    return (next(mails[shape]) for _, shape in shapes)


def _put_of(bucket: str, key: str, body: bytes) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key, "Body": body}


class Emulated:
    """Runs jobs, each in a new process with a separate stand-in."""

    def __init__(self, folder: Path) -> None:
        """`folder` is for what the runs need."""
        self._folder = folder
        authority = trustme.CA(key_type=trustme.KeyType.RSA)
        issuer = authority.create_child_ca(key_type=trustme.KeyType.RSA)
        served = issuer.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA)
        self._pem = folder / "server.pem"
        served.private_key_and_cert_chain_pem.write_to_path(str(self._pem))
        self._authority = authority.cert_pem.bytes()
        self._bundle = folder / "bundle.pem"
        self.means = ""

    def connection_cost(self, container: Container, rounds: int = 5) -> float:
        """The median processor time of a new connection, in seconds."""
        costs = []
        for _ in range(rounds):
            with self._started(container) as (child, _endpoint):
                child.ask("", do="init_bare", clients="make_clients")
                child.ask("", do="connect", number=1)  # the very first connection is not measured
                costs.append(child.answer("connect", number=_CONNECTIONS))
        return median(costs)

    def run(self, job: Job, container: Container, *, bare: bool) -> Iterator[Timed]:
        """The init and the steps of one container; only their calls if `bare`."""
        with self._started(container) as (child, endpoint), quota_for(child.pid) as quota:
            self.means = quota.means
            self._put(job.objects, endpoint)
            if bare:
                yield child.ask("init", do="init_bare", clients=job.clients)
            else:
                yield child.ask("init", do="init", handler=job.handler)
            quota.hold(share_of(container.memory_mb))
            for step in job.steps:
                if bare:
                    path = self._folder / "calls"
                    path.write_bytes(pickle.dumps(step.calls))
                    child.ask(
                        "",
                        do="load_calls",
                        path=str(path),
                        threads=SETTINGS.submission_concurrency,
                    )
                    yield child.ask(step.kind, do="call")
                else:
                    yield child.ask(step.kind, do="invoke", event=step.event)

    @contextmanager
    def _started(self, container: Container) -> Iterator[tuple[_Child, str]]:
        """A new process, and the URL of its stand-in."""
        self._bundle.write_bytes(container.anchors.read_bytes() + b"\n" + self._authority)
        with (
            aws_stub(AWS_SECONDS, self._pem) as endpoint,
            _child(container, endpoint, self._bundle) as child,
        ):
            yield child, endpoint

    def _put(self, objects: Sequence[Mapping[str, Any]], endpoint: str) -> None:
        s3 = boto3.client(
            "s3",
            endpoint_url=endpoint,
            verify=str(self._bundle),
            region_name=REGION,
            aws_access_key_id="a",
            aws_secret_access_key="b",  # noqa: S106 - the stand-in checks none
        )
        for one in objects:
            s3.put_object(**one)


class _Child:
    """The process that emulates a container."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._input, self._output = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)

    def ask(self, kind: str, **order: object) -> Timed:
        """Run an order; return its duration.

        Raises:
            OSError: if the process has ended; its error is on standard error.
            ValueError: if the handler reported a failure.
        """
        found = self._have(order)
        answer = found.pop("answer")
        if isinstance(answer, dict) and not _is_success(answer):
            raise ValueError(f"{kind}: the function answered {answer}")
        return Timed(kind=kind, **found)

    def answer(self, do: str, **order: object) -> float:
        """Run a measurement in the child; return its result."""
        return float(self._have({"do": do, **order})["answer"])

    def _have(self, order: Mapping[str, object]) -> dict[str, Any]:
        print(json.dumps(order), file=self._input, flush=True)
        line = self._output.readline()
        if not line:
            raise OSError("the emulated function ended: see its error above")
        found: dict[str, Any] = json.loads(line)
        return found


def _is_success(answer: Mapping[str, Any]) -> bool:
    return not answer.get("batchItemFailures") and answer.get("statusCode", 200) == 200


@contextmanager
def _child(container: Container, endpoint: str, bundle: Path) -> Iterator[_Child]:
    command = [container.python, "-S", "-s", _CHILD, container.code, _ROOT]
    environment = {
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's folder cannot be written to
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "t" * 900,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CA_BUNDLE": str(bundle),
        **SETTINGS.to_environment(),
        **RESOURCES.to_environment(),
    }
    with subprocess.Popen(
        list(map(str, command)),
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        child = _Child(process)
        try:
            yield child
        finally:
            cast("IO[str]", process.stdin).close()


def unpack(archive: Path, folder: Path) -> Path:
    """The archive's files in a folder, as Lambda lays them out."""
    with zipfile.ZipFile(archive) as code:
        code.extractall(folder)
    return folder
