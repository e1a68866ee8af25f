"""A Lambda function with its own role, and a log group that is created before it.

The log group is created before the function and set as its group. A group that Lambda creates
itself would keep its logs without a limit, and no role here may create a group. The function waits
for its role's policy, so that its first invocation has its rights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy_documents
from infra.configuration.environment import LogLevel

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """The inputs of a function; `environment` are its variables.

    `permissions` are its role's rights besides writing its log. `reserved_concurrency` is its
    maximum number of concurrent executions, reserved for it only; None reserves nothing.
    """

    code: pulumi.Archive
    handler: str
    environment: Mapping[str, pulumi.Input[str]]
    memory_mb: int
    timeout_seconds: int
    log_group_name: str
    log_retention_days: int
    log_level: LogLevel
    permissions: Sequence[policy_documents.Statement]
    reserved_concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedFunction:
    """The function and its log group."""

    function: aws.lambda_.Function
    log_group: aws.cloudwatch.LogGroup


def make_function(name: str, spec: FunctionSpec, parent: pulumi.Resource) -> LoggedFunction:
    """Declare the function with its role and its log group, all with this name."""
    child = pulumi.ResourceOptions(parent=parent)
    log_group = aws.cloudwatch.LogGroup(
        name,
        name=spec.log_group_name,
        retention_in_days=spec.log_retention_days,
        opts=child,
    )
    role = aws.iam.Role(
        name, assume_role_policy=policy_documents.trust("lambda.amazonaws.com"), opts=child
    )
    role_policy = aws.iam.RolePolicy(
        name,
        role=role.name,
        policy=policy_documents.document(*spec.permissions, _write_logs(log_group.arn)),
        opts=child,
    )
    function = aws.lambda_.Function(
        name,
        runtime=RUNTIME,
        architectures=[ARCHITECTURE],
        handler=spec.handler,
        code=spec.code,
        role=role.arn,
        memory_size=spec.memory_mb,
        timeout=spec.timeout_seconds,
        reserved_concurrent_executions=spec.reserved_concurrency,
        environment={"variables": spec.environment},
        logging_config={
            "log_format": "JSON",
            "log_group": log_group.name,
            # Lambda passes on what is at this level or above, INFO by default.
            "application_log_level": spec.log_level,
        },
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[log_group, role_policy]),
    )
    return LoggedFunction(function=function, log_group=log_group)


def _write_logs(log_group_arn: pulumi.Output[str]) -> policy_documents.Statement:
    return policy_documents.allow(
        "WriteLogs",
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        # Lambda names the group's streams when it starts workers.
        [pulumi.Output.concat(log_group_arn, ":*")],
    )
