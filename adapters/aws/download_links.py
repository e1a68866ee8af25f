"""Download links in AWS: the keys of their tokens, and the index from a token to its message.

Keys lie in a SecureString parameter of Systems Manager, which Pulumi creates. A token names its
message by a digest, so for each message with attachments an object `links/<digest>` holds the
message's id: one small write a message, whoever and however many get it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from relay_core.errors import AdapterError, PermanentError, TransientError
from relay_core.keys import MessageId, link_key
from relay_core.links.tokens import (
    LinkKeys,
    MessageRef,
    TokenClaim,
    issue_token,
    message_ref,
    parse_link_keys,
    read_token,
)

from .errors import Fault, aws_call, error_code
from .ssm import ParameterReader

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

_READ_KEYS = "ssm:GetParameter"

PAUSE_AFTER_FAILURE = timedelta(seconds=1)
"""How long nobody asks again for keys that could not be read."""


@dataclass(slots=True, kw_only=True)
class SsmLinkKeys:
    """The keys in the parameter of that name, cached for as long as a caller allows."""

    client: ParameterReader
    parameter_name: str
    clock: Callable[[], datetime]
    _keys: LinkKeys | None = field(default=None, init=False)
    _asked_at: datetime | None = field(default=None, init=False)
    _failure: tuple[datetime, AdapterError] | None = field(default=None, init=False)

    def keys(self, max_age: timedelta) -> LinkKeys:
        """The keys, read at most `max_age` ago.

        Raises:
            TransientError: if they cannot be read. Older ones are not put in their place: a key
                that was taken out of use is to open nothing any more.
        """
        now = self.clock()
        if self._keys is None or self._asked_at is None or now - self._asked_at > max_age:
            self._keys, self._asked_at = self._read(now), now
        return self._keys

    def _read(self, now: datetime) -> LinkKeys:
        if self._failure is not None:
            failed_at, error = self._failure
            if now - failed_at <= PAUSE_AFTER_FAILURE:
                raise TransientError(call=error.call, target=error.target, detail=error.detail)
        try:
            return self._ask()
        except AdapterError as error:
            self._failure = now, error
            # Permanent for this call, but the operator can fix the cause for all links at once.
            raise TransientError(
                call=error.call, target=error.target, detail=error.detail
            ) from error

    def _ask(self) -> LinkKeys:
        with aws_call(call=_READ_KEYS, target=self.parameter_name):
            answer = self.client.get_parameter(Name=self.parameter_name, WithDecryption=True)
        try:
            return parse_link_keys(str(answer["Parameter"]["Value"]))
        except ValueError as error:
            raise PermanentError(
                call=_READ_KEYS,
                target=self.parameter_name,
                detail=f"{error} [deploy again; {Fault.MISCONFIGURED.advice}]",
            ) from None


CHECKING_AGE = timedelta(minutes=1)
"""How old the keys may be that tokens are checked with: so long a key that is taken out of use
still counts."""

SECOND_LOOK_AGE = timedelta(seconds=10)
"""How old they have to be for a token that they did not make to have them read once more."""


def read_issued(text: str, keys: SsmLinkKeys) -> TokenClaim | None:
    """The claim in a token, or None if it is not genuine.

    A token may be younger than the keys at hand, if these were rotated just now. So for one that
    they did not make they are read again, but only if they are older than `SECOND_LOOK_AGE`:
    guessing must not cost more calls than that.

    Raises:
        TransientError: if the keys cannot be read.
    """
    claim = read_token(text, keys.keys(CHECKING_AGE))
    return claim or read_token(text, keys.keys(SECOND_LOOK_AGE))


_BASE_URL = "base-url"  # in the object's metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A message that tokens lead to, and what they were appended to; empty where none was kept."""

    message_id: MessageId
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3LinkIndex:
    """The index from a token's digest to its message."""

    client: S3Client
    bucket: str

    def point(self, message_id: MessageId, base_url: str = "") -> None:
        """Write the index entry of a message, with a retention that starts now.

        `base_url` is what they are appended to, kept for links that are issued later.

        Raises:
            TransientError: if it cannot be written now.
            PermanentError: if another message has the same digest, which happens once in 2**64.
        """
        ref = message_ref(message_id)
        key = link_key(ref)
        request: PutObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": key,
            "Body": message_id.encode(),
            "ContentType": "text/plain",
            "Metadata": {_BASE_URL: base_url},
            "IfNoneMatch": "*",
        }
        with aws_call(call="s3:PutObject", target=key):
            try:
                self.client.put_object(**request)
            except ClientError as error:
                if error_code(error) != "PreconditionFailed":
                    raise
            else:
                return
        found = self.find(ref)
        if found is not None and found.message_id != message_id:
            raise PermanentError(
                call="s3:PutObject",
                target=key,
                detail=f"it leads to {found.message_id}, not to {message_id}",
            )
        del request["IfNoneMatch"]
        with aws_call(call="s3:PutObject", target=key):
            self.client.put_object(**request)

    def find(self, ref: MessageRef) -> Pointer | None:
        """The message of a digest, or None if there is no entry, or no longer one."""
        key = link_key(ref)
        with aws_call(call="s3:GetObject", target=key):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
            return Pointer(
                message_id=MessageId(answer["Body"].read().decode()),
                base_url=answer["Metadata"].get(_BASE_URL, ""),
            )


ISSUING_AGE = timedelta(minutes=5)
"""How old the keys may be that tokens are made with: one that was just replaced still counts."""


def page_url(
    base_url: str, keys: SsmLinkKeys, message_id: MessageId, recipient: str, renewal: int
) -> str:
    """The URL of a recipient's page, the first (`renewal` 0) or one of those that follow it.

    Raises:
        TransientError: if the keys cannot be read.
    """
    token = issue_token(message_id, recipient, keys.keys(ISSUING_AGE), renewal)
    return f"{base_url.rstrip('/')}/{token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDownloadPages:
    """`DownloadPages` whose URLs are `base_url` and a token."""

    index: S3LinkIndex
    keys: SsmLinkKeys
    base_url: str

    def open(self, message_id: MessageId) -> None:
        """See `DownloadPages.open`."""
        self.index.point(message_id, self.base_url)

    def link(self, message_id: MessageId, recipient: str, renewal: int = 0) -> str:
        """See `DownloadPages.link`."""
        return page_url(self.base_url, self.keys, message_id, recipient, renewal)
