"""The Lambda function of the download page: its composition, and the handler that Lambda calls.

What it answers is in `download.answering`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, NoCredentialsError

from relay_core.environment import InvalidSettings
from relay_core.errors import AdapterError
from relay_core.keys import ATTACHMENTS_PREFIX, AttachmentKey
from relay_core.links.renewal import RenewalPolicy
from relay_core.resources import PageResources
from relay_core.wording.appearance import Appearance, appearance_problems

from .aws.clients import make_page_clients
from .aws.download_links import CHECKING_AGE, S3LinkIndex, SsmLinkKeys
from .aws.downloads import (
    S3Archives,
    S3Downloads,
    S3Previews,
    ScannedFiles,
    UnscannedFiles,
)
from .aws.excerpts import S3Excerpts
from .aws.s3 import S3AttachmentLinks, S3Manifests
from .aws.ses import SesSubmission
from .aws.session import ClientSession, FunctionSession
from .download.answering import DownloadFunction
from .download.frame import frame_for
from .download.http import format_answer, parse_request
from .download.renewing import Renewals
from .download.status_pages import StatusPage, status_page
from .init_phase import read_at_init
from .telemetry.download import PageTelemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sesv2 import SESV2Client


def compose(
    *,
    resources: PageResources,
    session: ClientSession,
    clock: Callable[[], datetime],
    telemetry: PageTelemetry,
    appearance: Appearance | None = None,
) -> DownloadFunction:
    """The function over AWS, as `session` reaches it. Opens no connection yet.

    Raises:
        BotoCoreError: if the session has no region or no credentials.
    """
    shown = appearance or Appearance()
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    clients = make_page_clients(session, sends=resources.link_renewal)
    s3, bucket = clients.s3, resources.attachments_bucket
    links = S3AttachmentLinks(client=s3, bucket=bucket, credentials=credentials, clock=clock)
    scans = ScannedFiles if resources.malware_protection else UnscannedFiles
    keys = SsmLinkKeys(
        client=clients.ssm, parameter_name=resources.link_keys_parameter, clock=clock
    )
    manifests = S3Manifests(client=s3, bucket=bucket)
    return DownloadFunction(
        keys=keys,
        index=S3LinkIndex(client=s3, bucket=bucket),
        manifests=manifests,
        scans=scans(client=s3, bucket=bucket),
        links=links,
        previews=S3Previews(client=s3, bucket=bucket),
        excerpts=S3Excerpts(client=s3, bucket=bucket),
        archives=S3Archives(client=s3, bucket=bucket),
        downloads=S3Downloads(client=s3, bucket=bucket),
        renewals=_renewals(resources, clients.sesv2, keys, manifests, clock, appearance=shown),
        origin=store_origin(links),
        clock=clock,
        telemetry=telemetry,
        appearance=shown,
    )


def _renewals(
    resources: PageResources,
    sesv2: SESV2Client | None,
    keys: SsmLinkKeys,
    manifests: S3Manifests,
    clock: Callable[[], datetime],
    *,
    appearance: Appearance,
) -> Renewals | None:
    if sesv2 is None:
        return None
    return Renewals(
        policy=RenewalPolicy(
            link_expiry=resources.link_expiry, attachment_retention=resources.attachment_retention
        ),
        keys=keys,
        manifests=manifests,
        submission=SesSubmission(
            client=sesv2,
            threads=ThreadPoolExecutor(1),  # one mail at a time goes from here
            configuration_set_name=resources.configuration_set_name,
        ),
        sender_address=resources.sender_address,
        stack=resources.stack,
        download_url=resources.download_url,
        clock=clock,
        appearance=appearance,
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
    """Handle an event of Lambda's: a request to the URL.

    If the environment is not usable, the log names each variable that is wrong, and the page
    asks the visitor to try again later.
    """
    try:
        function = _function()
    except InvalidSettings as error:
        return _unusable(event, "; ".join(f"{p.field}: {p.rule}" for p in error.problems))
    except BotoCoreError as error:
        return _unusable(event, f"{type(error).__name__}: {error}")
    return function(event)


def prepare() -> None:
    """Make the container's function, and have it read its keys, by one attempt.

    If that fails or takes too long, the first invocation tries again, and names what is wrong.
    """
    with suppress(InvalidSettings, BotoCoreError):
        read_at_init(partial(_read_keys, _function().keys))


def _read_keys(keys: SsmLinkKeys) -> None:
    with suppress(AdapterError):
        keys.keys(CHECKING_AGE)


@functools.cache
def _function() -> DownloadFunction:
    """The container's one function. An error is not cached: the next call tries again."""
    return compose(
        resources=PageResources.from_environment(os.environ),
        session=FunctionSession(),
        clock=lambda: datetime.now(UTC),
        telemetry=_telemetry(),
        appearance=_appearance(),
    )


def _appearance() -> Appearance:
    """How the page appears, checked as a whole before anybody is answered.

    Raises:
        InvalidSettings: naming what is wrong of it.
    """
    appearance = Appearance.from_environment(os.environ)
    if problems := tuple(appearance_problems(appearance)):
        raise InvalidSettings(problems)
    return appearance


@functools.cache
def _telemetry() -> PageTelemetry:
    return PageTelemetry(os.environ)


def _unusable(event: dict[str, Any], problem: str) -> dict[str, Any]:
    _telemetry().unusable(problem)
    request = parse_request(event)
    # The operator's own appearance may be what is wrong.
    frame = frame_for(request, Appearance())
    return format_answer(status_page(StatusPage.UNAVAILABLE, frame), request)


# Lambda's init phase, in which the processor is not throttled (AWS Lambda guide, "Understanding
# the Lambda execution environment lifecycle"). Elsewhere an import has no effect.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    prepare()
