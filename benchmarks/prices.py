"""AWS's list prices on one day, without free tiers and volume discounts.

They are not measured, and AWS changes them: check them before you depend on a sum. The sources are
the services' pricing pages (https://aws.amazon.com/ses/pricing/ and similar ones).
"""

from __future__ import annotations

from dataclasses import dataclass

AS_OF = "2026-03"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """`usd` for each `per` of what `name` says; `page` is the service's pricing page."""

    name: str
    usd: float
    per: float
    page: str

    @property
    def usd_each(self) -> float:
        """The price of one."""
        return self.usd / self.per


_THOUSAND, _MILLION = 1e3, 1e6

SES_INCOMING = Price(name="SES incoming mails", usd=0.10, per=_THOUSAND, page="ses")
SES_CHUNK = Price(name="SES incoming chunks", usd=0.09, per=_THOUSAND, page="ses")
"""Of 256 KB; only whole ones count."""
SES_OUTGOING = Price(name="SES outgoing mails", usd=0.10, per=_THOUSAND, page="ses")
SES_DATA = Price(name="SES outgoing GB", usd=0.12, per=1, page="ses")
S3_PUT = Price(name="S3 PUT requests", usd=0.005, per=_THOUSAND, page="s3")
S3_GET = Price(name="S3 GET requests", usd=0.0004, per=_THOUSAND, page="s3")
S3_MONTH = Price(name="S3 GB-months", usd=0.023, per=1, page="s3")
SQS_REQUEST = Price(name="SQS requests", usd=0.40, per=_MILLION, page="sqs")
SNS_PUBLISH = Price(name="SNS requests", usd=0.50, per=_MILLION, page="sns")
SNS_EMAIL = Price(name="SNS e-mails", usd=2.00, per=100 * _THOUSAND, page="sns")
LAMBDA_REQUEST = Price(name="Lambda requests", usd=0.20, per=_MILLION, page="lambda")
LAMBDA_GB_SECOND = Price(name="Lambda GB-seconds, arm64", usd=0.0000133334, per=1, page="lambda")
LOGS_GB = Price(name="CloudWatch Logs GB", usd=0.50, per=1, page="cloudwatch")
TRAFFIC_GB = Price(name="GB to the internet", usd=0.09, per=1, page="ec2/on-demand")

ALL = (
    *(SES_INCOMING, SES_CHUNK, SES_OUTGOING, SES_DATA),
    *(S3_PUT, S3_GET, S3_MONTH, SQS_REQUEST, SNS_PUBLISH, SNS_EMAIL),
    *(LAMBDA_REQUEST, LAMBDA_GB_SECOND, LOGS_GB, TRAFFIC_GB),
)

KMS_REQUEST = Price(name="KMS requests", usd=0.03, per=10 * _THOUSAND, page="kms")
KEY_MONTH = Price(name="KMS key, a month", usd=1.00, per=1, page="kms")
METRIC_MONTH = Price(name="custom metric, a month", usd=0.30, per=1, page="cloudwatch")
ALARM_MONTH = Price(name="alarm, a month", usd=0.10, per=1, page="cloudwatch")
DASHBOARD_MONTH = Price(name="dashboard, a month", usd=3.00, per=1, page="cloudwatch")
"""Not in the cost of a mail: paid by the month, or only with a customer managed key."""

LEFT_OUT = (
    "the devices' own submissions to SES; what is paid by the month: custom metrics ($0.30"
    " each), alarms ($0.10 each), the dashboard ($3), polling of the"
    " empty queue; cold starts, and what a container reads now and then (directory, link"
    " keys); Lambda's own log lines, and the keeping of logs; malware scans, dedicated"
    " addresses, taxes"
)
