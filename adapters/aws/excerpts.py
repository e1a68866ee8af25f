"""The first bytes of a stored file, by one ranged read (RFC 9110 section 14.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from relay_core.keys import AttachmentKey
from relay_core.links.excerpt import EXCERPT_BYTES

from .errors import aws_call, error_code

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_s3 import S3Client

_NOTHING = frozenset({"NoSuchKey", "InvalidRange"})  # gone, or empty


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Excerpts:
    """How stored files begin."""

    client: S3Client
    bucket: str

    def fetch(self, key: AttachmentKey) -> bytes | None:
        """The first `EXCERPT_BYTES` of a file, or all of it; None if there is nothing."""
        with aws_call(call="s3:GetObject", target=key):
            try:
                answer = self.client.get_object(
                    Bucket=self.bucket, Key=key, Range=f"bytes=0-{EXCERPT_BYTES - 1}"
                )
            except ClientError as error:
                if error_code(error) not in _NOTHING:
                    raise
                return None
            with answer["Body"] as body:
                return body.read(EXCERPT_BYTES)
