"""The user that devices log in as at SES's SMTP interface.

SMTP credentials are an access key: its id is the user name, and the password is derived from
its secret, for one region (SES guide, "Obtaining SES SMTP credentials"). Both go into one
SecureString parameter and nowhere else: never a plain output of the stack.

Devices hold these credentials, and devices get lost: all they can do is send to the inbound
address, from addresses of the two domains of the relay. SES asks for permission on the identity
of the sender, and in an account still in the SES sandbox on that of the recipient too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import policies


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpUserArgs:
    """`inbound_address` is the only recipient; `parameter_name` where the credentials go."""

    inbound_address: pulumi.Input[str]
    identity_arns: Sequence[pulumi.Input[str]]
    parameter_name: str


class SmtpUser(pulumi.ComponentResource):
    """The user, its policy, its key, and the parameter that holds its credentials.

    `parameter_name` names a SecureString, a JSON object of `username` and `password`.
    """

    parameter_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: SmtpUserArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:smtp_user:SmtpUser", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        user = aws.iam.User(name, opts=child)
        aws.iam.UserPolicy(
            name,
            user=user.name,
            policy=policies.document(
                policies.allow(
                    "SendToRelay",
                    ["ses:SendRawEmail"],
                    args.identity_arns,
                    condition={
                        # Every recipient must be the relay; and since "every" holds of none,
                        # there must be one (IAM guide, "Multivalued context keys").
                        "ForAllValues:StringEquals": {"ses:Recipients": [args.inbound_address]},
                        "Null": {"ses:Recipients": "false"},
                    },
                )
            ),
            opts=child,
        )
        key = aws.iam.AccessKey(name, user=user.name, opts=child)
        parameter = aws.ssm.Parameter(
            name,
            name=args.parameter_name,
            type="SecureString",
            description="SMTP credentials of the devices that send to the mail relay",
            # Secret because the password is: Pulumi encrypts it in the stack's state.
            value=pulumi.Output.json_dumps(
                {"username": key.id, "password": key.ses_smtp_password_v4}
            ),
            opts=child,
        )
        self.parameter_name = parameter.name
        self.register_outputs({"parameterName": self.parameter_name})
