"""The mapping of AWS's errors to the relay's own.

An error is classified by who can fix its cause, and whether the mail is safe until then. A
`TransientError` sends the mail back to the queue and, after the last try, to the dead-letter
queue, from where an operator redrives it. A `PermanentError` ends the mail (or one recipient of
it) with a notice. So the rule of this table:

* An error whose cause is outside the mail is transient, even if waiting alone does not fix it: a
  wrong policy, a paused account, an unverified sender. Such a fault affects every mail; the
  operator fixes the cause once, and a redrive then delivers them all. If it were permanent, each
  mail would be given up for a fault that is not its own.
* An error that AWS would return again for the same call is permanent.

Codes are those of the services' error references and of botocore's service models (S3
"Error responses", SES API v2 "SendEmail", SNS "Publish", SQS and KMS "Common errors"). A
code that is in no rule is classified by its HTTP status: 429 and 5xx say nothing about the request
(RFC 9110 section 15.6, RFC 6585 section 4); 401 and 403 are about the caller, which is
configuration; 3xx says that the resource is elsewhere, which is configuration too; any other 4xx
rejects the request, so a retry would fail again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError

from relay_core.errors import AdapterError, PermanentError, TransientError


class Fault(Enum):
    """Why a call failed: the error that it becomes, and the remedy."""

    THROTTLED = (TransientError, "AWS throttles the call; the queue retries")
    UNAVAILABLE = (TransientError, "AWS or the network failed; the queue retries")
    CONTENDED = (TransientError, "another write was under way; the queue retries")
    CREDENTIALS = (
        TransientError,
        "the credentials were not accepted; a new container gets new ones",
    )
    STOPPED = (
        TransientError,
        "the account may not send; the relay sends the mail once it may send again",
    )
    MISCONFIGURED = (TransientError, "fix the deployment, then redrive the dead-letter queue")
    REJECTED = (PermanentError, "the same call will never be accepted")

    def __init__(self, error: type[AdapterError], advice: str) -> None:
        self.error = error
        self.advice = advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Error codes that share a fault, and why."""

    fault: Fault
    codes: tuple[str, ...]
    reason: str


RULES: tuple[Rule, ...] = (
    Rule(
        fault=Fault.THROTTLED,
        codes=(
            "BandwidthLimitExceeded",
            "KMSThrottling",
            "LimitExceededException",
            "OverLimit",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "Throttled",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequests",
            "TooManyRequestsException",
        ),
        reason="a rate or a daily quota is used up for now",
    ),
    Rule(
        fault=Fault.UNAVAILABLE,
        codes=(
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "InternalServerException",
            "RequestTimeout",
            "RequestTimeoutException",
            "ServiceFailure",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ),
        reason="the service failed, not the call; RequestTimeout is a 400 that says we were slow",
    ),
    Rule(
        fault=Fault.CONTENDED,
        codes=("ConditionalRequestConflict", "OperationAborted", "PriorRequestNotComplete"),
        reason="S3 asks for a retry of a write that met another write (409)",
    ),
    Rule(
        fault=Fault.CREDENTIALS,
        codes=(
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSecurity",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
            "UnrecognizedClientException",
        ),
        reason="a role's credentials end with its session; the next container gets fresh ones",
    ),
    Rule(
        fault=Fault.MISCONFIGURED,
        codes=(
            "AccessDenied",
            "AccessDeniedException",
            "AllAccessDisabled",
            "AuthorizationError",
            "KMSAccessDenied",
            "NotAuthorized",
            "NotSignedUp",
            "OptInRequired",
            "KMSOptInRequired",
            "UnauthorizedOperation",
        ),
        reason="a missing permission stops every mail, and no mail should be given up for it",
    ),
    Rule(
        fault=Fault.MISCONFIGURED,
        codes=(
            "AWS.SimpleQueueService.NonExistentQueue",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
            "InvalidBucketName",
            "InvalidKeyId",
            "KMS.DisabledException",
            "KMS.KMSInvalidStateException",
            "KMS.NotFoundException",
            "KMSDisabled",
            "KMSInvalidState",
            "KMSNotFound",
            "NoSuchBucket",
            "NotFound",
            "NotFoundException",
            "ParameterNotFound",
            "ParameterVersionNotFound",
            "PermanentRedirect",
            "QueueDoesNotExist",
            "TemporaryRedirect",
        ),
        reason="a bucket, topic, queue, key, parameter or configuration set is not where the"
        " settings say",
    ),
    Rule(
        fault=Fault.MISCONFIGURED,
        codes=(
            "AccountSuspendedException",
            "ConfigurationSetDoesNotExist",
            "ConfigurationSetDoesNotExistException",
            "MailFromDomainNotVerifiedException",
            "SendingPausedException",
        ),
        reason="SES sends nothing for this account, domain or configuration set until it is fixed",
    ),
    Rule(
        fault=Fault.REJECTED,
        codes=(
            "BadRequestException",
            "EndpointDisabled",
            "EntityTooLarge",
            "InvalidArgument",
            "InvalidParameter",
            "InvalidParameterValue",
            "InvalidRequest",
            "InvalidTag",
            "KeyTooLongError",
            "MessageRejected",
            "MetadataTooLarge",
            "NoSuchKey",
            "ParameterValueInvalid",
            "PlatformApplicationDisabled",
            "PreconditionFailed",
            "ValidationError",
            "ValidationException",
        ),
        reason="AWS read the call and refuses its content; it would refuse it again",
    ),
)

FAULT_OF_CODE: dict[str, Fault] = {code: rule.fault for rule in RULES for code in rule.codes}

# What botocore raises without an answer of AWS; the first class that fits decides.
_FAULT_OF_EXCEPTION: tuple[tuple[tuple[type[Exception], ...], Fault], ...] = (
    # botocore validates a call against the service model before it is sent
    ((botocore_errors.ParamValidationError,), Fault.REJECTED),
    (
        (
            botocore_errors.NoCredentialsError,
            botocore_errors.PartialCredentialsError,
            botocore_errors.CredentialRetrievalError,
            botocore_errors.MetadataRetrievalError,
            botocore_errors.TokenRetrievalError,
        ),
        Fault.CREDENTIALS,
    ),
    # connection refused, reset, timed out, TLS broken, or an answer that stopped half-way
    (
        (
            botocore_errors.ConnectionError,
            botocore_errors.HTTPClientError,
            botocore_errors.IncompleteReadError,
            botocore_errors.ChecksumError,
            botocore_errors.FlexibleChecksumError,
        ),
        Fault.UNAVAILABLE,
    ),
    # no region, no endpoint, an invalid bucket ARN …: botocore was given what it cannot use
    ((BotoCoreError,), Fault.MISCONFIGURED),
)

# The failures of connecting: no byte of the request was written.
_NEVER_CONNECTED = (
    botocore_errors.EndpointConnectionError,
    botocore_errors.ConnectTimeoutError,
    botocore_errors.ProxyConnectionError,
)


def error_code(error: ClientError) -> str:
    """AWS's error code, such as `NoSuchKey`; empty if the answer named none."""
    details: dict[str, Any] = dict(error.response.get("Error", {}))
    return str(details.get("Code", ""))


def http_status(error: ClientError) -> int:
    """The HTTP status of AWS's answer; 0 if unknown."""
    metadata: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
    return int(metadata.get("HTTPStatusCode", 0))


def fault_of(error: ClientError | BotoCoreError) -> Fault:
    """Why the call failed, by AWS's code, else by HTTP status, else by botocore's class."""
    if isinstance(error, ClientError):
        known = FAULT_OF_CODE.get(error_code(error))
        return known if known is not None else _fault_of_status(http_status(error))
    return next(
        fault for classes, fault in _FAULT_OF_EXCEPTION if isinstance(error, classes)
    )  # the last row takes every BotoCoreError


def _fault_of_status(status: int) -> Fault:
    if status == 429:
        return Fault.THROTTLED
    if status in {401, 403} or 300 <= status < 400:
        return Fault.MISCONFIGURED
    if 400 <= status < 500:
        return Fault.REJECTED
    return Fault.UNAVAILABLE


def may_have_happened(error: ClientError | BotoCoreError) -> bool:
    """Whether the call may have taken effect in spite of its error.

    False where AWS answered with a 3xx or 4xx, where no connection was made, and where
    botocore refused the call itself. True where the answer was lost (read timeout,
    connection closed) or was a 5xx, which a service may give after it has acted.
    """
    if isinstance(error, ClientError):
        return not 300 <= http_status(error) < 500
    return fault_of(error) is Fault.UNAVAILABLE and not isinstance(error, _NEVER_CONNECTED)


def adapter_error(
    error: ClientError | BotoCoreError, *, call: str, target: str, fault: Fault | None = None
) -> AdapterError:
    """The relay's error for AWS's: `call` is what was asked (`s3:PutObject`), of `target`.

    `fault` overrules the table where an adapter knows better than the code alone tells.
    """
    fault = fault or fault_of(error)
    if isinstance(error, ClientError):
        said = error.response.get("Error", {}).get("Message") or "no message"
        detail = f"{error_code(error) or 'error'} ({http_status(error)}): {said}"
    else:
        detail = f"{type(error).__name__}: {error}"
    return fault.error(call=call, target=target, detail=f"{detail} [{fault.advice}]")


@contextmanager
def aws_call(*, call: str, target: str) -> Iterator[None]:
    """Let AWS's and botocore's errors leave the block as the relay's own.

    Raises:
        TransientError: if the same call may succeed later.
        PermanentError: if it cannot.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise adapter_error(error, call=call, target=target) from error
