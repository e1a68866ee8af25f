"""Small JSON objects in S3 that several workers change, by compare-and-swap on their ETags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from relay_core.errors import Conflict, PermanentError
from relay_core.ports import Version

from .errors import aws_call, error_code

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRecords:
    """The records of one bucket."""

    client: S3Client
    bucket: str

    def read(self, key: str, parse: Callable[[bytes], _Record]) -> tuple[_Record, Version] | None:
        """The record and its version, or None if there is none."""
        with aws_call(call="s3:GetObject", target=self._target(key)):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
            document = answer["Body"].read()
        try:
            return parse(document), Version(answer["ETag"])
        except ValueError as error:
            raise PermanentError(
                call="s3:GetObject",
                target=self._target(key),
                detail=f"{error}; repair or delete the object, then redrive the message",
            ) from error

    def write(self, key: str, document: bytes, expected: Version | None) -> Version:
        """Replace the `expected` version, or create the object if that is None."""
        request: PutObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": key,
            "Body": document,
            "ContentType": "application/json",
        }
        if expected is None:
            request["IfNoneMatch"] = "*"
        else:
            request["IfMatch"] = expected
        with aws_call(call="s3:PutObject", target=self._target(key)):
            try:
                answer = self.client.put_object(**request)
            except ClientError as error:
                if error_code(error) not in _LOST_RACE:
                    raise
                raise Conflict(
                    call="s3:PutObject",
                    target=self._target(key),
                    detail=f"{error_code(error)}: the object is not at the version"
                    f" {expected or 'none'} any more; the queue tries again",
                ) from error
        return Version(answer["ETag"])

    def _target(self, key: str) -> str:
        return f"{self.bucket}/{key}"


# 412, 409, and the 404 of an `If-Match` whose object is gone
_LOST_RACE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
