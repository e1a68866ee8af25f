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
from .life import Life

LIVES: dict[str, Life] = {
    **s3.LIVES,
    **sqs.LIVES,
    **sns.LIVES,
    **iam.LIVES,
    **ssm.LIVES,
    **cloudwatch.LIVES,
    **eventbridge.LIVES,
    **function.LIVES,
    **ses.LIVES,
    **activation.LIVES,
    **guardduty.LIVES,
    **random.LIVES,
    **kms.LIVES,
    **route53.LIVES,
    **acm.LIVES,
    **apigateway.LIVES,
}
