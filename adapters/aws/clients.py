"""The clients of the functions, with explicit timeouts and retries.

botocore's defaults wait 60 s to connect and 60 s to read, up to five times: longer than
the function runs. Here a call gives up early, because behind every call stands a queue
that tries the whole message again. "standard" mode retries connection errors, throttling
and 5xx with exponential backoff and jitter, under a quota that stops it from making an
overload worse (boto3 guide, "Retries").

Retries are harmless for everything but one call: S3 writes are conditional, a notice that
comes twice is a nuisance, but a mail sent twice reaches a person. So `ses:SendEmail` is
retried within the call only where it is certain that nothing was sent: never after a read
timeout, a closed connection or a 5xx. See docs/decisions/0006-aws-errors.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .connections import share_context
from .errors import may_have_happened
from .event_bus import EventPutter
from .session import ClientSession
from .ssm import ParameterReader

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

# Seconds. A connection within AWS takes milliseconds; two seconds are a lost packet or two.
_CONNECT_TIMEOUT = 2

_S3 = Config(
    connect_timeout=_CONNECT_TIMEOUT,
    read_timeout=10,  # S3 answers, or sends the next bytes, within a second
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=16,  # files are stored eight at a time (`relay_core.delivery.storing`)
    # Presigned URLs: SigV4 under the bucket's own regional host. Left to choose, botocore
    # presigns for the global host, which redirects young buckets outside us-east-1 and so
    # breaks the signature. An endpoint that is an IP address still gets path style.
    signature_version="s3v4",
    s3={"addressing_style": "virtual"},
)
_SES = Config(
    connect_timeout=_CONNECT_TIMEOUT,
    read_timeout=30,  # SES scans up to 40 MB before it answers; giving up risks a second mail
    retries={"mode": "standard", "total_max_attempts": 4},  # rates are a second's: 1 + 2 + 4 s
    max_pool_connections=50,  # as many as the settings let a worker submit at the same time
)
_MESSAGING = Config(
    connect_timeout=_CONNECT_TIMEOUT,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
)
_PARAMETERS = Config(
    connect_timeout=_CONNECT_TIMEOUT,
    # Not worth waiting for: as a rule, an older directory is at hand.
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The services that the function speaks to."""

    s3: S3Client
    sesv2: SESV2Client
    sns: SNSClient
    sqs: SQSClient
    ssm: ParameterReader


def make_clients(session: ClientSession) -> Clients:
    """The clients of one container, for the session's region, credentials and endpoints."""
    return Clients(
        s3=_make(session, "s3", _S3),
        sesv2=make_ses_client(session),
        sns=_make(session, "sns", _MESSAGING),
        sqs=_make(session, "sqs", _MESSAGING),
        ssm=_make(session, "ssm", _PARAMETERS),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageClients:
    """The services that the download page speaks to; SES only where it sends new links."""

    s3: S3Client
    ssm: ParameterReader
    sesv2: SESV2Client | None = None


def make_page_clients(session: ClientSession, *, sends: bool = False) -> PageClients:
    """The clients of one container of the page: only those it needs, to start fast."""
    return PageClients(
        s3=_make(session, "s3", _S3),
        ssm=_make(session, "ssm", _PARAMETERS),
        sesv2=make_ses_client(session) if sends else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingClients:
    """The services that the function which posts to receivers speaks to."""

    sqs: SQSClient
    ssm: ParameterReader
    events: EventPutter


def make_posting_clients(session: ClientSession) -> PostingClients:
    """The clients of one container of that function."""
    return PostingClients(
        sqs=_make(session, "sqs", _MESSAGING),
        ssm=_make(session, "ssm", _PARAMETERS),
        events=_make(session, "events", _MESSAGING),
    )


def make_watch_client(session: ClientSession) -> SNSClient:
    """The client of the function that checks subscriptions."""
    client: SNSClient = _make(session, "sns", _MESSAGING)
    return client


_makes_single_attempts = ContextVar("makes_single_attempts", default=False)


@contextmanager
def single_attempts() -> Iterator[None]:
    """Calls that this thread makes inside the block are not retried."""
    token = _makes_single_attempts.set(True)
    try:
        yield
    finally:
        _makes_single_attempts.reset(token)


def _make(session: ClientSession, service: str, config: Config) -> Any:  # noqa: ANN401 - a client
    client = session.client(service, config=config)
    share_context(client)
    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"needs-retry.{service_id}", _veto_further_attempts)
    return client


def _veto_further_attempts(**_: object) -> bool | None:
    """See `_veto_doubtful_retry`."""
    return False if _makes_single_attempts.get() else None


def make_ses_client(session: ClientSession) -> SESV2Client:
    """A client that retries `SendEmail` only if the mail cannot have been sent."""
    client: SESV2Client = _make(session, "sesv2", _SES)
    client.meta.events.register_first(
        "needs-retry.sesv2.SendEmail",
        _veto_doubtful_retry,  # type: ignore[arg-type] # the stubs know no hook that answers
    )
    return client


def _veto_doubtful_retry(
    *, response: tuple[Any, Any] | None, caught_exception: Exception | None, **_: object
) -> bool | None:
    """False forbids a retry; None leaves the decision to botocore's own handler.

    botocore takes the first answer that is not None (`Endpoint._needs_retry`).
    """
    if response is not None:
        _, parsed = response
        if "Error" not in parsed:
            return None
        return False if may_have_happened(ClientError(parsed, "SendEmail")) else None
    certain = isinstance(caught_exception, BotoCoreError) and not may_have_happened(
        caught_exception
    )
    return None if certain else False
