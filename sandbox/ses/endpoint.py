"""The HTTP endpoint of AWS: SES's sending API here, all other calls the emulator's.

`AWS_ENDPOINT_URL_SESV2` is this endpoint for the functions' boto3. The endpoint in the ready file
is this one for every service. So every sent mail comes to a mailbox.

The caller is identified without knowing its secret. Every request is first forwarded, unchanged,
to the emulator, which checks its signature and its session. The emulator's answer to SendEmail
names the caller. It requires `ses:SendEmail` on any resource, which a role that is restricted to
identities does not have. The error "is not authorized" then names the principal. Only root is
allowed. A role that may send on any resource is also allowed by the emulator, without a name, and
is refused here because its permissions are unknown.

The emulator answers everything but SendEmail. The other operations that send mail are refused,
because the emulator would accept the mail and lose it.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.events import Listener, SandboxFailure, SubmissionRefused

from .errors import SesError
from .sending import Caller, Sending, parse_send_request

SEND_PATH = "/v2/email/outbound-emails"

_OTHER_SENDING_PATHS = {
    "/v2/email/outbound-bulk-emails",
    "/v2/email/outbound-custom-verification-emails",
}
# SES API Reference, version 1: a form with an Action, signed for "ses".
_SENDING_FORM = re.compile(rb"(?:^|&)Action=(Send\w+)")
_SIGNED_FOR_SES = "/ses/aws4_request"

# Hop-by-hop headers, and headers that each server writes itself.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
_TIMEOUT = 930.0  # seconds: an invoked function may run for 900 before it answers
_BACKLOG = 128  # connections: several workers submit a group of mails each at the same time
_NAMED = re.compile(r"User: (\S+) is not authorized to perform: ses:")
_ACCESS_KEY = re.compile(r"Credential=([^/]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as received, headers in their order."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, or empty."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to a request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SesService:
    """Answers requests: SendEmail by `sending`, calls that do not send by the emulator."""

    emulator_endpoint: str
    root_access_key_id: str
    sending: Sending
    listener: Listener

    def answer(self, request: SignedRequest) -> Answer:
        """Answer one request. Blocks on calls to AWS."""
        is_send = (request.method, urlsplit(request.target).path) == ("POST", SEND_PATH)
        try:
            if operation := _other_sending_operation(request):
                return _refuse(operation)
            return self._send(request) if is_send else self._hand_on(request)
        except (OSError, http.client.HTTPException, BotoCoreError, ClientError) as error:
            self.listener(SandboxFailure(text=f"SES endpoint: {type(error).__name__}: {error}"))
            return _format_error(SesError("ServiceUnavailableException", str(error)))

    def _send(self, request: SignedRequest) -> Answer:
        recipients: tuple[str, ...] = ()
        try:
            sent = parse_send_request(request.body)
            recipients = sent.recipients
            caller = self._authenticate(request)
            submission_id = self.sending.send(sent, caller)
        except SesError as error:
            self.listener(
                SubmissionRefused(recipients=recipients, error=error.code, message=error.message)
            )
            return _format_error(error)
        return _format_json(HTTPStatus.OK, {"MessageId": submission_id})

    def _authenticate(self, request: SignedRequest) -> Caller:
        credential = _ACCESS_KEY.search(request.header("authorization"))
        answer = self._hand_on(request)
        if answer.status == HTTPStatus.OK:
            if credential and credential[1] == self.root_access_key_id:
                return Caller(arn=f"arn:aws:iam::{self.sending.account_id}:root")
            raise SesError(
                "AccessDeniedException",
                "The sandbox cannot identify the caller: its policies allow sending on any"
                " resource. Name the identities it may send as.",
            )
        message = _read_message(answer.body)
        if named := _NAMED.match(message):
            return Caller(arn=named[1])
        code = next((v for k, v in answer.headers if k.lower() == "x-amzn-errortype"), "")
        raise SesError(code or "UnrecognizedClientException", message, status=answer.status)

    def _hand_on(self, request: SignedRequest) -> Answer:
        """Forward to the emulator; the headers stay as signed, Host included."""
        address = urlsplit(self.emulator_endpoint)
        connection = http.client.HTTPConnection(
            str(address.hostname), address.port, timeout=_TIMEOUT
        )
        try:
            connection.putrequest(
                request.method, request.target, skip_host=True, skip_accept_encoding=True
            )
            for name, value in _end_to_end(request.headers):
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            response = connection.getresponse()
            headers = _end_to_end(response.getheaders())
            if request.method == "HEAD" and (length := response.getheader("Content-Length")):
                headers.append(("Content-Length", length))
            return Answer(status=response.status, headers=tuple(headers), body=response.read())
        finally:
            connection.close()


def _other_sending_operation(request: SignedRequest) -> str | None:
    """The operation's name if the request sends mail by another operation, else None."""
    if request.method != "POST":
        return None
    path = urlsplit(request.target).path
    if path in _OTHER_SENDING_PATHS:
        return path
    if path == "/" and _SIGNED_FOR_SES in request.header("authorization"):
        form = _SENDING_FORM.search(request.body)
        return form and form[1].decode()
    return None


def _refuse(operation: str) -> Answer:
    message = (
        f"The sandbox does not send mail by {operation}: use SendEmail of API version 2 (boto3's"
        " sesv2), with raw content."
    )
    if operation.startswith("/"):
        return _format_error(SesError("BadRequestException", message))
    document = (
        '<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>Sender</Type>'
        f"<Code>InvalidAction</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
    )
    headers = (("Content-Type", "text/xml"),)
    return Answer(status=HTTPStatus.BAD_REQUEST, headers=headers, body=document.encode())


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _read_message(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    return str(document.get("message", document) if isinstance(document, dict) else document)


def _format_error(error: SesError) -> Answer:
    return _format_json(
        error.status, {"message": error.message}, (("x-amzn-ErrorType", error.code),)
    )


def _format_json(
    status: int, document: object, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    return Answer(
        status=status,
        headers=(("Content-Type", "application/json"), *headers),
        body=json.dumps(document).encode(),
    )


class SesEndpoint:
    """The listening part. It binds the port when it is created and serves it from `serve` on."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _RequestHandler)
        self._thread: Thread | None = None
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def serve(self, service: SesService) -> None:
        """Answer requests, including those that already wait."""
        self._server.RequestHandlerClass = type(
            "RequestHandler", (_RequestHandler,), {"service": service}
        )
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="ses",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = _BACKLOG


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: SesService

    def _answer(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        length = int(self.headers.get("Content-Length") or 0)
        request = SignedRequest(
            method=self.command,
            target=self.path,
            headers=tuple(self.headers.items()),
            body=self.rfile.read(length),
        )
        answer = self.service.answer(request)
        try:
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if self.command != "HEAD" and answer.status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
        except ConnectionError:
            self.close_connection = True  # a worker that was ended needs no answer

    do_GET = do_HEAD = do_OPTIONS = _answer  # noqa: N815 (http.server's names)
    do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 (likewise)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Do nothing: the events are the log."""
