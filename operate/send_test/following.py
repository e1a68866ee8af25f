"""Following a mail through the relay, step by step.

The evidence of each step:

    accepted        the SMTP server's answer
    stored          an object in the incoming bucket whose header has the mail's token
    announced       its manifest: the function received the queue's message
    relayed         the manifest names the recipient: the mail is admitted, its files are stored
    submitted       the manifest has the id that SES gave the recipient's mail
    page-answers    the recipient's link opens the download page

The incoming bucket is listed repeatedly, one request for each thousand mails in it: S3 finds
objects only by key.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from adapters.aws.errors import aws_call
from operate.messages.message_status import explain_status
from relay_core.keys import INCOMING_PREFIX, MessageId, RawKey, message_id_of
from relay_core.record.manifest import DeliveryState, Manifest, ManifestState

if TYPE_CHECKING:
    from operate.stack.access import StackAccess

_PAUSE = 1.0  # seconds between two looks
_HEADER = 64 * 1024  # bytes: SES puts its own fields before those of the mail
_CLOCKS = timedelta(seconds=5)  # between our clock and S3's, which also truncates to seconds

_Found = TypeVar("_Found")


class Step(StrEnum):
    """A step on a mail's way."""

    ACCEPTED = "accepted"
    STORED = "stored"
    ANNOUNCED = "announced"
    RELAYED = "relayed"
    SUBMITTED = "submitted"
    PAGE_ANSWERS = "page-answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A step that has happened, and its evidence."""

    step: Step
    found: str


class Stopped(Exception):
    """The mail has stopped; `step` is the one that does not happen."""

    def __init__(self, step: Step, why_not: str) -> None:
        super().__init__(f"{step}: {why_not}")
        self.step = step
        self.why_not = why_not


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A mail to follow: start time, token, recipient. `limit` is for each step, in seconds.

    `with_page`: whether it has files, so that its mail has a link to the page.
    """

    access: StackAccess
    since: datetime
    token: str
    recipient: str
    limit: float
    with_page: bool
    _strangers: set[str] = field(default_factory=set, init=False)

    def steps(self) -> Iterator[Passed]:
        """The steps after the first, each as soon as it is observed.

        Raises:
            Stopped: at the first one that does not happen.
            AdapterError: if a read fails.
        """
        key = self._await(Step.STORED, self._find)
        yield Passed(step=Step.STORED, found=key)
        message_id = message_id_of(RawKey(key))
        self._await(Step.ANNOUNCED, lambda: self._manifest(message_id))
        yield Passed(step=Step.ANNOUNCED, found=f"message {message_id}")

        def until(step: Step) -> Callable[[], str | None]:
            def look() -> str | None:
                manifest = self._manifest(message_id)
                return None if manifest is None else seen(manifest, self.recipient, step)

            return look

        yield Passed(step=Step.RELAYED, found=self._await(Step.RELAYED, until(Step.RELAYED)))
        yield Passed(step=Step.SUBMITTED, found=self._await(Step.SUBMITTED, until(Step.SUBMITTED)))
        if self.with_page and self.access.open_pages is not None:
            link = self.access.open_pages().link(message_id, self.recipient)
            yield Passed(step=Step.PAGE_ANSWERS, found=_open(link, self.limit))

    def _await(self, step: Step, look: Callable[[], _Found | None]) -> _Found:
        deadline = time.monotonic() + self.limit
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() >= deadline:
                raise Stopped(step, f"not within {self.limit:g} seconds")
            time.sleep(_PAUSE)

    def _find(self) -> str | None:
        """The key of the mail in the incoming bucket. Each other mail is read only once."""
        since = self.since - _CLOCKS
        for one in self.access.incoming.beginning_with(INCOMING_PREFIX):
            if one.stored_at >= since and one.key not in self._strangers:
                if self.token.encode() in self._header(one.key):
                    return one.key
                self._strangers.add(one.key)
        return None

    def _header(self, key: str) -> bytes:
        bucket = self.access.incoming.bucket
        with aws_call(call="s3:GetObject", target=f"{bucket}/{key}"):
            answer = self.access.client("s3").get_object(
                Bucket=bucket, Key=key, Range=f"bytes=0-{_HEADER - 1}"
            )
            content: bytes = answer["Body"].read()
        return content

    def _manifest(self, message_id: MessageId) -> Manifest | None:
        stored = self.access.manifests.load(message_id)
        return stored.manifest if stored is not None else None


def seen(manifest: Manifest, recipient: str, step: Step) -> str | None:
    """The evidence in the manifest that this step has happened; None as long as it has not.

    Raises:
        Stopped: if it will never happen by itself.
    """
    if manifest.state in {ManifestState.REFUSED, ManifestState.IGNORED, ManifestState.HELD}:
        raise Stopped(Step.RELAYED, f"{manifest.state}: {explain_status(manifest)}")
    delivery = next(
        (one for one in manifest.deliveries if one.recipient.lower() == recipient.lower()), None
    )
    if delivery is None:
        if manifest.refusals:
            raise Stopped(Step.RELAYED, explain_status(manifest))
        return None
    if step is Step.RELAYED:
        return f"admitted for {delivery.recipient}"
    if delivery.state is DeliveryState.FAILED:
        raise Stopped(Step.SUBMITTED, delivery.failure or "SES refused it")
    if delivery.state is not DeliveryState.SUBMITTED:
        return None
    return f"SES accepted it as {delivery.submission_id}"


def _open(link: str, limit: float) -> str:
    """The page's answer to a request for the link. The answer does not contain the link, a secret.

    Raises:
        Stopped: if the answer is not the page.
    """
    if not link.startswith(("https://", "http://127.0.0.1")):
        raise Stopped(Step.PAGE_ANSWERS, f"the link leads to {link.partition(':')[0]}:")
    # No proxy: a sandbox is on this machine.
    opener = urllib.request.build_opener(
        *([urllib.request.ProxyHandler({})] if link.startswith("http:") else [])
    )
    host = urllib.parse.urlsplit(link).netloc
    try:
        with opener.open(link, timeout=limit) as answer:
            return f"{host} answered {answer.status}"
    except (OSError, urllib.error.URLError) as error:
        raise Stopped(Step.PAGE_ANSWERS, f"{host}: {error}") from error
