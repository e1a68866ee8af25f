"""The Lambda function of the relay: its composition, and the handler that Lambda calls.

`handler` is a thin shell: it has one `RelayFunction` a container, which is made as Lambda imports
this module, while the processor is not throttled. A wrong environment is an error with a name in
the log at the first invocation, and not a crash at import. Everything else can be had by calling
`compose` with a session and a clock.

If the function's environment is not usable, it raises: an alarm fires at once, and Lambda slows
its polling of the queue. It does not raise for a mail that fails (`relaying.batch`).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, NoCredentialsError

from relay_core.delivery.storing import FILES_AT_ONCE
from relay_core.environment import InvalidSettings
from relay_core.errors import RelayError
from relay_core.ports import BudgetReserve, Ports
from relay_core.resources import Resources
from relay_core.settings import Settings
from relay_core.throttling.address_watching import AddressWatch
from relay_core.throttling.notice_counting import CountedNotices
from relay_core.throttling.suppressing import SuppressingSubmission

from .aws.clients import Clients, make_clients
from .aws.download_links import S3LinkIndex, SsmLinkKeys, TokenDownloadPages
from .aws.s3 import (
    S3AttachmentLinks,
    S3AttachmentStore,
    S3IncomingMessages,
    S3Manifests,
    address_records,
    budget_windows,
    notice_windows,
    sender_windows,
    suppression_lists,
)
from .aws.ses import SesSubmission
from .aws.session import ClientSession, FunctionSession
from .aws.sns import SnsNotices
from .aws.sqs import SqsReminders
from .aws.ssm import SsmDirectories
from .imaging import PillowPreviews
from .init_phase import read_at_init
from .relaying.batch import BatchAnswer, RelayFunction, ScanWatch
from .telemetry.relay import Telemetry

if TYPE_CHECKING:  # read by nothing at run time, and slow to import
    from aws_lambda_powertools.utilities.typing import LambdaContext


class UnusableEnvironment(RelayError):
    """The function cannot work as deployed; the message names each variable that is wrong."""


def compose(
    *,
    settings: Settings,
    resources: Resources,
    session: ClientSession,
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
    # Those of a mail's files, then those of its recipients.
    threads = ThreadPoolExecutor(max(FILES_AT_ONCE, settings.submission_concurrency))
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
        place=settings.place_of_notices,
        limit=settings.notice_limit,
        length=settings.notice_window,
        clock=clock,
    )
    submission = SuppressingSubmission(
        submission=SesSubmission(
            client=clients.sesv2,
            threads=threads,
            configuration_set_name=settings.configuration_set_name,
        ),
        lists=suppressions,
        max_age=settings.directory_refresh,
        clock=clock,
        on_error=telemetry.suppressions_not_read,
    )
    return RelayFunction(
        settings=settings,
        incoming_bucket=resources.incoming_bucket,
        ports=Ports(
            previews=PillowPreviews() if settings.inline_preview else None,
            incoming=S3IncomingMessages(client=clients.s3, bucket=resources.incoming_bucket),
            attachments=S3AttachmentStore(client=clients.s3, bucket=bucket, threads=threads),
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
            submission=submission,
            notices=notices,
            directories=SsmDirectories(
                client=clients.ssm,
                parameter_name=resources.directory_parameter,
                max_age=settings.directory_refresh,
                clock=clock,
                on_error=telemetry.directory_not_refreshed,
                on_problem=telemetry.directory_problem,
            ),
            windows=sender_windows(clients.s3, bucket),
            budgets=budget_windows(clients.s3, bucket),
            budget_reserve=BudgetReserve(),
            clock=clock,
        ),
        notices=notices,
        suppressions=suppressions,
        read_suppressions=submission.refresh,
        addresses=AddressWatch(
            windows=address_records(clients.s3, resources.incoming_bucket),
            notices=notices,
            closed_labels=settings.closed_labels,
            stack=settings.stack,
            place=settings.place_of_notices,
            clock=clock,
            on_error=telemetry.address_not_noted,
        ),
        queue=clients.sqs,
        queue_url=resources.queue_url,
        telemetry=telemetry,
        scans=_scan_watch(clients, bucket, reminders) if resources.malware_protection else None,
    )


def _scan_watch(clients: Clients, bucket: str, reminders: SqsReminders) -> ScanWatch:
    from .aws.downloads import ScannedFiles  # noqa: PLC0415 - most stacks do not need it

    return ScanWatch(results=ScannedFiles(client=clients.s3, bucket=bucket), reminders=reminders)


def handler(event: dict[str, Any], context: LambdaContext) -> BatchAnswer:
    """Handle an event of Lambda's: a batch of the queue.

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


def prepare() -> None:
    """Make the container's function, and have it read what its first mail needs, by one attempt.

    If that fails or takes too long, the first invocation tries again, and names what is wrong.
    """
    with suppress(InvalidSettings, BotoCoreError):
        read_at_init(_function().refresh)


@functools.cache
def _function() -> RelayFunction:
    """The container's one function. An error is not cached: the next call tries again."""
    return compose(
        settings=Settings.from_environment(os.environ),
        resources=Resources.from_environment(os.environ),
        session=FunctionSession(),
        clock=lambda: datetime.now(UTC),
        telemetry=_telemetry(),
    )


@functools.cache
def _telemetry() -> Telemetry:
    return Telemetry(os.environ)


# Lambda's init phase, in which the processor is not throttled (AWS Lambda guide, "Understanding
# the Lambda execution environment lifecycle"). Elsewhere an import has no effect.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    prepare()
