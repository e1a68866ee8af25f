"""Messages on a receiver's queue are posted to it, and retried if they are not accepted."""

from __future__ import annotations

import base64
import io
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import trustme

from adapters.aws.event_bus import EventBus
from adapters.posting.https_post import HttpsPost
from adapters.posting_function import PostingFunction, SsmReceivers
from adapters.telemetry.log_and_metrics import make_logger
from relay_core.posting.signature import verify

KEY = bytes(range(32))
SECRET_PATH = "/services/T0/hush"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass
class Receiving:
    """A server on the loopback interface with a certificate; gives its answers, then 200.

    For None it does not answer until it ends.
    """

    url: str
    trust: ssl.SSLContext
    answers: list[tuple[int, Mapping[str, str], bytes] | None] = field(default_factory=list)
    requests: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiving]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
            planned = state.answers.pop(0) if state.answers else (200, {}, b"ok")
            if planned is None:
                self.close_connection = ended.wait()
                return
            status, headers, answer = planned
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state = Receiving(f"https://127.0.0.1:{server.server_address[1]}{SECRET_PATH}", trust)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def server() -> Iterator[Receiving]:
    with receiving() as it:
        yield it


@dataclass
class Aws:
    """Records the calls to AWS, with one receiver of each kind and the results of messages."""

    address: str
    put: list[Mapping[str, Any]] = field(default_factory=list)
    fails: bool = False
    postponed: list[int] = field(default_factory=list)

    def get_parameter(self, **_: object) -> Mapping[str, Any]:
        kinds = {"slack": self.address, "teams": self.address, "json": self.address}
        receivers = {
            f"arn:{kind}": {
                "name": f"to-{kind}",
                "kind": kind,
                "address": address,
                "signing_key": f"whsec_{base64.b64encode(KEY).decode()}" if kind == "json" else "",
                "queue_url": f"https://queue/{kind}",
            }
            for kind, address in {**kinds, "event-bus": "arn:bus"}.items()
        }
        return {"Parameter": {"Value": json.dumps(receivers)}}

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803
        if self.fails:
            entry = {"ErrorCode": "InternalFailure", "ErrorMessage": "again"}
            return {"FailedEntryCount": 1, "Entries": [entry]}
        self.put += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def change_message_visibility(self, **parameters: Any) -> None:
        self.postponed.append(parameters["VisibilityTimeout"])


@dataclass
class Posting:
    aws: Aws
    function: PostingFunction
    log: io.StringIO

    def __call__(self, kind: str, *, message: object | None = None, tries: int = 1) -> bool:
        """Whether the function accepted a notice on the queue of a receiver of that kind."""
        notice = {"reason": "spam", "stack": "dev", "text": "words <!channel>"}
        body = {
            "MessageId": "id-1",
            "Timestamp": "2026-05-01T12:00:00.000Z",
            "Subject": "Mail relay dev: spam",
            "Message": json.dumps(notice if message is None else message),
        }
        record = {
            "messageId": "m",
            "receiptHandle": "r",
            "body": json.dumps(body),
            "attributes": {"ApproximateReceiveCount": str(tries)},
            "eventSourceARN": f"arn:{kind}",
        }
        answer = self.function({"Records": [record]})
        return answer == {"batchItemFailures": []}


@pytest.fixture
def posting(server: Receiving, request: pytest.FixtureRequest) -> Posting:
    server.requests.clear()
    server.answers.clear()
    aws: Any = Aws(server.url)
    log = io.StringIO()

    def clock() -> datetime:
        return NOW

    function = PostingFunction(
        stack="dev",
        retry_delay=timedelta(seconds=30),
        receivers=SsmReceivers(client=aws, parameter_name="/receivers", clock=clock),
        https=HttpsPost(server.trust),
        bus=EventBus(aws),
        queue=aws,
        clock=clock,
        log=make_logger({"POWERTOOLS_SERVICE_NAME": request.node.name}, log),
    )
    return Posting(aws, function, log)


@pytest.mark.parametrize(("kind", "holds"), [("slack", "blocks"), ("teams", "attachments")])
def test_a_chat_gets_it_in_its_own_form(
    posting: Posting, server: Receiving, kind: str, holds: str
) -> None:
    assert posting(kind)
    ((headers, body),) = server.requests
    assert holds in json.loads(body)
    assert "webhook-signature" not in headers
    assert headers["content-type"].startswith("application/json")


def test_a_machine_gets_it_signed(posting: Posting, server: Receiving) -> None:
    assert posting("json")
    ((headers, body),) = server.requests
    assert verify(KEY, headers=headers, body=body, now=NOW.timestamp())
    assert json.loads(body)["code"] == "spam"


def test_the_bus_gets_an_event_by_which_rules_find_it(posting: Posting) -> None:
    assert posting("event-bus")
    (entry,) = posting.aws.put
    assert (entry["Source"], entry["DetailType"]) == ("mail-relay", "Mail Relay Notice")
    assert entry["EventBusName"] == "arn:bus"
    assert json.loads(entry["Detail"])["stack"] == "dev"


def test_an_event_that_the_bus_does_not_take_comes_again(posting: Posting) -> None:
    posting.aws.fails = True
    assert not posting("event-bus")
    assert posting.aws.postponed == [30]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 404, 500, 503])
def test_what_is_not_taken_stays_on_the_queue_and_waits_longer_each_time(
    posting: Posting, server: Receiving, status: int
) -> None:
    for tries, delay in ((1, 30), (2, 60), (9, 900)):
        server.answers.append((status, {"Location": server.url}, b"no_service"))
        assert not posting("slack", tries=tries)
        assert posting.aws.postponed.pop() == delay
    # No redirect was followed.
    assert len(server.requests) == 3
    assert f"it answered {status}, no_service" in posting.log.getvalue()


def test_a_pause_that_the_receiver_asks_for_is_kept(posting: Posting, server: Receiving) -> None:
    server.answers += [(429, {"Retry-After": "70"}, b""), (429, {"Retry-After": "x"}, b"")]
    assert not posting("slack")
    assert not posting("slack")
    assert posting.aws.postponed == [70, 30]


def test_no_secret_is_logged_whatever_the_receiver_answers(
    posting: Posting, server: Receiving
) -> None:
    for answer in (f"Cannot POST {SECRET_PATH}".encode(), b"hush", b"whsec_", b"\xff" * 500):
        server.answers.append((404, {}, answer))
        assert not posting("json")
    text = posting.log.getvalue()
    assert "not posted" in text
    for secret in ("hush", base64.b64encode(KEY).decode(), server.url):
        assert secret not in text


def test_a_certificate_without_a_known_issuer_is_not_trusted(posting: Posting) -> None:
    with receiving() as stranger:
        posting.aws.address = stranger.url
        assert not posting("slack")
        assert stranger.requests == []
    assert "no answer: SSLCertVerificationError" in posting.log.getvalue()


def impatient(posting: Posting, trust: ssl.SSLContext) -> Posting:
    https = HttpsPost(trust, timeout=1.0)
    return replace(posting, function=replace(posting.function, https=https))


def test_a_receiver_that_takes_the_post_and_never_answers_is_given_up(
    posting: Posting, server: Receiving
) -> None:
    server.answers.append(None)
    assert not impatient(posting, server.trust)("slack")
    assert len(server.requests) == 1
    assert posting.aws.postponed == [30]
    assert "no answer: TimeoutError" in posting.log.getvalue()


def test_a_receiver_that_accepts_and_never_says_a_word_is_given_up(
    posting: Posting, server: Receiving
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        posting.aws.address = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        assert not impatient(posting, server.trust)("slack")
    assert posting.aws.postponed == [30]
    assert "no answer: TimeoutError" in posting.log.getvalue()


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "ftp://x/", "https:///x", ""])
def test_nothing_is_posted_without_tls(posting: Posting, address: str) -> None:
    posting.aws.address = address
    assert not posting("slack")
    assert "its URL is not https" in posting.log.getvalue()


def test_a_message_that_is_no_announcement_stays_for_the_dead_letter_queue(
    posting: Posting, server: Receiving
) -> None:
    assert not posting("slack", message={"eventType": "Bounce"})
    assert server.requests == []


def test_a_queue_without_a_target_is_reported(posting: Posting) -> None:
    assert not posting("unknown")
    assert "no receiver of arn:unknown" in posting.log.getvalue()


def test_an_error_of_the_program_is_logged_and_no_secret_with_it(posting: Posting) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError(SECRET_PATH)

    https: Any = broken
    changed = replace(posting, function=replace(posting.function, https=https))
    assert not changed("slack")
    (line,) = [json.loads(one) for one in posting.log.getvalue().splitlines()]
    assert ("ZeroDivisionError", "m") == (line["error"], line["sqs_message_id"])
    assert "in broken" in line["cause"]
    assert SECRET_PATH not in posting.log.getvalue()
