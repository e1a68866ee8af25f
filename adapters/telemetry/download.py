"""Log and metrics of the download page: a line for each request, and counted pages.

`PagesShown` counts every page by `status`: one of `LinkStatus`, the name of a `Notice`
(`renewable` where a new link is offered, `new-link-sent` once it is sent), or `look` for the page
of one file.
`DownloadsStarted` counts what was asked for with a button, one file or all of them, and
`ArchivesMade` the archives that were not there yet.

No line holds a token: whoever reads it could open the link. Nor does one hold a recipient's
address; the records of downloads do (`downloads`), which end with the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from relay_core.errors import AdapterError
from relay_core.keys import MessageId

from .log_and_metrics import make_logger, make_metrics, metrics_namespace, service_name


class PageTelemetry:
    """The log and the metrics of one container.

    See `log_and_metrics` for what `environment` may hold, and for `stream`.
    """

    def __init__(self, environment: Mapping[str, str], *, stream: TextIO | None = None) -> None:
        self._namespace = metrics_namespace(environment)
        self._service = service_name(environment)
        self._logger = make_logger(environment, stream)
        self._metrics = make_metrics(environment)

    def shown(self, status: str, message_id: MessageId | None = None) -> None:
        """A page was answered with; `message_id` where the link led to a message."""
        if message_id is None:
            # Whoever guesses is not to fill the log.
            self._logger.debug("page shown", status=status)
        else:
            self._logger.info("page shown", status=status, correlation_id=message_id)
        with single_metric(
            name="PagesShown",
            unit=MetricUnit.Count,
            value=1,
            namespace=self._namespace,
            default_dimensions={"service": self._service, "status": status},
        ):
            pass  # written on leaving the block

    def started(self, message_id: MessageId, file: int | None) -> None:
        """Somebody is sent to a file, or, if that is None, to the archive of all."""
        self._logger.info(
            "download started",
            correlation_id=message_id,
            file="all" if file is None else file,
        )
        self._metrics.add_metric(name="DownloadsStarted", unit=MetricUnit.Count, value=1)

    def archive_made(self, message_id: MessageId, files: int, size: int) -> None:
        """An archive was not there yet; `size` is that of its files, in bytes."""
        self._logger.info("archive made", correlation_id=message_id, files=files, bytes=size)
        self._metrics.add_metric(name="ArchivesMade", unit=MetricUnit.Count, value=1)

    def not_recorded(self, message_id: MessageId, error: AdapterError) -> None:
        """A download goes on that could not be recorded."""
        self._logger.error(
            "a download could not be recorded",
            correlation_id=message_id,
            error=type(error).__name__,
            cause=str(error),
        )

    def failed(self, error: Exception) -> None:
        """Somebody got an error instead of a page.

        The line carries the traceback, unless the error is one of ours that tells by itself
        what to do.
        """
        self._logger.error(
            "a request failed",
            error=type(error).__name__,
            reason=str(error),
            exc_info=None if isinstance(error, AdapterError) else error,
        )

    def unusable(self, problem: str) -> None:
        """The function cannot work as deployed."""
        self._logger.error("the function is not usable as deployed", reason=problem)

    def flush(self) -> None:
        """Write the metrics counted since the last time; to be called once an invocation."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()
