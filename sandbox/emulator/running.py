"""Runs the emulator of AWS: ministack as a child process on the loopback interface.

This depends on these facts (ministack 1.5.33). `tests/sandbox/emulator/contract/` states
everything that the relay needs of an emulator, so that another could replace it.

* `AUTH=true` makes it check signatures and evaluate IAM policies. The account's root is the
  access key that equals the 12-digit account id; its secret is `AWS_SECRET_ACCESS_KEY` of
  the emulator's own environment.
* A Lambda function runs in a child process of the emulator, in the same Python, with the
  emulator's environment, under credentials of the function's role. The function's archive is
  before site-packages on its path. So the emulator starts with a newly built environment: the
  caller's variables (AWS_*, proxies, PYTHONPATH, HOME) do not reach a function.
* Workers have their code under TMPDIR, unpacked once for all (`shared_code`), and stay in the
  emulator's process group.
* It enforces no memory limit: `process` adds Lambda's.
* MQTT and SFTP listeners and Docker are on unless they are turned off.
* A function's URL answers at the emulator by its path, `/_aws/lambda-url/<URL id>/`, or by its
  host name on AWS in the Host header. Such a host name does not resolve to 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlencode

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import ConstantProvider

from sandbox.create.declared import MalwarePlan

from .guard import KEY_HEADER, KEY_VARIABLE

ACCOUNT_ID = "000000000000"

_HOST = "127.0.0.1"
_HEALTH_PATH = "/_ministack/health"
_MESSAGES_PATH = "/_ministack/sqs/messages"
_START_TIMEOUT = 60.0  # seconds; a second is usual, but a test machine may be busy
_POLL_INTERVAL = 0.02  # seconds
_MORE_PORTS = 2  # tries more, if another process takes the first
_PORT_TAKEN = " already in use"  # in the emulator's log
_PROGRAM = Path(__file__).with_name("process.py")
_INHERITED = (
    *("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH"),  # may be needed to start Python
    "SSL_CERT_FILE",  # certificates that a function trusts for webhooks on this machine
)

_CLIENT_CONFIG = Config(
    # If unset, each would be read from the caller's environment.
    proxies={},
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
)
_S3_CLIENT_CONFIG = _CLIENT_CONFIG.merge(
    Config(signature_version="s3v4", s3={"addressing_style": "path"})
)


def start_process(
    program: Path, *, environment: Mapping[str, str], folder: Path, output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """The emulator's process. It ends when its standard input, a pipe, is closed."""
    return subprocess.Popen(
        # -P: the folder of that file has modules of ours that would hide others, such as `events`.
        [sys.executable, "-P", str(program)],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        # A separate process group: Ctrl-C reaches only the sandbox, which then ends the emulator
        # and its workers in order.
        start_new_session=True,
    )


class EmulatorError(Exception):
    """The emulator did not start; the message says why in one line."""


class _PortTaken(EmulatorError):
    """Another process took the port before the emulator could bind it."""


class Emulator:
    """A running emulator, with administrator's access. Made by `start`, ended by `stop`.

    `endpoint` is its base URL. `access_key_id` and `secret_access_key` are the account's root
    credentials. `log` is its log file. `malware_plans`, `smtp_passwords` and `default_sets`: see
    `Account`.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        endpoint: str,
        region: str,
        secret_access_key: str,
        key: str,
        folder: Path,
        log: Path,
        front: str | None,
    ) -> None:
        self.endpoint = endpoint
        self.region = region
        self.account_id = ACCOUNT_ID
        self.access_key_id = ACCOUNT_ID
        self.secret_access_key = secret_access_key
        self.log = log
        self.malware_plans: list[MalwarePlan] = []
        self.smtp_passwords: dict[str, str] = {}
        self.default_sets: dict[str, str] = {}
        self._process = process
        self._key = key
        self._folder = folder
        self._front = front
        self._session = _session()
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def start(
        cls,
        data: Path,
        *,
        worker_environment: Mapping[str, str],
        region: str,
        front: str | None = None,
    ) -> Self:
        """Start an emulator on a free port and wait until it answers.

        Its log is `data/emulator.log`. `worker_environment` is added to the environment of every
        Lambda function. `front` is the origin of the server that forwards requests for the one
        function URL to the emulator; None if there is none. Use the result as a context manager,
        or call `stop`.

        Raises:
            EmulatorError: if it ends or does not answer.
            OSError: if `data` cannot be written.
        """
        for _ in range(_MORE_PORTS):
            with contextlib.suppress(_PortTaken):
                return cls._start_once(data, worker_environment, region, front)
        return cls._start_once(data, worker_environment, region, front)

    @classmethod
    def _start_once(
        cls, data: Path, worker_environment: Mapping[str, str], region: str, front: str | None
    ) -> Self:
        folder, log = (data / "emulator").resolve(), data / "emulator.log"
        temporary = folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        port, secret, key = _free_port(), secrets.token_urlsafe(30), secrets.token_urlsafe(30)
        environment = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "HOME": str(folder),
            "TMPDIR": str(temporary),
            "AUTH": "true",
            "BIND_HOST": _HOST,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": _HOST,
            "MINISTACK_REGION": region,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "AWS_ACCESS_KEY_ID": ACCOUNT_ID,
            "AWS_SECRET_ACCESS_KEY": secret,
            KEY_VARIABLE: key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "S3_PERSIST": "0",
            "PERSIST_STATE": "0",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": f"unix://{folder}/no-docker",
            "LOG_LEVEL": "INFO",
            **worker_environment,
        }
        with log.open("wb") as output:
            process = start_process(
                _PROGRAM, environment=environment, folder=folder, output=output
            )
        emulator = cls(
            process,
            endpoint=f"http://{_HOST}:{port}",
            region=region,
            secret_access_key=secret,
            key=key,
            folder=folder,
            log=log,
            front=front,
        )
        try:
            emulator._wait_until_healthy(port)
        except BaseException:
            emulator.stop()
            raise
        return emulator

    def client(self, service_name: str) -> Any:  # noqa: ANN401 (its class is made at run time)
        """The boto3 client of a service (`"s3"`), as the account's root. Thread-safe.

        It reads neither AWS_* variables nor files of the caller.
        """
        with self._lock:
            if service_name not in self._clients:
                self._clients[service_name] = self._session.client(
                    service_name,
                    endpoint_url=self.endpoint,
                    region_name=self.region,
                    aws_access_key_id=self.access_key_id,
                    aws_secret_access_key=self.secret_access_key,
                    config=_S3_CLIENT_CONFIG if service_name == "s3" else _CLIENT_CONFIG,
                )
            return self._clients[service_name]

    def function_url(self, url_id: str) -> str:
        """The base URL of a function URL: at the front, or a path of the emulator's."""
        return f"{self._front or f'{self.endpoint}/_aws/lambda-url/{url_id}'}/"

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """The messages in a queue, read without receiving them.

        Each has MessageId, Body, SentTimestamp (seconds), ReceiveCount and IsVisible. AWS has no
        such call: there, reading a message means receiving it.

        Raises:
            OSError: if the emulator does not answer.
        """
        query = urlencode({"QueueUrl": queue_url})
        # The endpoint is our own, with plain HTTP.
        window = urllib.request.Request(  # noqa: S310
            f"{self.endpoint}{_MESSAGES_PATH}?{query}", headers={KEY_HEADER: self._key}
        )
        with urllib.request.urlopen(window) as answer:  # noqa: S310
            found: dict[str, dict[str, dict[str, list[dict[str, Any]]]]]
            found = json.load(answer)["messages"]
        return [
            message
            for regions in found.values()
            for queues in regions.values()
            for messages in queues.values()
            for message in messages
        ]

    def stop(self) -> None:
        """End the emulator and its workers, and remove their unpacked code. Idempotent.

        It keeps nothing, so nothing is lost by SIGKILL, which ends all of them at once.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _wait_until_healthy(self, port: int) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while True:
            healthy = _answers(port, self._key)
            # Checked after the answer: it may come from another process that has the port.
            if (status := self._process.poll()) is not None:
                error = _PortTaken if _PORT_TAKEN in self._log_text() else EmulatorError
                raise error(
                    f"the emulator ended with status {status} as it started: {self._last_words()}"
                )
            if healthy:
                return
            if time.monotonic() > deadline:
                raise EmulatorError(
                    f"the emulator did not answer within {_START_TIMEOUT:.0f} seconds; "
                    f"its log is {self.log}"
                )
            time.sleep(_POLL_INTERVAL)

    def _log_text(self) -> str:
        return self.log.read_text("utf-8", errors="replace")

    def _last_words(self) -> str:
        lines = self._log_text().split("\n")
        words = [line.strip() for line in lines if line.strip()]
        return words[-1] if words else "its log is empty"


def _session() -> Any:  # noqa: ANN401 (boto3's own type wants each service's literal name)
    """A boto3 session that reads no file and no profile of the caller."""
    core = botocore.session.Session()
    store = core.get_component("config_store")
    store.set_config_provider("profile", ConstantProvider(value=None))
    store.set_config_provider("config_file", ConstantProvider(value=os.devnull))
    store.set_config_provider("credentials_file", ConstantProvider(value=os.devnull))
    return boto3.session.Session(botocore_session=core)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, key: str) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=5)
    try:
        connection.request("GET", _HEALTH_PATH, headers={KEY_HEADER: key})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
