"""The creator of each resource type, by Pulumi's type token."""

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
from .declared import Creator

CREATORS: dict[str, Creator] = {
    **s3.CREATORS,
    **sqs.CREATORS,
    **sns.CREATORS,
    **iam.CREATORS,
    **ssm.CREATORS,
    **cloudwatch.CREATORS,
    **eventbridge.CREATORS,
    **function.CREATORS,
    **ses.CREATORS,
    **activation.CREATORS,
    **guardduty.CREATORS,
    **random.CREATORS,
    **kms.CREATORS,
    **route53.CREATORS,
    **acm.CREATORS,
    **apigateway.CREATORS,
}
