"""A batch of the queue, handed to the core record by record and mail by mail.

Lambda deletes those messages of a batch that the answer does not list as failed
(`ReportBatchItemFailures`, Lambda Developer Guide, "Handling errors for an SQS event
source"). So each record stands for itself: one that fails goes back to the queue, and after
the queue's `maxReceiveCount` to the dead-letter queue, whatever becomes of its neighbours.
A batch whose mails all fail is reported the same way, record by record: raising instead
would make Lambda count a function error and slow its polling for what may be one bad mail.

A mail that is not finished, though nothing is wrong with it, is no failed record: it was too much
for one worker's time, or the account may not send for now. Its record is sent to the queue again
and the old one deleted, so that waiting costs it no try.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from adapters.aws.sqs import (
    Bounced,
    NoMail,
    Notification,
    Received,
    ScansDue,
    SqsReminders,
    SummaryDue,
    parse_record,
    postpone,
    requeue,
)
from adapters.aws.sqs_record import SQSRecord
from adapters.before_timeout import before_timeout
from adapters.telemetry.relay import Telemetry
from relay_core.delivery.deaths import Attempt, record_out_of_time
from relay_core.delivery.ending import record_error
from relay_core.delivery.retry_delay import retry_delay
from relay_core.delivery.scan_results import ScanResults, check_scans
from relay_core.errors import AdapterError, RelayError, TransientError
from relay_core.keys import RawKey, WindowKey
from relay_core.limits.suppression import Suppressed, SuppressionList
from relay_core.ports import Ports, Windows
from relay_core.record.lease import Worker
from relay_core.record.report import Outcome, Retry
from relay_core.relay import relay_message
from relay_core.settings import Settings
from relay_core.throttling.address_watching import AddressWatch
from relay_core.throttling.notice_counting import CountedNotices
from relay_core.throttling.window_change import change_window

from .invocation import make_worker, not_begun

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient


class KeptRecord(TypedDict):
    """A message that the queue is to keep, by the id that SQS gave it."""

    itemIdentifier: str


class BatchAnswer(TypedDict):
    """What Lambda asks of a function whose event source reports failures by the message."""

    batchItemFailures: list[KeptRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanWatch:
    """The scan results, and the reminders to check them."""

    results: ScanResults
    reminders: SqsReminders


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFunction:
    """The relay behind its queue. Calling it handles one batch and never raises for a mail.

    `scans` is None where nothing is scanned. `read_suppressions` reads the suppressed addresses; a
    failure is reported, not raised.
    """

    settings: Settings
    incoming_bucket: str
    ports: Ports
    notices: CountedNotices
    suppressions: Windows[SuppressionList]
    queue: SQSClient
    queue_url: str
    telemetry: Telemetry
    addresses: AddressWatch
    read_suppressions: Callable[[], None]
    scans: ScanWatch | None = None

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> BatchAnswer:
        """Handle one batch: the answer lists the records that the queue is to keep.

        Raises:
            NoBatch: if the event is no batch of a queue at all.
        """
        if "Records" not in event:
            raise NoBatch("the event has no Records: is the function invoked by its queue?")
        worker = make_worker(context, self.ports.clock())
        try:
            return {
                "batchItemFailures": [
                    {"itemIdentifier": record.message_id}
                    for record in map(SQSRecord, event["Records"])
                    if not self._is_handled(record, worker)
                ]
            }
        finally:
            self.telemetry.flush()

    def refresh(self) -> None:
        """Read what every first mail needs: the suppressed addresses, and the use of addresses.

        If that fails, it is logged and counted as for a mail, which reads again.
        """
        self.read_suppressions()
        self.addresses.refresh()

    def _is_handled(self, record: SQSRecord, worker: Worker) -> bool:
        """Handle one message; False if the queue is to keep it, for a reason that is logged."""
        with self.telemetry.record(record, self.settings.max_receive_count):
            try:
                return self._handle_record(record, worker)
            except Exception as error:  # noqa: BLE001 - it is logged, and the queue keeps the record
                self.telemetry.failed(error)
                return False

    def _handle_record(self, record: SQSRecord, worker: Worker) -> bool:
        """The same; what it raises is not logged yet."""
        notifications = parse_record(record, incoming_bucket=self.incoming_bucket)
        attempt = Attempt(queue_message=record.message_id, number=record.receive_count)
        # Every mail of the record gets its turn, whatever became of the one before.
        results = [
            self._result_of(notification, attempt, worker) for notification in notifications
        ]
        errors = [result for result in results if isinstance(result, Exception)]
        retries = [result for result in results if isinstance(result, Retry)]
        if any(isinstance(error, TransientError) for error in errors) or (
            not errors and any(one.failed_try for one in retries)
        ):
            self._postpone(record, retry_delay(self.settings.retry_delay, record.receive_count))
        if errors or any(one.failed_try for one in retries):
            return False
        try:
            if retries:
                delay = min(one.after for one in retries)
                requeue(self.queue, self.queue_url, record, delay)
        except AdapterError as error:
            self.telemetry.not_requeued(error)
            # It counts as a try after all, and may have been the last one.
            for mail in notifications:
                if isinstance(mail, Received):
                    tried = attempt.given_to(worker, self.settings)
                    self._record_error(mail.raw_key, str(error), tried)
            return False
        return True

    def _result_of(
        self, notification: Notification, attempt: Attempt, worker: Worker
    ) -> Retry | Exception | None:
        """Why the queue has to deliver the message again, which is logged; None if it has not."""
        try:
            return self._handle_notification(notification, attempt, worker)
        except Exception as error:  # noqa: BLE001 - it is logged, and the queue keeps the record
            self.telemetry.failed(error)
            return error

    def _handle_notification(
        self, notification: Notification, attempt: Attempt, worker: Worker
    ) -> Retry | Exception | None:
        match notification:
            case NoMail(reason=reason):
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
                return self._check_scans(notification)
            case Received():
                with self.telemetry.mail(notification.raw_key):
                    return self._relay(notification, attempt, worker)

    def _relay(self, mail: Received, attempt: Attempt, worker: Worker) -> Retry | Exception | None:
        """Relay one mail; the answer says why the queue has to deliver the message again."""
        raw_key, now = mail.raw_key, self.ports.clock()
        worker = attempt.given_to(worker, self.settings)
        if not worker.has_time(now):
            report = not_begun(raw_key)
            self.telemetry.reported(report)
            return report.retry
        self.telemetry.begun()
        try:
            with before_timeout(worker, now, lambda: self._record_out_of_time(raw_key, worker)):
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
            self._record_error(raw_key, str(error), worker)
            return error
        # Whatever one mail breaks must not take its neighbours with it. Nothing is swallowed:
        # the error is logged with its traceback and the message stays on the queue.
        except Exception as error:  # noqa: BLE001 - see the comment above
            self.telemetry.failed(error)
            known = isinstance(error, AdapterError)
            error_text = str(error) if known else f"{type(error).__name__}: {error}; see the log"
            self._record_error(raw_key, error_text, worker)
            return error
        self.telemetry.reported(report)
        self.addresses.record_use(report)
        if worker.is_last_try and report.retry is not None and report.retry.failed_try:
            self._record_error(raw_key, report.detail, worker)
        # An earlier try may have stored the files, and not have come as far as to its reminder.
        is_second = attempt.number > 1 and report.outcome is not Outcome.BUSY
        if report.attachments or is_second:
            first = ScansDue(message_id=report.message_id, check_number=1)
            return self._remind_of_scans(first) or report.retry
        return report.retry

    def _remind_of_scans(self, due: ScansDue) -> AdapterError | None:
        if self.scans is None:
            return None
        try:
            self.scans.reminders.remind_of_scans(
                due, retry_delay(self.settings.retry_delay, due.check_number)
            )
        except AdapterError as error:
            self.telemetry.scans_not_watched(error)
            return error
        return None

    def _check_scans(self, due: ScansDue) -> AdapterError | None:
        """Report malware found after a mail went out; an error if the queue has to retry."""
        if self.scans is None:
            self.telemetry.ignored("nothing is scanned any more")
            return None
        try:
            check = check_scans(
                due.message_id, due.check_number, self.scans.results, self.settings, self.ports
            )
        except AdapterError as error:
            self.telemetry.retried(error)
            return error
        self.telemetry.scans_checked(due.message_id, check)
        if check.is_last:
            return None
        return self._remind_of_scans(replace(due, check_number=due.check_number + 1))

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

    def _record_out_of_time(self, raw_key: RawKey, worker: Worker) -> None:
        """Record which mail the worker is stopped at, before it is stopped. Best effort."""
        self.telemetry.out_of_time(raw_key)
        try:
            record_out_of_time(raw_key, worker, self.settings, self.ports)
        except AdapterError as error:
            self.telemetry.error_not_recorded(error)

    def _record_error(self, raw_key: RawKey, error_text: str, worker: Worker) -> None:
        """Write down why the mail was not relayed, for whoever looks for it. Best effort."""
        try:
            record_error(raw_key, error_text, worker, self.settings, self.ports)
        except AdapterError as second:
            self.telemetry.error_not_recorded(second)

    def _postpone(self, record: SQSRecord, delay: timedelta) -> None:
        """Have the record tried again soon, rather than after the queue's own timeout.

        That timeout is made for a function that died, and so is many times as long as a
        throttled mail needs to wait. Best effort: if it cannot be shortened, it holds.
        """
        try:
            postpone(self.queue, self.queue_url, record, delay)
        except AdapterError as error:
            self.telemetry.not_postponed(error)


class NoBatch(RelayError):
    """The function was invoked with something else than messages of a queue."""
