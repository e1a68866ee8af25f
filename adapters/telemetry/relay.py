"""Log and metrics of the relay function: one JSON line for each mail, and counted metrics.

A mail that is begun has a line at once: a worker that stops while processing it writes no other
line, and the mail that was begun and not ended is the one that stopped it. Each notification on
the queue ends in exactly one line that holds `outcome`: one of `relay_core.record.report.Outcome`,
or `retried` (a transient error sent it back to the queue) or `failed` (any other error did). Its
fields are flat, so that CloudWatch Logs Insights can query them; `correlation_id` is the relay's
message id and is on every line about that mail.

Lines at INFO and above name keys, counts and reasons. Addresses and words of a mail are in them
only where an operator has to act on them, as in an error of SES, or where some recipients of a
mail were left out; the detail of another refusal goes to the operator with the notice, and to the
log at DEBUG.

Metrics are written in CloudWatch's embedded metric format, once an invocation. A metric
whose dimension varies (`Refusals`, `RecipientsLeftOut` by `reason`) needs a document of its own;
so does one that must not be lost with its worker (`MessagesAtLastTry`).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from adapters.aws.sqs_record import SQSRecord
from relay_core.delivery.scan_results import ScanCheck
from relay_core.errors import AdapterError, Refusal
from relay_core.keys import MessageId, RawKey, message_id_of
from relay_core.record.report import Outcome, RelayReport

from .log_and_metrics import make_logger, make_metrics

_WARNINGS = frozenset({Outcome.PARKED, Outcome.UNFINISHED})


_MAX_LOGGED_REFUSALS, _MAX_LOGGED_DETAIL = 20, 200
"""Of the refusals that one line of the log tells, and of the characters of each."""


def _format_refusals(refusals: Sequence[Refusal]) -> str:
    """Who was left out and why, on one line."""
    shown = [
        f"{one.reason}: {one.detail[:_MAX_LOGGED_DETAIL]}"
        for one in refusals[:_MAX_LOGGED_REFUSALS]
    ]
    left = len(refusals) - len(shown)
    return " ".join("; ".join([*shown, *([f"and {left} more"] if left else [])]).split())


def outcome_metric(outcome: str) -> str:
    """The metric that counts the mails which ended so: `MessagesRelayed`."""
    return f"Messages{outcome.capitalize()}"


class Telemetry:
    """The log and the metrics of one container.

    See `log_and_metrics` for what `environment` may hold, and for `stream`.
    """

    def __init__(self, environment: Mapping[str, str], *, stream: TextIO | None = None) -> None:
        self._logger = make_logger(environment, stream)
        self._metrics = make_metrics(environment)

    @contextmanager
    def record(self, record: SQSRecord, max_receive_count: int) -> Iterator[None]:
        """Name the queue's message on every line logged inside; count it if it is at its last try.

        SQS leaves a message that was received three times out of the age of the oldest (SQS
        guide, "Available CloudWatch metrics"): no metric of SQS reports it before it has failed.
        """
        tries = record.receive_count
        if tries >= max_receive_count:
            self._count_at_once("MessagesAtLastTry")
        with self._logger.append_context_keys(
            sqs_message_id=record.message_id, receive_count=tries
        ):
            yield

    @contextmanager
    def mail(self, raw_key: RawKey) -> Iterator[None]:
        """Name the mail on every line logged inside."""
        with self._logger.append_context_keys(
            raw_key=raw_key, correlation_id=message_id_of(raw_key)
        ):
            yield

    def begun(self) -> None:
        """The work on a mail begins; written out before it does."""
        self._logger.info("mail begun")

    def out_of_time(self, raw_key: RawKey) -> None:
        """The worker is about to be ended, and still at work on the mail."""
        self._logger.error(
            "the function's timeout ends the worker while it works on this mail", raw_key=raw_key
        )

    def reported(self, report: RelayReport) -> None:
        """A mail ended as the report says."""
        self._log_report(report)
        self._count(outcome_metric(report.outcome.value))
        counts = {
            "RecipientsSubmitted": report.submitted,
            "RecipientsFailed": report.failed,
            "RecipientsLeftOut": len(report.left_out),
            "RecipientsPossiblyRepeated": report.possibly_repeated,
            "AttachmentsDetached": report.attachments,
            "MessagesByPreviousAddress": int(report.by_previous_address),
        }
        if report.outcome is Outcome.DUPLICATE:
            counts["DuplicatesAvoided"] = report.already_submitted
        sizes = {
            "AttachmentBytes": report.attachment_bytes,
            "MessageBytes": report.message_bytes,
        }
        for unit, values in ((MetricUnit.Count, counts), (MetricUnit.Bytes, sizes)):
            for name, value in values.items():
                if value:
                    self._count(name, value, unit)
        if report.age is not None:
            self._count("SubmissionAge", report.age.total_seconds(), MetricUnit.Seconds)
        if report.outcome is Outcome.REFUSED and report.reason:
            self._count_at_once("Refusals", reason=report.reason.value)
        for reason, number in Counter(one.reason.value for one in report.left_out).items():
            self._count_at_once("RecipientsLeftOut", number, reason=reason)

    def _log_report(self, report: RelayReport) -> None:
        fields: dict[str, object] = {
            "outcome": report.outcome.value,
            "reason": report.reason.value if report.reason else None,
            "submitted": report.submitted,
            "already_submitted": report.already_submitted,
            "failed_recipients": report.failed,
            "left_out": len(report.left_out),
            "left": report.left,
            "possibly_repeated": report.possibly_repeated,
            "attachments": report.attachments,
            "attachment_bytes": report.attachment_bytes,
            "message_bytes": report.message_bytes,
            "age_seconds": report.age and report.age.total_seconds(),
        }
        if report.by_previous_address:
            fields["by_previous_address"] = True
        if report.labels:
            fields["labels"] = " ".join(report.labels)[:_MAX_LOGGED_DETAIL]
        # No notice reports these, so only the log can say why.
        logs_detail = report.outcome is Outcome.IGNORED or report.retry is not None
        if logs_detail:
            fields["detail"] = report.detail
        if report.left_out:
            fields["left_out_why"] = _format_refusals(report.left_out)
        if report.retry is not None:
            fields["again_after_seconds"] = report.retry.after.total_seconds()
        needs_attention = (
            report.failed
            or report.left_out
            or report.possibly_repeated
            or report.outcome in _WARNINGS
        )
        log = self._logger.warning if needs_attention else self._logger.info
        log(f"mail {report.outcome.value}", extra=fields)
        if report.detail and not logs_detail:
            self._logger.debug("detail of the report", detail=report.detail)

    def ignored(self, reason: str) -> None:
        """A notification brought no mail."""
        self._logger.info("notification ignored", outcome="ignored", reason=reason)
        self._count(outcome_metric("ignored"))

    def summed_up(self, notices: int) -> None:
        """Notices of a window were told in summaries; 0 if that was done before."""
        self._logger.info("notices summed up", outcome="summed-up", notices=notices)
        if notices:
            self._count("NoticesSummedUp", notices)

    def scans_checked(self, message_id: MessageId, check: ScanCheck) -> None:
        """The results of the malware scan for a delivered mail's files were looked at."""
        log = self._logger.error if check.malicious else self._logger.info
        log(
            "scan results checked",
            outcome="scans-looked-at",
            correlation_id=message_id,
            malicious=check.malicious,
            is_last=check.is_last,
        )
        if check.malicious:
            self._count("MalwareFound", check.malicious)

    def scans_not_watched(self, error: AdapterError) -> None:
        """Nobody would look at the scans of a mail's files, so its message comes again."""
        self._logger.warning(
            "the reminder of a mail's scans could not be sent",
            error=type(error).__name__,
            cause=str(error),
        )

    def suppressed(self, addresses: int) -> None:
        """So many addresses bounced for good, or complained: nothing is sent there any more."""
        self._logger.warning(
            "nothing is sent to these addresses any more; relayctl bounces list shows them",
            outcome="suppressed",
            addresses=addresses,
        )
        self._count("AddressesSuppressed", addresses)

    def suppressions_not_read(self, error: AdapterError) -> None:
        """The list of suppressed addresses cannot be read; the one that was read last holds."""
        self._logger.error(
            "the list of suppressed addresses cannot be read; the last list that was read is used",
            error=type(error).__name__,
            cause=str(error),
        )

    def retried(self, error: AdapterError) -> None:
        """A transient error sends the mail back to the queue."""
        self._logger.warning(
            "mail goes back to the queue",
            outcome="retried",
            reason=str(error),
            error=type(error).__name__,
            call=error.call,
        )
        self._count(outcome_metric("retried"))

    def failed(self, error: Exception) -> None:
        """Another error sends the mail back to the queue, and in the end to the DLQ.

        The line carries the traceback, unless the error is one of ours that tells by itself
        what to do.
        """
        self._logger.error(
            "mail failed",
            outcome="failed",
            reason=str(error),
            error=type(error).__name__,
            exc_info=None if isinstance(error, AdapterError) else error,
        )
        self._count(outcome_metric("failed"))

    def directory_not_refreshed(self, error: AdapterError) -> None:
        """The recipient directory cannot be read; the one that was read last holds, if one was."""
        self._logger.error(
            "the recipient directory cannot be read; the last one that was read is used, or the"
            " mail waits",
            error=type(error).__name__,
            cause=str(error),
        )
        self._count("DirectoryFailures")

    def directory_problem(self, problem: str) -> None:
        """A new recipient directory has an entry that some mail will be refused for."""
        self._logger.warning("an entry of the recipient directory is not usable", cause=problem)

    def not_requeued(self, error: AdapterError) -> None:
        """A mail that is to come again could not be sent to the queue; its old record stays."""
        self._logger.warning(
            "the message counts as tried, because it cannot be sent to the queue again",
            error=type(error).__name__,
            cause=str(error),
        )

    def error_not_recorded(self, error: AdapterError) -> None:
        """The trouble of a mail, which the log has, is not recorded in its manifest."""
        self._logger.warning(
            "this trouble is not recorded in the manifest",
            error=type(error).__name__,
            cause=str(error),
        )

    def address_not_noted(self, error: AdapterError) -> None:
        """Who uses a previous address was not written down, or not told; the next mail does it."""
        self._logger.warning(
            "the use of a previous address or a closed label was not noted",
            error=type(error).__name__,
            cause=str(error),
        )

    def not_postponed(self, error: AdapterError) -> None:
        """The retry could not be moved; the queue's own visibility timeout holds."""
        self._logger.warning(
            "the queue's own visibility timeout decides when the mail is tried again",
            error=type(error).__name__,
            cause=str(error),
        )

    def unusable(self, problem: str, sqs_message_id: str) -> None:
        """The function cannot work as deployed, so the message goes back to the queue."""
        self._logger.error(
            "the function is not usable as deployed",
            outcome="failed",
            reason=problem,
            sqs_message_id=sqs_message_id,
        )
        self._count(outcome_metric("failed"))

    def flush(self) -> None:
        """Write the metrics counted since the last time; to be called once an invocation."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()

    def _count(self, name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
        self._metrics.add_metric(name=name, unit=unit, value=value)

    def _count_at_once(self, name: str, value: int = 1, **dimensions: str) -> None:
        with single_metric(
            name=name,
            unit=MetricUnit.Count,
            value=value,
            namespace=self._metrics.namespace,
            default_dimensions={"service": self._metrics.service or "", **dimensions},
        ):
            pass  # written on leaving the block
        sys.stdout.flush()
