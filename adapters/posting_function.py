"""The function that posts notices and alarms to receivers: `adapters.posting_function.handler`.

Each receiver has a queue, and each message of it is a notice or an alarm. One that was not taken
stays on the queue and comes again, as a mail does (`retry_delay`), or after the pause that the
receiver asked for; after the last try it is in the dead-letter queue, on which an alarm looks.

A message may be posted twice, since a queue may deliver twice, and an answer may be lost. It
carries the same id then (`relay_core.posting.document`).
"""

from __future__ import annotations

import functools
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from relay_core.delivery.retry_delay import retry_delay
from relay_core.errors import AdapterError, PermanentError, RelayError, TransientError
from relay_core.posting.announcement import Announcement, parse_announcement
from relay_core.posting.document import document, encode
from relay_core.posting.receivers import Receiver, ReceiverKind, parse_receivers
from relay_core.posting.signature import sign
from relay_core.posting.slack import slack_message
from relay_core.posting.teams import teams_message
from relay_core.resources import PostingResources

from .aws.clients import make_posting_clients
from .aws.errors import aws_call
from .aws.event_bus import EventBus
from .aws.session import ClientSession, FunctionSession
from .aws.sqs import postpone
from .aws.sqs_record import SQSRecord
from .aws.ssm import ParameterReader
from .posting.https_post import HttpsPost, TooManyPosts
from .telemetry.log_and_metrics import make_logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient

MAX_AGE = timedelta(seconds=60)
"""How old the receivers may be that are posted to: so soon a changed address counts."""

_MAX_PAUSE = timedelta(seconds=900)
_READ = "ssm:GetParameter"


@dataclass(slots=True, kw_only=True)
class SsmReceivers:
    """The receivers in the parameter of that name."""

    client: ParameterReader
    parameter_name: str
    clock: Callable[[], datetime]
    _receivers: Mapping[str, Receiver] = field(default_factory=dict, init=False)
    _read_at: datetime | None = field(default=None, init=False)

    def of_queue(self, queue_arn: str) -> Receiver:
        """The receiver whose queue this is.

        Raises:
            TransientError: if the parameter cannot be read, or names none.
            PermanentError: likewise.
        """
        now = self.clock()
        if self._read_at is None or now - self._read_at > MAX_AGE:
            with aws_call(call=_READ, target=self.parameter_name):
                answer = self.client.get_parameter(Name=self.parameter_name, WithDecryption=True)
            try:
                self._receivers = parse_receivers(str(answer["Parameter"]["Value"]))
            except ValueError as error:
                raise PermanentError(
                    call=_READ, target=self.parameter_name, detail=f"{error}; deploy again"
                ) from None
            self._read_at = now
        if queue_arn not in self._receivers:
            raise TransientError(
                call=_READ, target=self.parameter_name, detail=f"no receiver of {queue_arn}"
            )
        return self._receivers[queue_arn]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingFunction:
    """Posts what is on the queues. Calling it handles one batch and never raises for a message."""

    stack: str
    retry_delay: timedelta
    receivers: SsmReceivers
    https: HttpsPost
    bus: EventBus
    queue: SQSClient
    clock: Callable[[], datetime]
    log: Logger

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Handle a batch; the answer names the messages that are to stay on the queue."""
        records = [SQSRecord(one) for one in event["Records"]]
        failed = [one.message_id for one in records if not self._handle(one)]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}

    def _handle(self, record: SQSRecord) -> bool:
        """Post one message. Returns whether it was accepted."""
        receiver: Receiver | None = None
        with self.log.append_context_keys(
            sqs_message_id=record.message_id, receive_count=record.receive_count
        ):
            try:
                receiver = self.receivers.of_queue(record.queue_arn)
                announcement = parse_announcement(record.body, self.stack)
                self._post(receiver, announcement)
            except RelayError as error:
                self._failed(record, receiver, error)
                return False
            except Exception as error:  # noqa: BLE001 - the other messages get their turn
                self.log.error(  # noqa: TRY400 - without the error's words, which may be secret
                    "not posted, because of an error in the program",
                    receiver=receiver.name if receiver else None,
                    error=type(error).__name__,
                    cause="".join(traceback.format_tb(error.__traceback__)),
                )
                return False
            self.log.info(
                "posted",
                receiver=receiver.name,
                kind=announcement.kind.value,
                code=announcement.code,
                announcement=announcement.id,
            )
            return True

    def _post(self, receiver: Receiver, announcement: Announcement) -> None:
        match receiver.kind:
            case ReceiverKind.EVENT_BUS:
                self.bus.put(receiver.address, announcement)
            case ReceiverKind.SLACK:
                self._send(receiver, encode(slack_message(announcement)), {})
            case ReceiverKind.TEAMS:
                self._send(receiver, encode(teams_message(announcement)), {})
            case ReceiverKind.JSON:
                body = encode(document(announcement))
                headers = sign(
                    receiver.signing_key,
                    message_id=announcement.id,
                    timestamp=int(self.clock().timestamp()),
                    body=body,
                )
                self._send(receiver, body, headers)

    def _send(self, receiver: Receiver, body: bytes, headers: Mapping[str, str]) -> None:
        self.https(receiver.name, receiver.address, body, headers)

    def _failed(self, record: SQSRecord, receiver: Receiver | None, error: RelayError) -> None:
        delay = retry_delay(self.retry_delay, record.receive_count)
        if isinstance(error, TooManyPosts):
            delay = min(max(delay, error.after), _MAX_PAUSE)
        self.log.warning(
            "not posted",
            receiver=receiver.name if receiver else None,
            error=type(error).__name__,
            cause=str(error),
            again_after_seconds=delay.total_seconds(),
        )
        if receiver is None:
            return
        try:
            postpone(self.queue, receiver.queue_url, record, delay)
        except AdapterError as second:
            # The queue's own timeout holds then.
            self.log.warning("the next try could not be delayed", cause=str(second))


def compose(
    *,
    resources: PostingResources,
    session: ClientSession,
    clock: Callable[[], datetime],
    log: Logger,
) -> PostingFunction:
    """The function over AWS, as `session` reaches it. Opens no connection yet.

    Raises:
        BotoCoreError: if the session has no region.
    """
    clients = make_posting_clients(session)
    return PostingFunction(
        stack=resources.stack,
        retry_delay=resources.retry_delay,
        receivers=SsmReceivers(
            client=clients.ssm, parameter_name=resources.receivers_parameter, clock=clock
        ),
        https=HttpsPost(),
        bus=EventBus(clients.events),
        queue=clients.sqs,
        clock=clock,
        log=log,
    )


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry. An environment that is not usable raises: the messages stay on the queue."""
    return _function()(event)


@functools.cache
def _function() -> PostingFunction:
    """The container's one function. An error is not cached: the next call tries again."""
    return compose(
        resources=PostingResources.from_environment(os.environ),
        session=FunctionSession(),
        clock=lambda: datetime.now(UTC),
        log=make_logger(os.environ, None),
    )
