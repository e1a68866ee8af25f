"""A stand-in for AWS while the function is measured.

`python -m benchmarks.aws_stub [SECONDS [PEM]]`

It is a separate process on the loopback interface, so it does not share the measured interpreter.
It does only what the function needs: S3's objects with their conditional writes (S3 User Guide,
"Conditional requests"), and for the other services the answer of a successful call. Nothing is
checked or stored. The answer comes at once, or after SECONDS, the assumed time of AWS. With PEM, a
file with a key and its certificate chain, it uses TLS. Over TLS boto3 sends S3 a body in chunks,
followed by a checksum (S3 API reference, "Signature calculations: transferring payload in multiple
chunks").

It prints its port, and ends when its input is closed, so however its parent ends.
"""

from __future__ import annotations

import base64
import io
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import IO, cast

DIRECTORY_PARAMETER = "/mail-relay/benchmark/recipients"
LINK_KEYS_PARAMETER = "/mail-relay/benchmark/link-keys"

DIRECTORY = '{"groups": {"oncall": ["anna@example.org"]}}'
"""See `relay_core.policy.directory`."""

LINK_KEYS = json.dumps({"current": base64.b64encode(bytes(32)).decode()})
"""See `relay_core.links.tokens`."""

_PARAMETERS = {DIRECTORY_PARAMETER: DIRECTORY, LINK_KEYS_PARAMETER: LINK_KEYS}

_HOST = "127.0.0.1"
_PUBLISHED = (
    b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
)


@contextmanager
def aws_stub(seconds: float = 0.0, pem: Path | None = None) -> Iterator[str]:
    """The URL of a stand-in that runs inside the block and answers after `seconds`.

    It uses TLS with the key and the certificates in `pem`, plain HTTP without.
    """
    command = [sys.executable, "-m", "benchmarks.aws_stub", str(seconds)]
    if pem is not None:
        command.append(str(pem))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        output, end = cast("IO[str]", process.stdout), cast("IO[str]", process.stdin)
        try:
            port = output.readline().strip()
            if not port:
                raise OSError("benchmarks.aws_stub did not start: see its error above")
            yield f"{'https' if pem else 'http'}://{_HOST}:{port}"
        finally:
            end.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    path: str
    header: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: HTTPStatus = HTTPStatus.OK
    header: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, seconds: float, pem: str | None = None) -> None:
        super().__init__((_HOST, 0), _Connection)
        self.seconds = seconds
        self.tls: ssl.SSLContext | None = None
        if pem is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(pem)
        self.objects: dict[str, bytes] = {}
        self.lock = threading.Lock()

    def answer(self, request: _Request) -> _Answer:
        if target := request.header.get("x-amz-target"):
            return _answer_to_target(target, request.body)
        if request.path == "/v2/email/outbound-emails":
            return _json({"MessageId": "0100000000000000-00000000-0000-0000-0000-000000000000-0"})
        if request.path == "/":
            return _Answer(body=_PUBLISHED)
        with self.lock:
            return self._answer_as_s3(request)

    def _answer_as_s3(self, request: _Request) -> _Answer:
        found = self.objects.get(request.path)
        match request.method:
            case "GET" | "HEAD" if found is not None:
                return _Answer(header={"ETag": _etag(found)}, body=found)
            case "GET" | "HEAD":
                return _error(HTTPStatus.NOT_FOUND, "NoSuchKey")
            case "PUT":
                return self._put(request, found)
            case "DELETE":
                self.objects.pop(request.path, None)
                return _Answer(status=HTTPStatus.NO_CONTENT)
        return _error(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented")

    def _put(self, request: _Request, found: bytes | None) -> _Answer:
        expected = request.header.get("if-match")
        if expected is not None and found is None:
            return _error(HTTPStatus.NOT_FOUND, "NoSuchKey")
        is_new = request.header.get("if-none-match") == "*"
        if found is not None and (is_new or expected not in {None, _etag(found)}):
            return _error(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed")
        self.objects[request.path] = request.body
        return _Answer(header={"ETag": _etag(request.body)})


def _answer_to_target(target: str, body: bytes) -> _Answer:
    """The answer of a service whose operation is in the header X-Amz-Target."""
    match target:
        case "AmazonSSM.GetParameter":
            name = json.loads(body)["Name"]
            return _json({"Parameter": {"Name": name, "Value": _PARAMETERS[name]}})
        case "AmazonSQS.SendMessage":
            return _json({"MessageId": "1", "MD5OfMessageBody": "1"})
        case "AmazonSQS.ChangeMessageVisibility":
            return _json({})
    return _Answer(status=HTTPStatus.NOT_IMPLEMENTED)


class _Connection(StreamRequestHandler):
    """The part of HTTP/1.1 that botocore uses: `http.server` would take most of the time."""

    server: _Server
    disable_nagle_algorithm = True

    def setup(self) -> None:
        if self.server.tls is not None:  # in the connection's thread, because it is slow
            plain = cast("socket.socket", self.request)
            self.request = self.server.tls.wrap_socket(plain, server_side=True)
        super().setup()

    def handle(self) -> None:
        while line := self.rfile.readline().decode("latin-1"):
            method, target, _ = line.split(" ", 2)
            header = self._read_header()
            if header.get("expect", "").lower() == "100-continue":
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = self._read_body(header)
            path = target.partition("?")[0]
            answer = self.server.answer(
                _Request(method=method, path=path, header=header, body=body)
            )
            time.sleep(self.server.seconds)
            self._write(answer, with_body=method != "HEAD")

    def _read_header(self) -> dict[str, str]:
        header = {}
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            header[name.lower()] = value.strip()
        return header

    def _read_body(self, header: Mapping[str, str]) -> bytes:
        if header.get("transfer-encoding") == "chunked":
            body = _unchunked(self.rfile)
        else:
            body = self.rfile.read(int(header.get("content-length", 0)))
        # S3's own chunks, possibly inside HTTP's.
        is_chunked = header.get("content-encoding") == "aws-chunked"
        return _unchunked(io.BytesIO(body)) if is_chunked else body

    def _write(self, answer: _Answer, *, with_body: bool) -> None:
        lines = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in answer.header.items()]
        if answer.status is not HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(answer.body)}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head + answer.body if with_body else head)


def _unchunked(stream: io.BufferedIOBase) -> bytes:
    """The chunks without the trailer (RFC 9112 section 7.1)."""
    chunks = []
    while size := int(stream.readline().partition(b";")[0], 16):
        chunks.append(stream.read(size))
        stream.readline()
    while stream.readline().strip():
        pass
    return b"".join(chunks)


def _etag(content: bytes) -> str:
    """A version of the content. Not MD5, because its time would count as AWS's."""
    return f'"{zlib.crc32(content):08x}-{len(content):x}"'


def _json(document: Mapping[str, object]) -> _Answer:
    return _Answer(body=json.dumps(document).encode())


def _error(status: HTTPStatus, code: str) -> _Answer:
    body = f"<Error><Code>{code}</Code><Message>by the stand-in</Message></Error>".encode()
    return _Answer(status=status, body=body)


if __name__ == "__main__":
    with _Server(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0, *sys.argv[2:3]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()
