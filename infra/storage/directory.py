"""The recipient directory: one parameter that the configuration fills and the operator edits.

The configuration is the parameter's first content. After that, only the parameter counts: a later
`pulumi up` does not change it, even if the configuration has changed.

Pulumi writes a parameter as a whole. If any of its properties changed, the provider would also
write the value of its state, over the operator's. So its properties are never changed. Tags are
set by a separate call.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientDirectoryArgs:
    """`document` is the first content of the parameter of that name."""

    parameter_name: str
    document: str


class RecipientDirectory(pulumi.ComponentResource):
    """The parameter, by name and ARN."""

    parameter_name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: RecipientDirectoryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:directory:RecipientDirectory", name, None, opts)
        parameter = aws.ssm.Parameter(
            name,
            name=args.parameter_name,
            type="String",
            # Not a secret: a preview may show it.
            insecure_value=args.document,
            # Free up to 4 KB; above, Parameter Store makes it an advanced parameter.
            tier="Intelligent-Tiering",
            description=(
                "Groups and default recipients of the mail relay: edit them with relayctl"
                " directory edit"
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["type", "value", "insecureValue", "tier", "description"],
            ),
        )
        self.parameter_name = parameter.name
        self.arn = parameter.arn
        self.register_outputs({"parameterName": self.parameter_name, "arn": self.arn})
