"""A deployed stack as commands use it: its stores and queues over boto3.

Importing boto3 takes longer than most commands. So only the commands that need this module import
it, when they need it.

For a sandbox, endpoint and credentials come from its ready file alone: AWS_* variables, profiles
and proxies of the caller are not used. For AWS, boto3 finds them (boto3 guide, "Credentials").
The name recorded for an operator's change is the identity of the credentials. In a sandbox all
operators have the same credentials, so it is the user name and the host name.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from adapters.aws.download_links import S3LinkIndex, SsmLinkKeys, TokenDownloadPages
from adapters.aws.s3 import S3Manifests, S3Windows, suppression_lists
from adapters.operator.account import S3Objects, S3Retention, SqsNotifications, caller_arn
from adapters.operator.dead_letters import SqsDeadLetters
from relay_core.limits.suppression import SuppressionList

from .outputs import Stack, StackUnknown
from .parallel import WORKERS

_CONFIG = Config(
    connect_timeout=10,  # seconds; the operator may be far from the region
    read_timeout=30,  # longer than SQS's long polling
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=WORKERS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackAccess:
    """A stack's stores, queues and clients. `clock` returns an aware datetime in UTC.

    `client` makes boto3's client of a service, once. `name_caller` returns the operator's name and
    may call AWS for it. `open_pages` is None where the stack has no download page.
    """

    stack: Stack
    client: Callable[[str], Any]

    incoming: S3Objects
    attachments: S3Objects
    retention: S3Retention
    manifests: S3Manifests
    suppressions: S3Windows[SuppressionList]
    notifications: SqsNotifications
    dead_letters: SqsDeadLetters
    log_group: str
    name_caller: Callable[[], str]
    open_pages: Callable[[], TokenDownloadPages] | None
    clock: Callable[[], datetime]


def open_access(stack: Stack, profile: str | None) -> StackAccess:
    """The access to a stack. Opens no connection yet.

    Raises:
        StackUnknown: if boto3 has no such profile, or the region is unknown.
    """
    config = _CONFIG
    try:
        if stack.endpoint is None:
            session = boto3.Session(profile_name=profile, region_name=stack.region)
            endpoint_url = None
        else:
            if profile is not None:
                raise StackUnknown(
                    "--profile cannot be used with a ready file, which has credentials of its own"
                )
            session = _closed_session(stack)
            endpoint_url = stack.endpoint.url
            config = config.merge(
                Config(proxies={}, use_fips_endpoint=False, use_dualstack_endpoint=False)
            )
        if session.region_name is None:
            raise StackUnknown(
                "neither the stack's outputs nor boto3's configuration name the region; set"
                " AWS_REGION"
            )
        client = _client_of(session, config, endpoint_url)
        s3, sqs = client("s3"), client("sqs")
    except (BotoCoreError, ValueError) as error:
        raise StackUnknown(f"boto3 cannot be set up: {error}") from error

    def clock() -> datetime:
        return datetime.now(UTC)

    def name_caller() -> str:
        if stack.endpoint is not None:
            return f"{_user()}@{socket.gethostname()}"
        return caller_arn(client("sts"))

    def open_pages(base_url: str, parameter_name: str) -> TokenDownloadPages:
        return TokenDownloadPages(
            index=S3LinkIndex(client=s3, bucket=stack.attachments_bucket),
            keys=SsmLinkKeys(client=client("ssm"), parameter_name=parameter_name, clock=clock),
            base_url=base_url,
        )

    return StackAccess(
        stack=stack,
        client=client,
        incoming=S3Objects(client=s3, bucket=stack.incoming_bucket),
        attachments=S3Objects(client=s3, bucket=stack.attachments_bucket),
        retention=S3Retention(client=s3, bucket=stack.attachments_bucket),
        manifests=S3Manifests(client=s3, bucket=stack.attachments_bucket),
        suppressions=suppression_lists(s3, stack.incoming_bucket),
        notifications=SqsNotifications(
            client=sqs, queue_url=stack.queue_url, incoming_bucket=stack.incoming_bucket
        ),
        dead_letters=SqsDeadLetters(
            client=sqs,
            url=stack.dead_letter_queue_url,
            queue_url=stack.queue_url,
            incoming_bucket=stack.incoming_bucket,
        ),
        log_group=stack.log_group,
        name_caller=name_caller,
        open_pages=partial(open_pages, stack.download_url, stack.link_keys_parameter)
        if stack.download_url and stack.link_keys_parameter
        else None,
        clock=clock,
    )


def _client_of(
    session: boto3.Session, config: Config, endpoint_url: str | None
) -> Callable[[str], Any]:
    clients: dict[str, Any] = {}
    # Making clients is not thread-safe (boto3 guide, "Multithreading"); their types are dynamic.
    lock, make = Lock(), cast("Any", session).client

    def client(service: str) -> Any:  # noqa: ANN401 - likewise
        with lock:
            if service not in clients:
                clients[service] = make(service, config=config, endpoint_url=endpoint_url)
            return clients[service]

    return client


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())


def _closed_session(stack: Stack) -> boto3.Session:
    """A session that reads neither files nor variables of the caller."""
    assert stack.endpoint is not None  # noqa: S101 - the caller checks it
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        botocore_session=core,
        aws_access_key_id=stack.endpoint.access_key_id,
        aws_secret_access_key=stack.endpoint.secret_access_key,
        region_name=stack.region,
    )
