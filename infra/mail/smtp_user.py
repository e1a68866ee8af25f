"""The IAM users with which devices log in at SES's SMTP interface.

SMTP credentials are an access key: its id is the user name, and the password is derived from
its secret, for one region (SES guide, "Obtaining SES SMTP credentials"). Both go into one
SecureString parameter and nowhere else: never a plain output of the stack.

Devices hold these credentials, and devices get lost: all they can do is send to the inbound
addresses, with labels or without, and nothing else. SES asks for permission on the identity that
it knows the sender by, which may be its address, its domain or one above that; in an account still
in the SES sandbox on that of the recipient too; and on the configuration set that the mail goes
with, which may be the default one of an identity (SES guide, "Using configuration sets"). Which
these are in an account that had them before, only SES knows. So all are named; whom a device may
write to is what narrows its rights.

Credentials are rotated by a number, as download links' keys are. Those of the number and those
of the one before are good; the parameter holds the newer. So an operator raises it by one, has
time to set the new ones in each device, and raises it again, which ends the old. Raising it by
two leaves none that were in use: that is for credentials that leaked.

Beside the users of all devices there can be users by name, of a site or a device each. They have
the same rights and a parameter of their own, so a stolen camera changes its site's devices alone.

Each number is a user of its own. IAM allows a user two keys, and Pulumi deletes what is no longer
wanted after it has made what is: one user would hold three keys for a moment, and IAM refuse the
third.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policies


def parameter_name(project: str, stack: str, user: str | None = None) -> str:
    """The parameter with the SMTP credentials of a named user, or those of all devices (None)."""
    shared = f"/{project}/{stack}/smtp-credentials"
    return shared if user is None else f"{shared}/{user}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpUserArgs:
    """`inbound_addresses` are the only recipients; `parameter_name` is where the credentials go.

    `version` is the number of the current credentials, 1 or more; 1 has none before it.
    `holder` says in the parameter's description who logs in with them.
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
            # Keys that were added by hand are deleted with their user.
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
            # Secret because the password is: Pulumi encrypts it in the stack's state.
            value=pulumi.Output.json_dumps(
                {"username": key.id, "password": key.ses_smtp_password_v4}
            ),
            # Who finds them there can send with them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.parameter_name = parameter.name
        self.register_outputs({"parameterName": self.parameter_name})


def recipient_patterns(addresses: Sequence[str]) -> list[str]:
    """Patterns of IAM's StringLike: each address, and its subaddresses with any label.

    What such a pattern takes for a wildcard or a variable stands for itself (IAM guide, "IAM
    policy elements: Variables and tags", special characters).
    """
    found = []
    for address in addresses:
        literal = re.sub(r"[*?$]", r"${\g<0>}", address)
        local_part, _, domain = literal.rpartition("@")
        found += [literal, *([] if "+" in local_part else [f"{local_part}+*@{domain}"])]
    return found


def _policy(args: SmtpUserArgs) -> pulumi.Output[str]:
    return policies.document(
        policies.allow(
            "SendToRelay",
            ["ses:SendRawEmail"],
            [
                policies.arn("ses", args.region, args.account, "identity/*"),
                policies.arn("ses", args.region, args.account, "configuration-set/*"),
            ],
            condition={
                # Every recipient must be the relay; and since "every" holds of none, there must
                # be one (IAM guide, "Multivalued context keys").
                "ForAllValues:StringLike": {
                    "ses:Recipients": pulumi.Output.from_input(args.inbound_addresses).apply(
                        recipient_patterns
                    )
                },
                "Null": {"ses:Recipients": "false"},
            },
        )
    )
