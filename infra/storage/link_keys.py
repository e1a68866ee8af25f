"""The keys of download links: generated, never output, and rotated by a version number.

A link's token is made with the current key and read with it or the one before
(`relay_core.links.tokens`). A key is a resource named by its number, so only the number determines
it. Raising the number by one creates a new current key, keeps the last one as the previous key,
and deletes the one before that, whose links stop working. Raising it by two deletes both keys in
use: for a key that leaked. Setting a number that was used before makes a new key.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

_KEY_BYTES = 32  # the output size of HMAC-SHA-256 (RFC 2104 section 3)


def parameter_name(project: str, stack: str) -> str:
    """The name of the parameter that holds the keys of a stack's links."""
    return f"/{project}/{stack}/link-keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKeysArgs:
    """`version` is the number of the current key, 1 or more; 1 has none before it."""

    parameter_name: str
    version: int


class LinkKeys(pulumi.ComponentResource):
    """The keys, in a SecureString: a JSON object of `current` and `previous`, base64 or null."""

    parameter_name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: LinkKeysArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:link_keys:LinkKeys", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def key(number: int) -> pulumi.Output[str]:
            return random.RandomBytes(f"{name}-{number}", length=_KEY_BYTES, opts=child).base64

        current = key(args.version)
        previous = key(args.version - 1) if args.version > 1 else None
        document = pulumi.Output.json_dumps({"current": current, "previous": previous})
        parameter = aws.ssm.Parameter(
            name,
            name=args.parameter_name,
            type="SecureString",
            description="Keys of the mail relay's download links; rotate them with linkKeyVersion",
            # Secret because of the keys: Pulumi encrypts it in the stack's state.
            value=document,
            opts=child,
        )
        self.parameter_name = parameter.name
        self.arn = parameter.arn
        self.register_outputs({"parameterName": self.parameter_name, "arn": self.arn})
