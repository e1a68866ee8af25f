"""Lambda's entry point, over the emulator of AWS."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import traceback
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from adapters import init_phase, relay_function
from adapters.aws.s3 import address_records
from relay_core.keys import MessageId
from relay_core.limits.address_use import AddressRecord, AddressUse
from sandbox.emulator.running import Emulator
from tests.adapters.answering_server import AnsweringServer, answering_server, ses_error, ses_sent
from tests.adapters.held_back import held_back
from tests.adapters.relay_function.batches import (
    CONTEXT,
    SETTINGS,
    body_for,
    failed_ids,
    mail,
    metrics_of,
    sqs_record,
)


@pytest.fixture
def fresh_handler() -> Iterator[None]:
    """The handler as in a new container."""
    relay_function._function.cache_clear()
    relay_function._telemetry.cache_clear()
    yield
    relay_function._function.cache_clear()
    relay_function._telemetry.cache_clear()


@pytest.mark.usefixtures("fresh_handler", "aws_environment")
class TestHandler:
    @pytest.fixture
    def ses(self) -> Iterator[AnsweringServer]:
        with answering_server(ses_sent()) as server:
            yield server

    @pytest.fixture
    def buckets(self, emulator: Emulator) -> dict[str, str]:
        names = {kind: f"{kind}-{uuid.uuid4()}" for kind in ("incoming", "attachments")}
        for name in names.values():
            emulator.client("s3").create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": emulator.region}
            )
        return names

    @pytest.fixture(autouse=True)
    def environment(
        self,
        emulator: Emulator,
        ses: AnsweringServer,
        buckets: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        topic = emulator.client("sns").create_topic(Name=f"topic-{uuid.uuid4()}")["TopicArn"]
        for name, value in {
            **SETTINGS.to_environment(),
            "RELAY_INCOMING_BUCKET": buckets["incoming"],
            "RELAY_ATTACHMENTS_BUCKET": buckets["attachments"],
            "RELAY_FALLBACK_TOPIC_ARN": topic,
            "RELAY_DIRECTORY_PARAMETER": "/relay/dev/recipients",
            "RELAY_QUEUE_URL": emulator.client("sqs").create_queue(
                QueueName=f"queue-{uuid.uuid4()}"
            )["QueueUrl"],
            "AWS_ENDPOINT_URL_SESV2": ses.url,
            "POWERTOOLS_SERVICE_NAME": f"relay-{uuid.uuid4()}",
        }.items():
            monkeypatch.setenv(name, value)

    def test_a_mail_goes_all_the_way(
        self, emulator: Emulator, buckets: dict[str, str], ses: AnsweringServer
    ) -> None:
        key = "incoming/m1"
        emulator.client("s3").put_object(Bucket=buckets["incoming"], Key=key, Body=mail())
        event = {"Records": [sqs_record(body_for(key, buckets["incoming"]))]}
        assert failed_ids(relay_function.handler(event, CONTEXT)) == []
        (request,) = ses.requests
        assert request["Destination"] == {"ToAddresses": ["bob@example.net"]}
        with urllib.request.urlopen(link_in(request), timeout=10) as answer:  # noqa: S310 - a loopback URL
            assert answer.read() == b"content\n"

    def test_a_recipient_that_was_throttled_is_served_at_the_next_try(
        self, emulator: Emulator, buckets: dict[str, str], ses: AnsweringServer
    ) -> None:
        ses.choose = lambda request: (
            ses_error("SendingPausedException", 400, "paused")
            if len(ses.requests) < 3 and request["Destination"]["ToAddresses"] == ["b@example.net"]
            else ses_sent()
        )
        key = "incoming/m1"
        raw = mail(recipients="a@example.net,b@example.net")
        emulator.client("s3").put_object(Bucket=buckets["incoming"], Key=key, Body=raw)
        event = {"Records": [sqs_record(body_for(key, buckets["incoming"]))]}
        for _ in range(2):
            assert failed_ids(relay_function.handler(event, CONTEXT)) == []
        recipients = [request["Destination"]["ToAddresses"][0] for request in ses.requests]
        assert Counter(recipients) == Counter({"a@example.net": 1, "b@example.net": 2})
        assert recipients[2] == "b@example.net"

    def test_each_failed_reading_of_the_directory_is_counted_for_its_alarm(
        self, emulator: Emulator, buckets: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        # RELAY_DIRECTORY_PARAMETER names a parameter that does not exist
        key = "incoming/m1"
        raw = mail(recipients="@oncall")
        emulator.client("s3").put_object(Bucket=buckets["incoming"], Key=key, Body=raw)
        event = {"Records": [sqs_record(body_for(key, buckets["incoming"]))]}
        for _ in range(2):
            assert failed_ids(relay_function.handler(event, CONTEXT)) == ["sqs-1"]
        counted = metrics_of(capsys)
        assert (2, 2) == (counted["DirectoryFailures"], counted["MessagesRetried"])

    def test_a_week_is_reported_after_the_previous_address_was_taken_out(
        self, emulator: Emulator, buckets: dict[str, str]
    ) -> None:
        use = AddressUse(
            sender="cam@example.org", labels=(), is_closed=False, message_id=MessageId("m0")
        )
        long_ago = datetime(2026, 1, 2, tzinfo=UTC)
        records = address_records(emulator.client("s3"), buckets["incoming"])
        records.create(AddressRecord().recording(use, long_ago))
        key = "incoming/m1"
        emulator.client("s3").put_object(Bucket=buckets["incoming"], Key=key, Body=mail())
        event = {"Records": [sqs_record(body_for(key, buckets["incoming"]))]}
        assert failed_ids(relay_function.handler(event, CONTEXT)) == []
        stored = records.load(AddressRecord().key)
        assert stored is not None
        assert () == stored.window.weeks

    @pytest.mark.parametrize(
        ("variable", "value", "named"),
        [
            ("RELAY_SENDER_ADDRESS", None, "RELAY_SENDER_ADDRESS"),
            ("RELAY_INCOMING_BUCKET", None, "RELAY_INCOMING_BUCKET"),
            ("RELAY_MAX_RECIPIENTS", "many", "RELAY_MAX_RECIPIENTS"),
            ("RELAY_MAX_RECIPIENTS", "0", "max_recipients"),
        ],
    )
    def test_a_wrong_variable_is_an_error_of_the_function_that_names_it_for_every_record(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        variable: str,
        value: str | None,
        named: str,
    ) -> None:
        if value is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, value)
        event = {"Records": [sqs_record("x", "a"), sqs_record("y", "b")]}
        # Lambda keeps the whole batch on the queue, and counts an error, which causes an alarm.
        with pytest.raises(relay_function.UnusableEnvironment, match=named) as raised:
            relay_function.handler(event, CONTEXT)
        trace = "".join(traceback.format_exception(raised.value))
        assert "secret@in.example.com" not in trace
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        endings = [line for line in lines if "outcome" in line]
        assert [(line["sqs_message_id"], line["outcome"]) for line in endings] == [
            ("a", "failed"),
            ("b", "failed"),
        ]
        assert all(named in line["reason"] for line in endings)
        assert "secret@in.example.com" not in json.dumps(lines)

    def test_an_unknown_log_level_is_named_and_stops_no_mail(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        buckets: dict[str, str],
    ) -> None:
        monkeypatch.setenv("LOG_LEVEL", "LOUD")
        body = body_for("incoming/AMAZON_SES_SETUP_NOTIFICATION", buckets["incoming"])
        assert failed_ids(relay_function.handler({"Records": [sqs_record(body)]}, CONTEXT)) == []
        assert '"message":"LOG_LEVEL is unknown, INFO is used"' in capsys.readouterr().out

    def test_a_container_that_was_unusable_works_once_it_is_corrected(
        self, monkeypatch: pytest.MonkeyPatch, buckets: dict[str, str]
    ) -> None:
        event = {
            "Records": [
                sqs_record(body_for("incoming/AMAZON_SES_SETUP_NOTIFICATION", buckets["incoming"]))
            ]
        }
        with monkeypatch.context() as broken:
            broken.delenv("RELAY_STACK")
            with pytest.raises(relay_function.UnusableEnvironment):
                relay_function.handler(event, CONTEXT)
        assert failed_ids(relay_function.handler(event, CONTEXT)) == []

    def test_what_is_wrong_when_it_is_prepared_is_named_by_the_first_invocation(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("RELAY_SENDER_ADDRESS")
        relay_function.prepare()
        with pytest.raises(relay_function.UnusableEnvironment, match="RELAY_SENDER_ADDRESS"):
            relay_function.handler({"Records": [sqs_record("x", "a")]}, CONTEXT)

    def test_what_cannot_be_read_at_init_stops_no_start(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("RELAY_INCOMING_BUCKET", "no-such-bucket")
        relay_function.prepare()
        assert "NoSuchBucket" in capsys.readouterr().out
        body = body_for("incoming/AMAZON_SES_SETUP_NOTIFICATION", "no-such-bucket")
        assert failed_ids(relay_function.handler({"Records": [sqs_record(body)]}, CONTEXT)) == []

    def test_a_store_that_hangs_at_init_delays_no_start_and_the_first_mail_goes_once_it_works(
        self,
        emulator: Emulator,
        buckets: dict[str, str],
        ses: AnsweringServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        key = "incoming/m1"
        emulator.client("s3").put_object(Bucket=buckets["incoming"], Key=key, Body=mail())
        monkeypatch.setattr(init_phase, "LIMIT", timedelta(milliseconds=50))
        with held_back(emulator.endpoint) as s3:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
            relay_function.prepare()
            assert s3.waits()
            s3.release()
            event = {"Records": [sqs_record(body_for(key, buckets["incoming"]))]}
            assert failed_ids(relay_function.handler(event, CONTEXT)) == []
            assert 1 == len(ses.requests)


def link_in(request: dict[str, Any]) -> str:
    """The first URL in the plain text of a submitted mail."""
    message = message_from_bytes(
        base64.b64decode(request["Content"]["Raw"]["Data"]), policy=policy.default
    )
    body = message.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return next(str(word) for word in body.get_content().split() if word.startswith("http"))


@pytest.mark.parametrize("module", ["relay_function", "download_function"])
def test_importing_the_function_needs_no_environment(module: str) -> None:
    subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import adapters.{module}"],
        env={"PATH": os.environ["PATH"]},
        check=True,
        timeout=60,
    )
