"""The Lambda function: from a batch of the queue to the core, mail by mail.

`handler` is a thin shell: it makes one `RelayFunction` a container, at the first
invocation, so that a wrong environment is an error with a name in the log and not a crash
at import. Everything else can be had by calling `compose` with a session and a clock.

Lambda deletes those messages of a batch that the answer does not list as failed
(`ReportBatchItemFailures`, Lambda Developer Guide, "Handling errors for an SQS event
source"). So each record stands for itself: one that fails goes back to the queue, and after
the queue's `maxReceiveCount` to the dead-letter queue, whatever becomes of its neighbours.
A batch that fails as a whole is reported the same way, record by record: raising instead
would make Lambda count a function error and slow its polling for what may be one bad mail.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, NoCredentialsError

from relay_core.errors import AdapterError, TransientError
from relay_core.ports import IncomingMessages, Ports, RawKey
from relay_core.relay import relay_message
from relay_core.settings import InvalidSettings, Resources, Settings

from .clients import make_clients
from .s3 import (
    S3AttachmentLinks,
    S3AttachmentStore,
    S3IncomingMessages,
    S3Manifests,
    S3SenderWindows,
)
from .ses import SesSubmission
from .sns import SnsNotices
from .sqs import (
    Ignored,
    Received,
    UnreadableRecord,
    parse_record,
    postpone,
    receive_count,
    retry_delay,
)
from .ssm import SsmDirectories
from .telemetry import Telemetry

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFunction:
    """The relay behind its queue. Calling it handles one batch and never raises for a mail."""

    settings: Settings
    incoming_bucket: str
    incoming: IncomingMessages
    ports: Ports
    queue: SQSClient
    clock: Callable[[], datetime]
    telemetry: Telemetry

    def __call__(
        self, event: dict[str, Any], context: LambdaContext
    ) -> PartialItemFailureResponse:
        """Handle one batch: the answer lists the records that the queue is to keep.

        Raises:
            UnexpectedBatchTypeError: if the event is no batch of a queue at all.
        """
        processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        try:
            return process_partial_response(
                event=event,
                record_handler=self._handle_record,
                processor=processor,
                context=context,
            )
        finally:
            self.telemetry.flush()

    def _handle_record(self, record: SQSRecord) -> None:
        """Handle one message of the queue; raising keeps it there."""
        with self.telemetry.record(record):
            try:
                notifications = parse_record(record, incoming_bucket=self.incoming_bucket)
            except UnreadableRecord as error:
                self.telemetry.failed(error)
                raise
            # Every mail of the record gets its turn, whatever became of the one before.
            results = [self._handle_notification(notification) for notification in notifications]
            errors = [result for result in results if result is not None]
            if any(isinstance(error, TransientError) for error in errors):
                self._postpone(record)
            if errors:
                raise errors[0]

    def _handle_notification(self, notification: Received | Ignored) -> Exception | None:
        match notification:
            case Ignored(reason=reason):
                self.telemetry.ignored(reason)
                return None
            case Received(raw_key=raw_key, arrived_at=arrived_at):
                with self.telemetry.mail(raw_key):
                    return self._relay(raw_key, arrived_at)

    def _relay(self, raw_key: RawKey, arrived_at: datetime | None) -> Exception | None:
        """Relay one mail; the error is returned where the queue has to keep the message."""
        try:
            raw = self.incoming.fetch(raw_key)
            report = relay_message(
                raw, raw_key, self.settings, self.ports, self.clock(), arrived_at=arrived_at
            )
        except TransientError as error:
            self.telemetry.retried(error)
            return error
        # Whatever one mail breaks must not take its neighbours with it. Nothing is swallowed:
        # the error is logged with its traceback and the message stays on the queue.
        except Exception as error:  # noqa: BLE001 - see the comment above
            self.telemetry.failed(error)
            return error
        self.telemetry.reported(report)
        return None

    def _postpone(self, record: SQSRecord) -> None:
        """Have the record tried again soon, rather than after the queue's own timeout.

        That timeout is made for a function that died, and so is many times as long as a
        throttled mail needs to wait. Best effort: if it cannot be shortened, it holds.
        """
        delay = retry_delay(self.settings.retry_delay, receive_count(record))
        try:
            postpone(self.queue, record, delay)
        except AdapterError as error:
            self.telemetry.not_postponed(error)


def compose(
    *,
    settings: Settings,
    resources: Resources,
    session: boto3.Session,
    clock: Callable[[], datetime],
    telemetry: Telemetry,
) -> RelayFunction:
    """The function over AWS, as `session` reaches it. Opens no connection yet.

    Raises:
        BotoCoreError: if the session has no region or no credentials.
    """
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    clients = make_clients(session)
    bucket = resources.attachments_bucket
    return RelayFunction(
        settings=settings,
        incoming_bucket=resources.incoming_bucket,
        incoming=S3IncomingMessages(client=clients.s3, bucket=resources.incoming_bucket),
        ports=Ports(
            attachments=S3AttachmentStore(client=clients.s3, bucket=bucket),
            links=S3AttachmentLinks(
                client=clients.s3, bucket=bucket, credentials=credentials, clock=clock
            ),
            manifests=S3Manifests(client=clients.s3, bucket=bucket),
            submission=SesSubmission(
                client=clients.sesv2, configuration_set_name=settings.configuration_set_name
            ),
            notices=SnsNotices(
                client=clients.sns, topic_arn=resources.fallback_topic_arn, stack=settings.stack
            ),
            directories=SsmDirectories(
                client=clients.ssm,
                parameter_name=resources.directory_parameter,
                max_age=settings.directory_refresh,
                clock=clock,
                on_trouble=telemetry.directory_not_refreshed,
                on_problem=telemetry.directory_problem,
            ),
            windows=S3SenderWindows(client=clients.s3, bucket=bucket),
        ),
        queue=clients.sqs,
        clock=clock,
        telemetry=telemetry,
    )


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda's entry: `adapters.relay_function.handler`.

    If the environment is not usable, every record goes back to the queue, and the log names
    each variable that is wrong.
    """
    try:
        function = _function()
    except InvalidSettings as error:
        # The variable and the rule, not the value: it may be the secret inbound address.
        problem = "; ".join(f"{p.field}: {p.rule}" for p in error.problems)
        return _keep_all(event, problem)
    except BotoCoreError as error:
        return _keep_all(event, f"{type(error).__name__}: {error}")
    return function(event, context)


@functools.cache
def _function() -> RelayFunction:
    """The container's one function. An error is not cached: the next call tries again."""
    return compose(
        settings=Settings.from_environment(os.environ),
        resources=Resources.from_environment(os.environ),
        session=boto3.Session(),
        clock=lambda: datetime.now(UTC),
        telemetry=_telemetry(),
    )


@functools.cache
def _telemetry() -> Telemetry:
    return Telemetry(os.environ)


def _keep_all(event: dict[str, Any], problem: str) -> PartialItemFailureResponse:
    identifiers = [str(record["messageId"]) for record in event["Records"]]
    for identifier in identifiers:
        _telemetry().unusable(problem, identifier)
    _telemetry().flush()
    return {"batchItemFailures": [{"itemIdentifier": i} for i in identifiers]}
