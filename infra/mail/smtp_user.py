"""The IAM users with which devices log in at SES's SMTP interface.

SMTP credentials are an access key: its id is the user name, and the password is derived from its
secret, for one region (SES guide, "Obtaining SES SMTP credentials"). Both are written to one
SecureString parameter only, and are not an output of the stack.

Devices store these credentials, and devices can be stolen. So the credentials allow only sending
to the inbound addresses, with or without labels. SES checks the permission on the sender's
identity, which may be its address, its domain or a parent domain. In the SES sandbox it also
checks the recipient's identity. And it checks the configuration set of the mail, which may be an
identity's default (SES guide, "Using configuration sets"). Only SES knows which these are in an
account that had them before. So all are named, and the recipients limit the rights.

Credentials are rotated by a number, like the keys of download links. The credentials of the number
and of the one before are valid; the parameter has the newer ones. So an operator raises it by one,
sets the new credentials in each device, and raises it again, which ends the old ones. Raising it
by two ends all that were in use, for leaked credentials.

Besides the users for all devices there can be named users, for a site or a device each. They have
the same rights and their own parameter, so after a theft only one site's devices need new
credentials.

Each number is a separate user. IAM allows a user two keys, and Pulumi deletes resources after it
has created others. One user would have three keys for a moment, and IAM would refuse the third.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy_documents


def parameter_name(project: str, stack: str, user: str | None = None) -> str:
    """The parameter with the SMTP credentials of a named user, or those of all devices (None)."""
    shared = f"/{project}/{stack}/smtp-credentials"
    return shared if user is None else f"{shared}/{user}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpUserArgs:
    """`inbound_addresses` are the only recipients; `parameter_name` is where the credentials go.

    `version` is the number of the current credentials, 1 or more; 1 has none before it. `holder`
    is, in the parameter's description, the user of the credentials.
    """

    inbound_addresses: pulumi.Input[Sequence[str]]
    region: str
    account: pulumi.Input[str]
    parameter_name: str
    version: int
    holder: str


class SmtpUser(pulumi.ComponentResource):
    """The users, their policies and keys, and the parameter that holds the credentials.

    `parameter_name` names a SecureString, a JSON object of `username` and `password`.
    """

    parameter_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: SmtpUserArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:smtp_user:SmtpUser", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        policy = _policy(args)

        def make_key(number: int) -> tuple[aws.iam.AccessKey, aws.iam.UserPolicy]:
            numbered = f"{name}-{number}"
            # Deletes keys that were added by hand with their user.
            user = aws.iam.User(numbered, force_destroy=True, opts=child)
            rights = aws.iam.UserPolicy(numbered, user=user.name, policy=policy, opts=child)
            return aws.iam.AccessKey(numbered, user=user.name, opts=child), rights

        if args.version > 1:
            make_key(args.version - 1)
        key, rights = make_key(args.version)
        parameter = aws.ssm.Parameter(
            name,
            name=args.parameter_name,
            type="SecureString",
            description=f"SMTP credentials of {args.holder}",
            # Secret because of the password: Pulumi encrypts it in the stack's state.
            value=pulumi.Output.json_dumps(
                {"username": key.id, "password": key.ses_smtp_password_v4}
            ),
            # The parameter's reader can send at once.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.parameter_name = parameter.name
        self.register_outputs({"parameterName": self.parameter_name})


def recipient_patterns(addresses: Sequence[str]) -> list[str]:
    """Patterns of IAM's StringLike: each address, and its subaddresses with any label.

    Characters that such a pattern would treat as a wildcard or a variable are escaped (IAM guide,
    "IAM policy elements: Variables and tags", special characters).
    """
    found = []
    for address in addresses:
        literal = re.sub(r"[*?$]", r"${\g<0>}", address)
        local_part, _, domain = literal.rpartition("@")
        found += [literal, *([] if "+" in local_part else [f"{local_part}+*@{domain}"])]
    return found


def _policy(args: SmtpUserArgs) -> pulumi.Output[str]:
    return policy_documents.document(
        policy_documents.allow(
            "SendToRelay",
            ["ses:SendRawEmail"],
            [
                policy_documents.arn("ses", args.region, args.account, "identity/*"),
                policy_documents.arn("ses", args.region, args.account, "configuration-set/*"),
            ],
            condition={
                # Every recipient must be the relay. "Every" is also true without recipients, so
                # there must be one (IAM guide, "Multivalued context keys").
                "ForAllValues:StringLike": {
                    "ses:Recipients": pulumi.Output.from_input(args.inbound_addresses).apply(
                        recipient_patterns
                    )
                },
                "Null": {"ses:Recipients": "false"},
            },
        )
    )
