"""The Lambda function: from a batch of the queue to the core, mail by mail.

`handler` is a thin shell: it makes one `RelayFunction` a container, at the first
invocation, so that a wrong environment is an error with a name in the log and not a crash
at import. Everything else can be had by calling `compose` with a session and a clock.

Lambda deletes those messages of a batch that the answer does not list as failed
(`ReportBatchItemFailures`, Lambda Developer Guide, "Handling errors for an SQS event
source"). So each record stands for itself: one that fails goes back to the queue, and after
the queue's `maxReceiveCount` to the dead-letter queue, whatever becomes of its neighbours.
A batch whose mails all fail is reported the same way, record by record: raising instead
would make Lambda count a function error and slow its polling for what may be one bad mail.
Where the function's environment is not usable, that is what is wanted: it raises, an alarm sounds
at once, and Lambda tries fewer mails with what cannot relay any.

A mail that is not done with, though nothing is wrong with it, is no failed record: it was too
much for one worker's time, or the account may not send for now. Its record is sent to the queue
anew and the old one done with, so that its tries are kept for what they are for.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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

from relay_core.delivery.deaths import Attempt, tell_out_of_time
from relay_core.delivery.ending import record_trouble
from relay_core.delivery.scan_results import ScanResults, look_at_scans
from relay_core.environment import InvalidSettings
from relay_core.errors import AdapterError, RelayError, TransientError
from relay_core.keys import RawKey, WindowKey, message_id_of
from relay_core.limits.suppression import Suppressed, SuppressionList
from relay_core.ports import Ports, Purse, Windows
from relay_core.record.lease import Worker
from relay_core.record.report import Again, Outcome, RelayReport
from relay_core.relay import relay_message
from relay_core.resources import Resources
from relay_core.settings import Settings
from relay_core.throttling.notice_counting import CountedNotices
from relay_core.throttling.suppressing import SuppressingSubmission
from relay_core.throttling.window_change import change_window

from .aws.clients import Clients, make_clients
from .aws.download_links import S3LinkIndex, SsmLinkKeys, TokenDownloadPages
from .aws.s3 import (
    S3AttachmentLinks,
    S3AttachmentStore,
    S3IncomingMessages,
    S3Manifests,
    budget_windows,
    notice_windows,
    sender_windows,
    suppression_lists,
)
from .aws.ses import SesSubmission
from .aws.sns import SnsNotices
from .aws.sqs import (
    Bounced,
    Ignored,
    Notification,
    Received,
    ScansDue,
    SqsReminders,
    SummaryDue,
    UnreadableRecord,
    parse_record,
    postpone,
    receive_count,
    retry_delay,
    send_anew,
)
from .aws.ssm import SsmDirectories
from .last_words import last_words
from .telemetry.relay import Telemetry

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_sqs import SQSClient


RESERVE = timedelta(seconds=40)
"""How long before its end a worker begins no submission.

One that is begun then ends in time: SES's answer is waited for 2 + 30 seconds, and a throttled
call is repeated after up to 1 + 2 + 4 (`clients`). Of a short time limit it is half at the most.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanWatch:
    """Where the scans' results are, and who reminds of looking at them."""

    results: ScanResults
    reminders: SqsReminders


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFunction:
    """The relay behind its queue. Calling it handles one batch and never raises for a mail.

    `scans` is None where nothing is scanned.
    """

    settings: Settings
    incoming_bucket: str
    ports: Ports
    notices: CountedNotices
    suppressions: Windows[SuppressionList]
    queue: SQSClient
    queue_url: str
    telemetry: Telemetry
    scans: ScanWatch | None = None

    def __call__(
        self, event: dict[str, Any], context: LambdaContext
    ) -> PartialItemFailureResponse:
        """Handle one batch: the answer lists the records that the queue is to keep.

        Raises:
            UnexpectedBatchTypeError: if the event is no batch of a queue at all.
        """
        worker = make_worker(context, self.ports.clock())
        processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        try:
            return process_partial_response(
                event=event,
                record_handler=functools.partial(self._handle_record, worker=worker),
                processor=processor,
                context=context,
            )
        finally:
            self.telemetry.flush()

    def _handle_record(self, record: SQSRecord, worker: Worker) -> None:
        """Handle one message of the queue; raising keeps it there."""
        with self.telemetry.record(record, self.settings.max_receive_count):
            try:
                notifications = parse_record(record, incoming_bucket=self.incoming_bucket)
            except UnreadableRecord as error:
                self.telemetry.failed(error)
                raise
            attempt = Attempt(queue_message=record.message_id, number=receive_count(record))
            # Every mail of the record gets its turn, whatever became of the one before.
            results = [
                self._handle_notification(notification, attempt, worker)
                for notification in notifications
            ]
            try:
                self._settle(record, [result for result in results if result is not None])
            except NotSentAnew as error:
                # It counts as a try after all, and may have been the last one.
                for mail in notifications:
                    if isinstance(mail, Received):
                        tried = attempt.given_to(worker, self.settings)
                        self._record_trouble(mail.raw_key, str(error), tried)
                raise

    def _settle(self, record: SQSRecord, results: Sequence[Again | Exception]) -> None:
        """Have a record that is not done with come again; raising keeps this very one."""
        errors = [result for result in results if isinstance(result, Exception)]
        again = [result for result in results if isinstance(result, Again)]
        if any(isinstance(error, TransientError) for error in errors) or (
            not errors and any(one.failed_try for one in again)
        ):
            self._postpone(record, retry_delay(self.settings.retry_delay, receive_count(record)))
        if errors:
            raise errors[0]
        if any(one.failed_try for one in again):
            raise NotDone
        if again:
            try:
                delay = min(one.after for one in again)
                send_anew(self.queue, self.queue_url, record, delay)
            except AdapterError as error:
                self.telemetry.not_sent_anew(error)
                raise NotSentAnew(str(error)) from error

    def _handle_notification(
        self, notification: Notification, attempt: Attempt, worker: Worker
    ) -> Again | Exception | None:
        match notification:
            case Ignored(reason=reason):
                self.telemetry.ignored(reason)
                return None
            case SummaryDue(window=window):
                return self._sum_up(window)
            case Bounced(configuration_set=name) if name not in {
                None,
                self.settings.configuration_set_name,
            }:
                # A device's mail that bounced on its way here says nothing of any recipient.
                self.telemetry.ignored(f"an event of the configuration set {name}")
                return None
            case Bounced(addresses=addresses):
                return self._suppress(addresses)
            case ScansDue():
                return self._look_at_scans(notification)
            case Received():
                with self.telemetry.mail(notification.raw_key):
                    return self._relay(notification, attempt, worker)

    def _relay(self, mail: Received, attempt: Attempt, worker: Worker) -> Again | Exception | None:
        """Relay one mail; the answer says why the queue has to deliver the message again."""
        raw_key, now = mail.raw_key, self.ports.clock()
        worker = attempt.given_to(worker, self.settings)
        if not worker.has_time(now):
            report = not_begun(raw_key)
            self.telemetry.reported(report)
            return report.again
        self.telemetry.begun()
        try:
            with last_words(worker, now, lambda: self._tell_out_of_time(raw_key, worker)):
                report = relay_message(
                    raw_key,
                    self.settings,
                    self.ports,
                    worker,
                    arrived_at=mail.arrived_at,
                    attempt=attempt,
                )
        except TransientError as error:
            self.telemetry.retried(error)
            self._record_trouble(raw_key, str(error), worker)
            return error
        # Whatever one mail breaks must not take its neighbours with it. Nothing is swallowed:
        # the error is logged with its traceback and the message stays on the queue.
        except Exception as error:  # noqa: BLE001 - see the comment above
            self.telemetry.failed(error)
            known = isinstance(error, AdapterError)
            trouble = str(error) if known else f"{type(error).__name__}: {error}; see the log"
            self._record_trouble(raw_key, trouble, worker)
            return error
        self.telemetry.reported(report)
        if worker.is_last_try and report.again is not None and report.again.failed_try:
            self._record_trouble(raw_key, report.detail, worker)
        # An earlier try may have stored the files, and not have come as far as to its reminder.
        is_second = attempt.number > 1 and report.outcome is not Outcome.BUSY
        if report.attachments or is_second:
            first = ScansDue(message_id=report.message_id, look=1)
            return self._remind_of_scans(first) or report.again
        return report.again

    def _remind_of_scans(self, due: ScansDue) -> AdapterError | None:
        if self.scans is None:
            return None
        try:
            self.scans.reminders.remind_of_scans(
                due, retry_delay(self.settings.retry_delay, due.look)
            )
        except AdapterError as error:
            self.telemetry.scans_not_watched(error)
            return error
        return None

    def _look_at_scans(self, due: ScansDue) -> AdapterError | None:
        """Tell of malware found after a mail went out; an error if it has to come again."""
        if self.scans is None:
            self.telemetry.ignored("nothing is scanned any more")
            return None
        try:
            looked = look_at_scans(
                due.message_id, due.look, self.scans.results, self.settings, self.ports
            )
        except AdapterError as error:
            self.telemetry.retried(error)
            return error
        self.telemetry.scans_looked_at(due.message_id, looked)
        if looked.is_last:
            return None
        return self._remind_of_scans(replace(due, look=due.look + 1))

    def _suppress(self, addresses: Sequence[Suppressed]) -> AdapterError | None:
        """Write down whom not to send to; an error if the queue has to tell again."""
        try:
            change_window(
                self.suppressions, SuppressionList(), lambda found: found.adding(addresses)
            )
        except AdapterError as error:
            self.telemetry.retried(error)
            return error
        self.telemetry.suppressed(len(addresses))
        return None

    def _sum_up(self, window: WindowKey) -> AdapterError | None:
        """Tell the operator what was counted; an error if the queue has to remind again."""
        try:
            self.telemetry.summed_up(self.notices.sum_up(window))
        except AdapterError as error:
            self.telemetry.retried(error)
            return error
        return None

    def _tell_out_of_time(self, raw_key: RawKey, worker: Worker) -> None:
        """Say what this worker will die of, while it can. Best effort."""
        self.telemetry.out_of_time(raw_key)
        try:
            tell_out_of_time(raw_key, worker, self.settings, self.ports)
        except AdapterError as error:
            self.telemetry.trouble_not_recorded(error)

    def _record_trouble(self, raw_key: RawKey, trouble: str, worker: Worker) -> None:
        """Write down why the mail was not relayed, for whoever looks for it. Best effort."""
        try:
            record_trouble(raw_key, trouble, worker, self.settings, self.ports)
        except AdapterError as second:
            self.telemetry.trouble_not_recorded(second)

    def _postpone(self, record: SQSRecord, delay: timedelta) -> None:
        """Have the record tried again soon, rather than after the queue's own timeout.

        That timeout is made for a function that died, and so is many times as long as a
        throttled mail needs to wait. Best effort: if it cannot be shortened, it holds.
        """
        try:
            postpone(self.queue, self.queue_url, record, delay)
        except AdapterError as error:
            self.telemetry.not_postponed(error)


class NotDone(RelayError):
    """The queue is to keep the record; the log has told why."""


class NotSentAnew(NotDone):
    """A record that was to come again with all its tries could not be put on the queue."""


class UnusableEnvironment(RelayError):
    """The function cannot work as deployed; the message names each variable that is wrong."""


def make_worker(context: LambdaContext, now: datetime) -> Worker:
    """The worker that this invocation is, from the time that Lambda still gives it."""
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return Worker(
        # An invocation that Lambda repeats has the same id, and is another worker.
        name=f"{context.aws_request_id}/{secrets.token_hex(4)}",
        deadline=now + left,
        reserve=min(RESERVE, left / 2),
    )


def not_begun(raw_key: RawKey) -> RelayReport:
    """The report on a mail for which its batch left no time."""
    return RelayReport(
        message_id=message_id_of(raw_key),
        outcome=Outcome.UNFINISHED,
        detail="the other mails of its batch took the worker's time",
        again=Again(after=timedelta(0), failed_try=False),
    )


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
    suppressions = suppression_lists(clients.s3, resources.incoming_bucket)
    reminders = SqsReminders(client=clients.sqs, queue_url=resources.queue_url)
    notices = CountedNotices(
        notices=SnsNotices(
            client=clients.sns, topic_arn=resources.fallback_topic_arn, stack=settings.stack
        ),
        windows=notice_windows(clients.s3, bucket),
        reminders=reminders,
        stack=settings.stack,
        limit=settings.notice_limit,
        length=settings.notice_window,
        clock=clock,
    )
    return RelayFunction(
        settings=settings,
        incoming_bucket=resources.incoming_bucket,
        ports=Ports(
            incoming=S3IncomingMessages(client=clients.s3, bucket=resources.incoming_bucket),
            attachments=S3AttachmentStore(client=clients.s3, bucket=bucket),
            links=S3AttachmentLinks(
                client=clients.s3, bucket=bucket, credentials=credentials, clock=clock
            ),
            pages=TokenDownloadPages(
                index=S3LinkIndex(client=clients.s3, bucket=bucket),
                keys=SsmLinkKeys(
                    client=clients.ssm,
                    parameter_name=resources.link_keys_parameter,
                    clock=clock,
                ),
                base_url=resources.download_url,
            ),
            manifests=S3Manifests(client=clients.s3, bucket=bucket),
            submission=SuppressingSubmission(
                submission=SesSubmission(
                    client=clients.sesv2, configuration_set_name=settings.configuration_set_name
                ),
                lists=suppressions,
                max_age=settings.directory_refresh,
                clock=clock,
                on_trouble=telemetry.suppressions_not_read,
            ),
            notices=notices,
            directories=SsmDirectories(
                client=clients.ssm,
                parameter_name=resources.directory_parameter,
                max_age=settings.directory_refresh,
                clock=clock,
                on_trouble=telemetry.directory_not_refreshed,
                on_problem=telemetry.directory_problem,
            ),
            windows=sender_windows(clients.s3, bucket),
            budgets=budget_windows(clients.s3, bucket),
            purse=Purse(),
            clock=clock,
        ),
        notices=notices,
        suppressions=suppressions,
        queue=clients.sqs,
        queue_url=resources.queue_url,
        telemetry=telemetry,
        scans=_scan_watch(clients, bucket, reminders) if resources.malware_protection else None,
    )


def _scan_watch(clients: Clients, bucket: str, reminders: SqsReminders) -> ScanWatch:
    from .aws.downloads import ScannedFiles  # noqa: PLC0415 - most stacks do not need it

    return ScanWatch(results=ScannedFiles(client=clients.s3, bucket=bucket), reminders=reminders)


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda's entry: `adapters.relay_function.handler`.

    Raises:
        UnusableEnvironment: every record goes back to the queue then, and Lambda counts an error.
    """
    try:
        function = _function()
    except InvalidSettings as error:
        # The variable and the rule, not the value: it may be the secret inbound address.
        problem = "; ".join(f"{p.field}: {p.rule}" for p in error.problems)
    except BotoCoreError as error:
        problem = f"{type(error).__name__}: {error}"
    else:
        return function(event, context)
    for record in event["Records"]:
        _telemetry().unusable(problem, str(record["messageId"]))
    _telemetry().flush()
    # Outside of the handlers: a traceback would show the error with its values.
    raise UnusableEnvironment(f"{problem}; deploy again")


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
