from __future__ import annotations

from collections import Counter

import boto3
import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st

from adapters.aws.errors import (
    FAULT_OF_CODE,
    RULES,
    Fault,
    adapter_error,
    aws_call,
    fault_of,
    may_have_happened,
)
from relay_core.errors import AdapterError, PermanentError, TransientError


def client_error(code: str, status: int, message: str = "said AWS") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "Operation",
    )


URL = "http://127.0.0.1:1"


def test_each_code_stands_in_one_rule() -> None:
    counted = Counter(code for rule in RULES for code in rule.codes)
    assert {code: count for code, count in counted.items() if count > 1} == {}


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sesv2", "SendEmail"),
        ("sns", "Publish"),
        ("s3", "GetObject"),
        ("s3", "PutObject"),
        ("ssm", "GetParameter"),
    ],
)
def test_every_error_that_aws_declares_for_our_calls_is_decided_on_purpose(
    service: str, operation: str
) -> None:
    # boto3's typed clients need a literal service name, hence the generic session
    model = boto3.Session(region_name="eu-central-1")._session.get_service_model(service)
    declared = {
        str(shape.metadata.get("error", {}).get("code") or shape.name)
        for shape in model.operation_model(operation).error_shapes
    }
    # of multipart uploads and archived objects, which the relay does not use
    foreign = {
        "InvalidObjectState",
        "InvalidWriteOffset",
        "TooManyParts",
        "EncryptionTypeMismatch",
    }
    assert set() == declared - set(FAULT_OF_CODE) - foreign


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("SlowDown", 503, TransientError),
        ("ThrottlingException", 400, TransientError),
        ("TooManyRequestsException", 429, TransientError),
        ("RequestTimeout", 400, TransientError),
        ("InternalError", 500, TransientError),
        ("ServiceUnavailable", 503, TransientError),
        ("ConditionalRequestConflict", 409, TransientError),
        ("ExpiredToken", 400, TransientError),
        ("AccessDenied", 403, TransientError),
        ("NoSuchBucket", 404, TransientError),
        ("SendingPausedException", 400, TransientError),
        ("AccountSuspendedException", 400, TransientError),
        ("MailFromDomainNotVerifiedException", 400, TransientError),
        ("LimitExceededException", 400, TransientError),
        ("NotFoundException", 404, TransientError),
        ("NoSuchKey", 404, PermanentError),
        ("MessageRejected", 400, PermanentError),
        ("BadRequestException", 400, PermanentError),
        ("InvalidParameter", 400, PermanentError),
    ],
)
def test_known_codes(code: str, status: int, error: type[AdapterError]) -> None:
    assert error is type(adapter_error(client_error(code, status), call="s3:X", target="k"))


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (500, Fault.UNAVAILABLE),
        (503, Fault.UNAVAILABLE),
        (599, Fault.UNAVAILABLE),
        (0, Fault.UNAVAILABLE),
        (429, Fault.THROTTLED),
        (301, Fault.MISCONFIGURED),
        (401, Fault.MISCONFIGURED),
        (403, Fault.MISCONFIGURED),
        (400, Fault.REJECTED),
        (404, Fault.REJECTED),
        (418, Fault.REJECTED),
    ],
)
def test_a_code_never_heard_of_is_decided_by_its_status(status: int, fault: Fault) -> None:
    assert fault is fault_of(client_error("BrandNewException", status))


@pytest.mark.parametrize("code", ["PermanentRedirect", "TemporaryRedirect"])
@pytest.mark.parametrize("status", [301, 307, 500])
def test_a_redirect_of_s3_is_a_fault_of_the_deployment(code: str, status: int) -> None:
    # S3 may answer 200 with the error in the body; botocore then gives the status 500
    error = adapter_error(client_error(code, status), call="s3:PutObject", target="k")
    assert isinstance(error, TransientError)
    assert error.detail.endswith("[fix the deployment, then redrive the dead-letter queue]")


@given(st.text(), st.integers(0, 999))
def test_every_answer_has_a_fault(code: str, status: int) -> None:
    assert isinstance(fault_of(client_error(code, status)), Fault)


@pytest.mark.parametrize(
    ("error", "fault", "may_have"),
    [
        (botocore_errors.ConnectTimeoutError(endpoint_url=URL), Fault.UNAVAILABLE, False),
        (
            botocore_errors.EndpointConnectionError(endpoint_url=URL),
            Fault.UNAVAILABLE,
            False,
        ),
        (botocore_errors.ReadTimeoutError(endpoint_url=URL), Fault.UNAVAILABLE, True),
        (botocore_errors.ConnectionClosedError(endpoint_url=URL), Fault.UNAVAILABLE, True),
        (
            botocore_errors.SSLError(endpoint_url=URL, error=OSError("broken")),
            Fault.UNAVAILABLE,
            True,
        ),
        (
            botocore_errors.IncompleteReadError(actual_bytes=1, expected_bytes=2),
            Fault.UNAVAILABLE,
            True,
        ),
        (botocore_errors.NoCredentialsError(), Fault.CREDENTIALS, False),
        (botocore_errors.NoRegionError(), Fault.MISCONFIGURED, False),
        (
            botocore_errors.ParamValidationError(report="Key: wrong"),
            Fault.REJECTED,
            False,
        ),
    ],
)
def test_errors_without_an_answer(error: BotoCoreError, fault: Fault, may_have: bool) -> None:  # noqa: FBT001 - a column of the table
    assert fault is fault_of(error)
    assert may_have is may_have_happened(error)


@pytest.mark.parametrize(("status", "may_have"), [(400, False), (429, False), (500, True)])
def test_only_a_server_error_leaves_it_open_what_happened(status: int, may_have: bool) -> None:  # noqa: FBT001 - a column of the table
    assert may_have is may_have_happened(client_error("Any", status))


def test_the_error_names_call_target_code_words_and_what_to_do() -> None:
    with (
        pytest.raises(TransientError) as caught,
        aws_call(call="s3:PutObject", target="attachments/m1/0/a"),
    ):
        raise client_error("AccessDenied", 403, "not authorized to perform: s3:PutObject")
    assert str(caught.value) == (
        "s3:PutObject on attachments/m1/0/a: AccessDenied (403): not authorized to perform:"
        " s3:PutObject [fix the deployment, then redrive the dead-letter queue]"
    )


def test_what_is_no_error_of_aws_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), aws_call(call="s3:X", target="k"):
        raise ZeroDivisionError


def test_an_error_of_ours_passes_through_unchanged() -> None:
    ours = PermanentError(call="s3:X", target="k", detail="d")
    with pytest.raises(PermanentError) as caught, aws_call(call="s3:Y", target="l"):
        raise ours
    assert ours is caught.value
