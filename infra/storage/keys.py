"""The stack's own KMS key, for accounts that must manage their keys themselves.

Buckets, queues and topics are encrypted with it. The parameters with secrets stay under the
account's key for parameters, which is usable only with permission to read the parameter.

A key's policy is the basis of all rights on it. The account's own statement makes IAM policies
effective, and gives administrators access (KMS guide, "Default key policy"). In addition, services
that write for us need statements here, because they have no role:

* CloudWatch publishes alarms, and SES events, on an encrypted topic (SNS guide, "Key management";
  SES guide, "Configuring Amazon SNS notifications").
* SES stores mail in a bucket that is encrypted by default. Large mail is stored in parts, which
  also needs Decrypt (SES guide, "Giving permissions to Amazon SES for email receiving").
* S3 writes notifications into an encrypted queue (SQS guide, "Key management").

Each is limited to this account. The policies of buckets, queues and topics limit each to one
resource.

The roles of the functions and of the scan get their rights by their own policies (`use_of`): only
for KMS calls that a service makes for them. The key's policy allows the same, by the prefixes of
their names. When a stack gets a key, its queues, topics and buckets change before its roles'
policies, which name them. Without the key's statement, no worker could read a mail in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy_documents
from infra.aws_facts import PARTITION

_USE = ("kms:Decrypt", "kms:GenerateDataKey")
_PULUMI_SUFFIX = "?" * 7
"""Pulumi adds 7 random digits to a name ("Resource names", auto-naming). With `*` in their place,
the key of a stack `x` would allow the roles of a stack `x-y`."""

_SERVICES = {
    "AlarmsOfCloudWatch": "cloudwatch.amazonaws.com",
    "EventsOfSns": "sns.amazonaws.com",
    "MailAndEventsOfSes": "ses.amazonaws.com",
    "NotificationsOfS3": "s3.amazonaws.com",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackKeyArgs:
    """`alias_name` is the alias, without `alias/`; `roles` are the program's names of its roles.

    `deletion_window_days` is the time in which a destroyed key can be restored.
    """

    account: pulumi.Input[str]
    region: str
    alias_name: str
    roles: tuple[str, ...]
    deletion_window_days: int


class StackKey(pulumi.ComponentResource):
    """The key, with yearly rotation by AWS, and its alias."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: StackKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:keys:StackKey", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            name,
            description=f"Mail, attachments and notices of {args.alias_name}",
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_window_days,
            policy=policy_documents.document(*_policy(args)),
            opts=child,
        )
        aws.kms.Alias(name, name=f"alias/{args.alias_name}", target_key_id=key.key_id, opts=child)
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def _policy(args: StackKeyArgs) -> tuple[policy_documents.Statement, ...]:
    account = args.account
    # "*" in a key's policy means that key (KMS guide, "Key policies", Resource).
    return (
        {
            "Sid": "AccountMayGrantByIam",
            "Effect": "Allow",
            "Principal": {"AWS": pulumi.Output.concat(f"arn:{PARTITION}:iam::", account, ":root")},
            "Action": ["kms:*"],
            "Resource": ["*"],
        },
        *(
            policy_documents.allow(
                sid,
                _USE,
                ["*"],
                service=service,
                condition={"StringEquals": {"aws:SourceAccount": account}},
            )
            for sid, service in _SERVICES.items()
        ),
        {
            "Sid": "OwnRolesByServices",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": list(_USE),
            "Resource": ["*"],
            "Condition": {
                "StringEquals": {
                    "kms:CallerAccount": account,
                    "kms:ViaService": _via_services(args.region, ("s3", "sqs", "sns")),
                },
                "ArnLike": {
                    "aws:PrincipalArn": [
                        pulumi.Output.concat(
                            f"arn:{PARTITION}:iam::", account, f":role/{role}-{_PULUMI_SUFFIX}"
                        )
                        for role in args.roles
                    ]
                },
            },
        },
    )


def use_of(
    key_arn: pulumi.Input[str] | None, region: str, *services: str
) -> tuple[policy_documents.Statement, ...]:
    """The statements for a role whose `services` (`s3`, …) use the key; none without one."""
    if key_arn is None:
        return ()
    return (
        policy_documents.allow(
            "UseTheKey",
            _USE,
            [key_arn],
            condition={"StringEquals": {"kms:ViaService": _via_services(region, services)}},
        ),
    )


def _via_services(region: str, services: Sequence[str]) -> list[str]:
    return [f"{service}.{region}.amazonaws.com" for service in services]
