"""Facts of AWS that no API returns, with their source.

The relay runs in the partition `aws` only, because SES receives mail in no other.
"""

from __future__ import annotations

PARTITION = "aws"

RECEIVING_REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    }
)
"""Regions in which SES receives mail (AWS General Reference, "Amazon SES endpoints and quotas",
table "Email receiving endpoints"; AWS What's New of September 2023). AWS sometimes adds regions,
and no call lists them. So a region that is not listed causes a warning, and is tried."""

_REGIONAL_DKIM = frozenset(
    {
        "af-south-1",
        "ap-northeast-3",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-5",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "il-central-1",
        "me-central-1",
    }
)
"""Regions whose DKIM keys are not under dkim.amazonses.com (the same page, table "DKIM domains").
The API returns the zone of an identity (sesv2 GetEmailIdentity, SigningHostedZone), but the
provider does not pass it on: docs/first-run.md compares."""

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Retention periods of CloudWatch Logs in days (its API reference, PutRetentionPolicy)."""

MAX_PARAMETER = 8192
"""Bytes that an SSM parameter of the advanced tier holds (Systems Manager quotas)."""

MAX_IAM_USER_NAME_LENGTH = 64
"""Characters of a user's name (IAM guide, "IAM and AWS STS quotas")."""


def inbound_endpoint(region: str) -> str:
    """The host that an MX record names, so that SES receives a domain's mail."""
    return f"inbound-smtp.{region}.amazonaws.com"


def feedback_endpoint(region: str) -> str:
    """The host that an MX record of a MAIL FROM domain names, so that bounces reach SES.

    SES guide, "Using a custom MAIL FROM domain".
    """
    return f"feedback-smtp.{region}.amazonses.com"


def smtp_endpoint(region: str) -> str:
    """Host and port that devices submit mail to, with STARTTLS."""
    return f"email-smtp.{region}.amazonaws.com:587"


def dkim_domain(region: str) -> str:
    """The domain under which SES publishes the DKIM keys of a region's identities."""
    return f"dkim.{region}.amazonses.com" if region in _REGIONAL_DKIM else "dkim.amazonses.com"
