"""Every resource type's life, by Pulumi's type token."""

from __future__ import annotations

from . import (
    acm,
    activation,
    apigateway,
    cloudwatch,
    eventbridge,
    function,
    guardduty,
    iam,
    kms,
    random,
    route53,
    s3,
    ses,
    sns,
    sqs,
    ssm,
)
from .lifecycle import Lifecycle

LIFECYCLES: dict[str, Lifecycle] = {
    **s3.LIFECYCLES,
    **sqs.LIFECYCLES,
    **sns.LIFECYCLES,
    **iam.LIFECYCLES,
    **ssm.LIFECYCLES,
    **cloudwatch.LIFECYCLES,
    **eventbridge.LIFECYCLES,
    **function.LIFECYCLES,
    **ses.LIFECYCLES,
    **activation.LIFECYCLES,
    **guardduty.LIFECYCLES,
    **random.LIFECYCLES,
    **kms.LIFECYCLES,
    **route53.LIFECYCLES,
    **acm.LIFECYCLES,
    **apigateway.LIFECYCLES,
}
