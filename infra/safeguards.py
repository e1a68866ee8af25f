"""Properties that every resource of a type gets, wherever the program declares it.

The operator configures both. They apply to all resources of the relay, so also to a role or a
bucket that is added later.

* A permissions boundary on every role and user: the most that any of them may do (IAM guide,
  "Permissions boundaries for IAM entities").
* Protection of resources whose content would be lost: Pulumi refuses to delete buckets, queues
  and the key, by `destroy` or by a change that replaces them, until `protect` is false again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

_PRINCIPALS = frozenset({"aws:iam/role:Role", "aws:iam/user:User"})
_IRREPLACEABLE = frozenset({"aws:s3/bucket:Bucket", "aws:sqs/queue:Queue", "aws:kms/key:Key"})


def safeguards(
    *, permissions_boundary: str | None, protect: bool
) -> Iterator[pulumi.ResourceTransformation]:
    """The transformations for the component that contains everything.

    `permissions_boundary` is the ARN of a policy, None for no boundary.
    """

    def bounded(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if args.type_ not in _PRINCIPALS:
            return None
        props = {**args.props, "permissions_boundary": permissions_boundary}
        return pulumi.ResourceTransformationResult(props=props, opts=args.opts)

    def protected(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if args.type_ not in _IRREPLACEABLE:
            return None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
        return pulumi.ResourceTransformationResult(props=args.props, opts=opts)

    if permissions_boundary is not None:
        yield bounded
    if protect:
        yield protected
