"""Policy documents, as data that may contain outputs.

Pulumi's outputs have no text until they are known: `json.dumps` would write an error's text into
the policy. So documents are made with `pulumi.Output.json_dumps`, only in this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from .aws_facts import PARTITION

Statement = Mapping[str, Any]
"""One statement of a policy document, in IAM's own words (IAM guide, "JSON policy elements")."""

Condition = Mapping[str, Mapping[str, Any]]
"""Operator → condition key → value or values."""


def document(*statements: Statement) -> pulumi.Output[str]:
    """The policy document of these statements."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    service: str | None = None,
    condition: Condition | None = None,
) -> Statement:
    """A statement with Allow; `service` is the AWS service as principal in a resource's policy."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        **({"Principal": {"Service": service}} if service else {}),
        "Action": list(actions),
        "Resource": list(resources),
        **({"Condition": condition} if condition else {}),
    }


def allow_reading_secret(sid: str, parameter_arn: pulumi.Input[str]) -> Statement:
    """A statement that allows reading a SecureString under the account's key for parameters.

    That key allows decryption for every principal in the account that may read the parameter, so
    no KMS permission is needed (Systems Manager guide, "Restricting decryption of SecureString
    parameter values").
    """
    return allow(sid, ["ssm:GetParameter"], [parameter_arn])


def objects(bucket_arn: pulumi.Input[str], prefix: str) -> pulumi.Output[str]:
    """The ARN pattern of a bucket's objects under a prefix."""
    return pulumi.Output.concat(bucket_arn, f"/{prefix}*")


def deny_without_tls(action: str, resources: Sequence[pulumi.Input[str]]) -> Statement:
    """A statement for a resource's policy that denies `action` without TLS."""
    return {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def trust(service: str) -> pulumi.Output[str]:
    """A role's trust policy: the AWS service may assume the role."""
    return document(
        {
            "Sid": "Trust",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
        }
    )


def arn(
    service: str, region: str, account: pulumi.Input[str], resource: str
) -> pulumi.Output[str]:
    """The ARN of a resource with a known name."""
    return pulumi.Output.concat(f"arn:{PARTITION}:{service}:{region}:", account, f":{resource}")


def allow_sending(
    sid: str,
    *,
    sender_address: str,
    region: str,
    account: pulumi.Input[str],
    configuration_set_name: pulumi.Input[str],
) -> Statement:
    """A statement that allows sending mail from one address.

    SES's v2 SendEmail with raw content is authorised as SendRawEmail too. In the SES sandbox, the
    permission on each recipient's identity is checked as well, so the statement names all of the
    account's. It is limited by the sender's address, which SES checks for every identity.
    """
    return allow(
        sid,
        ["ses:SendEmail", "ses:SendRawEmail"],
        [
            arn("ses", region, account, "identity/*"),
            pulumi.Output.concat(
                arn("ses", region, account, "configuration-set/"), configuration_set_name
            ),
        ],
        condition={"StringEquals": {"ses:FromAddress": sender_address}},
    )
