"""The function as `adapters.relay_function.compose` makes it, with a stand-in for AWS.

The measurement includes everything that the function does for a mail: reading the SQS record, the
core, the log and the metrics. Real boto3 clients sign and send each call over the loopback
interface. It does not include AWS's own time, TLS, and Lambda's. In-memory ports would leave out
the clients, which take most of the time.
"""

from __future__ import annotations

import io
import itertools
import json
import os
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.configprovider import ConstantProvider

from adapters.relay_function import compose
from adapters.relaying.batch import RelayFunction
from adapters.telemetry.relay import Telemetry
from benchmarks.aws_stub import DIRECTORY_PARAMETER, LINK_KEYS_PARAMETER
from benchmarks.devices import Arrived
from relay_core.resources import Resources
from relay_core.settings import Settings

REGION = "us-east-1"

SETTINGS = Settings(
    stack="benchmark",
    sender_address="relay@example.com",
    inbound_address="devices@in.example.com",
    allowed_recipients=("example.org",),
    # No second read of the directory within a measurement.
    directory_refresh=timedelta(hours=1),
    # All mails must cost the same. `tests/benchmarks/test_calls.py` counts the cost of these two.
    recipient_budget=0,
    notice_limit=0,
)
RESOURCES = Resources(
    incoming_bucket="incoming-bucket",
    attachments_bucket="attachments-bucket",
    fallback_topic_arn=f"arn:aws:sns:{REGION}:000000000000:fallback",
    directory_parameter=DIRECTORY_PARAMETER,
    queue_url=f"https://sqs.{REGION}.amazonaws.com/000000000000/incoming",
    download_url="https://0123456789abcdefghijklmnopqrstuv.lambda-url.us-east-1.on.aws",
    link_keys_parameter=LINK_KEYS_PARAMETER,
)
# Like a role's token in length; it is signed and sent with every call.
_SESSION_TOKEN = "t" * 900
_TIMEOUT = timedelta(seconds=120)
_numbers = itertools.count(1)


def environment_of_one() -> dict[str, str]:
    """The environment of one container's telemetry: Powertools keeps one logger for each name."""
    return {"POWERTOOLS_SERVICE_NAME": f"benchmark-{next(_numbers)}"}


class BenchmarkError(Exception):
    """The function did not do what the benchmark measures."""


def loopback_session(endpoint: str) -> boto3.Session:
    """A session whose clients call `endpoint`, independent of the caller's environment."""
    core = botocore.session.Session()
    store = core.get_component("config_store")
    store.set_config_provider("profile", ConstantProvider(value=None))
    store.set_config_provider("config_file", ConstantProvider(value=os.devnull))
    core.set_credentials("AKIAIOSFODNN7EXAMPLE", "secret", _SESSION_TOKEN)
    core.set_default_client_config(Config(proxies={}))
    return _LoopbackSession(endpoint, botocore_session=core, region_name=REGION)


class _LoopbackSession(boto3.Session):
    def __init__(self, endpoint: str, **options: Any) -> None:  # noqa: ANN401 - boto3's own
        super().__init__(**options)
        self._endpoint = endpoint

    def client(  # type: ignore[override] # the stubs have an overload for each service
        self,
        service_name: str,
        **options: Any,  # noqa: ANN401 - boto3's own
    ) -> Any:  # noqa: ANN401 - likewise
        return super().client(
            service_name,  # type: ignore[call-overload] # likewise
            endpoint_url=self._endpoint,
            **options,
        )


class MeasuredFunction:
    """One container's function. `session` must come from `loopback_session`."""

    def __init__(self, session: boto3.Session, settings: Settings = SETTINGS) -> None:
        self._output = io.StringIO()
        self._s3 = session.client("s3")
        self._function: RelayFunction = compose(
            settings=settings,
            resources=RESOURCES,
            session=session,
            clock=lambda: datetime.now(UTC),
            telemetry=Telemetry(environment_of_one(), stream=self._output),
        )

    def receive(self, mail: Arrived) -> None:
        """Store the raw message as SES does."""
        self._s3.put_object(Bucket=RESOURCES.incoming_bucket, Key=mail.raw_key, Body=mail.raw)

    def refresh(self) -> None:
        """Read what a container reads before its first mail."""
        self._function.refresh()

    def forget(self, key: str) -> None:
        """Remove an object of the attachments bucket."""
        self._s3.delete_object(Bucket=RESOURCES.attachments_bucket, Key=key)

    def relay(self, mail: Arrived) -> str:
        """Handle the queue's message about a mail; return the function's output.

        Raises:
            BenchmarkError: if the function reports the message as failed.
        """
        with redirect_stdout(self._output):
            answer = self._function(event_of(mail), _Context())
        written = self._output.getvalue()
        self._output.seek(0)
        self._output.truncate()
        if answer["batchItemFailures"]:
            raise BenchmarkError(f"the function failed: {written}")
        return written


class _Context(LambdaContext):
    """An invocation with its whole time left."""

    _aws_request_id = "00000000-0000-0000-0000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return _TIMEOUT // timedelta(milliseconds=1)


def event_of(mail: Arrived) -> dict[str, Any]:
    """A batch of one (AWS Lambda guide, "Example SQS event"; S3 guide, "Event structure")."""
    notification = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": "2026-11-24T04:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": RESOURCES.incoming_bucket},
            "object": {"key": mail.raw_key, "size": len(mail.raw)},
        },
    }
    record = {
        "messageId": "00000000-0000-0000-0000-000000000000",
        "receiptHandle": "handle",
        "body": json.dumps({"Records": [notification]}),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:incoming",
        "awsRegion": REGION,
    }
    return {"Records": [record]}
