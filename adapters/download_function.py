"""The Lambda function of the download page: its composition, and the handler that Lambda calls.

What it answers is in `download.answering`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, NoCredentialsError

from relay_core.environment import InvalidSettings
from relay_core.keys import ATTACHMENTS_PREFIX, AttachmentKey
from relay_core.resources import PageResources

from .aws.clients import make_page_clients
from .aws.download_links import S3LinkIndex, SsmLinkKeys
from .aws.downloads import (
    S3Archives,
    S3Downloads,
    S3Previews,
    ScannedFiles,
    UnscannedFiles,
)
from .aws.s3 import S3AttachmentLinks, S3Manifests
from .download.answering import DownloadFunction
from .download.http import format_answer, parse_request
from .download.notices import Notice, notice_page
from .telemetry.download import PageTelemetry

if TYPE_CHECKING:  # read by nothing at run time, and slow to import
    from aws_lambda_powertools.utilities.typing import LambdaContext


def compose(
    *,
    resources: PageResources,
    session: boto3.Session,
    clock: Callable[[], datetime],
    telemetry: PageTelemetry,
) -> DownloadFunction:
    """The function over AWS, as `session` reaches it. Opens no connection yet.

    Raises:
        BotoCoreError: if the session has no region or no credentials.
    """
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    clients = make_page_clients(session)
    s3, bucket = clients.s3, resources.attachments_bucket
    links = S3AttachmentLinks(client=s3, bucket=bucket, credentials=credentials, clock=clock)
    scans = ScannedFiles if resources.malware_protection else UnscannedFiles
    return DownloadFunction(
        keys=SsmLinkKeys(
            client=clients.ssm, parameter_name=resources.link_keys_parameter, clock=clock
        ),
        index=S3LinkIndex(client=s3, bucket=bucket),
        manifests=S3Manifests(client=s3, bucket=bucket),
        scans=scans(client=s3, bucket=bucket),
        links=links,
        previews=S3Previews(client=s3, bucket=bucket),
        archives=S3Archives(client=s3, bucket=bucket),
        downloads=S3Downloads(client=s3, bucket=bucket),
        origin=store_origin(links),
        clock=clock,
        telemetry=telemetry,
    )


def store_origin(links: S3AttachmentLinks) -> str:
    """Scheme and host of the URLs that files are fetched from; signing one makes no call."""
    link = links.issue(
        AttachmentKey(ATTACHMENTS_PREFIX),
        filename="",
        content_type="",
        lifetime=timedelta(0),
    )
    url = urlsplit(link.url)
    return f"{url.scheme}://{url.netloc}"


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry: `adapters.download_function.handler`.

    If the environment is not usable, the log names each variable that is wrong, and whoever asks
    is told to come again.
    """
    try:
        function = _function()
    except InvalidSettings as error:
        return _unusable(event, "; ".join(f"{p.field}: {p.rule}" for p in error.problems))
    except BotoCoreError as error:
        return _unusable(event, f"{type(error).__name__}: {error}")
    return function(event)


@functools.cache
def _function() -> DownloadFunction:
    """The container's one function. An error is not cached: the next call tries again."""
    return compose(
        resources=PageResources.from_environment(os.environ),
        session=boto3.Session(),
        clock=lambda: datetime.now(UTC),
        telemetry=_telemetry(),
    )


@functools.cache
def _telemetry() -> PageTelemetry:
    return PageTelemetry(os.environ)


def _unusable(event: dict[str, Any], problem: str) -> dict[str, Any]:
    _telemetry().unusable(problem)
    return format_answer(notice_page(Notice.UNAVAILABLE), parse_request(event))
