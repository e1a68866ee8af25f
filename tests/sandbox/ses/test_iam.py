from __future__ import annotations

from typing import Any

import pytest

from sandbox.ses.iam import Request, is_allowed

ARN = "arn:aws:ses:eu-central-1:000000000000:identity/example.com"
SEND = Request(
    action="ses:SendRawEmail",
    resource=ARN,
    context={
        "ses:FromAddress": ("relay@example.com",),
        "ses:Recipients": ("a@example.org", "b@example.net"),
    },
)


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "ses:SendRawEmail", "Resource": ARN, **elements}


def allowed(*statements: dict[str, Any]) -> bool:
    return is_allowed(SEND, [{"Version": "2012-10-17", "Statement": list(statements)}])


def test_nothing_is_allowed_unless_something_allows_it() -> None:
    assert not is_allowed(SEND, [])
    assert not allowed()
    assert allowed(statement())


@pytest.mark.parametrize(
    "elements",
    [
        {"Action": ["ses:SendEmail"]},
        {"Action": "s3:*"},
        {"Resource": "arn:aws:ses:eu-central-1:000000000000:identity/other.test"},
        {"Resource": ARN.upper()},
        {"Condition": {"StringEquals": {"ses:FromAddress": "other@example.com"}}},
        {"Condition": {"StringEquals": {"ses:FromAddress": "RELAY@example.com"}}},
        {"Condition": {"StringLike": {"ses:FromAddress": "*@example.org"}}},
        {"Condition": {"StringEquals": {"ses:FeedbackAddress": "a@example.com"}}},
        {"Condition": {"ForAllValues:StringLike": {"ses:Recipients": "*@example.org"}}},
        {"Condition": {"Null": {"ses:FromAddress": "true"}}},
        {"Condition": {"NobodyKnows": {"ses:FromAddress": "relay@example.com"}}},
    ],
)
def test_what_does_not_fit_does_not_allow(elements: dict[str, Any]) -> None:
    assert not allowed(statement(**elements))


@pytest.mark.parametrize(
    "elements",
    [
        {"Action": ["s3:GetObject", "SES:sendraw*"]},
        {"Resource": ["*"]},
        {"Resource": "arn:aws:ses:*:*:identity/example.???"},
        {"Condition": {"StringEquals": {"SES:fromaddress": ["x@y.z", "relay@example.com"]}}},
        {"Condition": {"StringEqualsIgnoreCase": {"ses:FromAddress": "RELAY@example.com"}}},
        {"Condition": {"StringNotEquals": {"ses:FromAddress": "other@example.com"}}},
        {"Condition": {"StringEqualsIfExists": {"ses:FeedbackAddress": "a@example.com"}}},
        {"Condition": {"ForAnyValue:StringLike": {"ses:Recipients": "*@example.org"}}},
        {"Condition": {"ForAllValues:StringLike": {"ses:Recipients": ["*@example.*"]}}},
        {"Condition": {"Null": {"ses:FromAddress": False}}},
    ],
)
def test_what_fits_allows(elements: dict[str, Any]) -> None:
    assert allowed(statement(**elements))


def test_a_deny_wins_wherever_it_stands() -> None:
    assert not allowed(statement(), statement("Deny", Action="*", Resource="*"))
    assert not allowed(statement("Deny", Action="*", Resource="*"), statement())
    unreadable = {"NobodyKnows": {"ses:FromAddress": "x"}}
    assert not allowed(statement(), statement("Deny", Condition=unreadable))
    elsewhere = {"StringEquals": {"ses:FromAddress": "other@example.com"}}
    assert allowed(statement(), statement("Deny", Condition=elsewhere))


def test_not_action_and_not_resource() -> None:
    assert not allowed({"Effect": "Allow", "NotAction": "ses:*", "Resource": "*"})
    assert allowed({"Effect": "Allow", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::*"})
