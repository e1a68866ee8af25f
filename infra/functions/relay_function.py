"""The relay's function, its permissions, and its event source.

Its role allows exactly what the code calls (`_permissions`, and the log by `logged_function`); a
comment beside a statement explains what is not obvious.

The event source passes one message at a time (`infra.configuration.derived_times`). A failed
message is reported (`ReportBatchItemFailures`), so that it stays on the queue without being an
error of the function.

The function sends a message again that must wait without having failed. Lambda treats that as a
loop and ends it at the sixteenth round, unless recursion is allowed (AWS Lambda guide, "Use Lambda
recursive loop detection to prevent infinite loops"). Here each round waits on the queue, and the
last is when the raw mail's retention ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy_documents
from infra.configuration.environment import LogLevel
from infra.storage.keys import use_of
from relay_core.keys import (
    ADDRESS_USE_PREFIX,
    ATTACHMENTS_PREFIX,
    LINKS_PREFIX,
    MANIFESTS_PREFIX,
    SUPPRESSION_PREFIX,
    WINDOWS_PREFIX,
)

from .logged_function import FunctionSpec, make_function

HANDLER = "adapters.relay_function.handler"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFunctionArgs:
    """The inputs of the function, and the ARNs of its resources.

    `environment` are its variables; `memory_mb` and `timeout_seconds` its size. `batch_size` is
    the number of messages that it gets at once; `max_concurrency` the number of concurrent
    executions for the queue.

    `sender_address` is the only address that it sends from. `link_keys_parameter_arn` is the
    parameter of the keys for links to the download page, None if it signs links itself. `key_arn`
    is the encryption key of its resources, None for AWS's own.
    """

    code: pulumi.Archive
    environment: Mapping[str, pulumi.Input[str]]
    memory_mb: int
    timeout_seconds: int
    batch_size: int
    max_concurrency: int
    log_group_name: str
    log_retention_days: int
    log_level: LogLevel
    region: str
    account: pulumi.Input[str]
    sender_address: str
    configuration_set_name: pulumi.Input[str]
    incoming_bucket_arn: pulumi.Input[str]
    incoming_prefix: str
    attachments_bucket_arn: pulumi.Input[str]
    fallback_topic_arn: pulumi.Input[str]
    directory_parameter_arn: pulumi.Input[str]
    link_keys_parameter_arn: pulumi.Input[str] | None
    queue_arn: pulumi.Input[str]
    is_scanned: bool
    key_arn: pulumi.Input[str] | None = None


class RelayFunction(pulumi.ComponentResource):
    """The function and its event source.

    `event_source` invokes it with the queue's messages.
    """

    function_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    event_source: pulumi.Resource

    def __init__(
        self, name: str, args: RelayFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:function:RelayFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        made = make_function(
            name,
            FunctionSpec(
                code=args.code,
                handler=HANDLER,
                environment=args.environment,
                memory_mb=args.memory_mb,
                timeout_seconds=args.timeout_seconds,
                log_group_name=args.log_group_name,
                log_retention_days=args.log_retention_days,
                log_level=args.log_level,
                permissions=_permissions(args),
            ),
            self,
        )
        function = made.function
        rounds = aws.lambda_.FunctionRecursionConfig(
            name, function_name=function.name, recursive_loop="Allow", opts=child
        )
        self.event_source = aws.lambda_.EventSourceMapping(
            name,
            event_source_arn=args.queue_arn,
            function_name=function.arn,
            batch_size=args.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": args.max_concurrency},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rounds]),
        )
        self.function_name = function.name
        self.log_group_name = made.log_group.name
        self.register_outputs(
            {"functionName": self.function_name, "logGroupName": self.log_group_name}
        )


def _permissions(args: RelayFunctionArgs) -> tuple[policy_documents.Statement, ...]:
    has_page = args.link_keys_parameter_arn is not None
    return (
        policy_documents.allow(
            "ReadIncomingMail",
            ["s3:GetObject"],
            [policy_documents.objects(args.incoming_bucket_arn, args.incoming_prefix)],
        ),
        policy_documents.allow(
            "KeepAttachments",
            # A presigned link reads with the rights of the role that signed it: so GetObject,
            # where this role signs links. Otherwise the download page's does.
            ["s3:PutObject"] if has_page else ["s3:PutObject", "s3:GetObject"],
            [policy_documents.objects(args.attachments_bucket_arn, ATTACHMENTS_PREFIX)],
        ),
        policy_documents.allow(
            "KeepRecords",
            ["s3:PutObject", "s3:GetObject"],
            [
                policy_documents.objects(args.attachments_bucket_arn, prefix)
                for prefix in (
                    MANIFESTS_PREFIX,
                    WINDOWS_PREFIX,
                    *((LINKS_PREFIX,) if has_page else ()),
                )
            ],
        ),
        policy_documents.allow(
            # In the incoming bucket, because no retention deletes it there.
            "KeepRecordsWithoutEnd",
            ["s3:PutObject", "s3:GetObject"],
            [
                policy_documents.objects(args.incoming_bucket_arn, prefix)
                for prefix in (SUPPRESSION_PREFIX, ADDRESS_USE_PREFIX)
            ],
        ),
        *(
            (
                policy_documents.allow(
                    "SeeScans",
                    ["s3:GetObjectTagging"],
                    [policy_documents.objects(args.attachments_bucket_arn, ATTACHMENTS_PREFIX)],
                ),
            )
            if args.is_scanned
            else ()
        ),
        policy_documents.allow(
            # Without it, S3 answers 403 instead of 404 for a manifest that is not there yet, and
            # for raw mail that is gone (S3 API reference, GetObject, "Permissions"). A condition
            # on s3:prefix would undo that: a read of an object has no such key.
            "TellAbsentFromForbidden",
            ["s3:ListBucket"],
            [args.incoming_bucket_arn, args.attachments_bucket_arn],
        ),
        policy_documents.allow_sending(
            "SendAsTheSender",
            sender_address=args.sender_address,
            region=args.region,
            account=args.account,
            configuration_set_name=args.configuration_set_name,
        ),
        policy_documents.allow("TellTheOperator", ["sns:Publish"], [args.fallback_topic_arn]),
        policy_documents.allow(
            "ReadTheDirectory", ["ssm:GetParameter"], [args.directory_parameter_arn]
        ),
        *(
            ()
            if args.link_keys_parameter_arn is None
            else (
                policy_documents.allow_reading_secret(
                    "ReadLinkKeys", args.link_keys_parameter_arn
                ),
            )
        ),
        policy_documents.allow(
            "WorkThroughTheQueue",
            [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                # The function itself delays the next try of a failed message,
                "sqs:ChangeMessageVisibility",
                # and sends one that must wait again, so that waiting uses up no try.
                "sqs:SendMessage",
            ],
            [args.queue_arn],
        ),
        *use_of(args.key_arn, args.region, "s3", "sqs", "sns"),
    )
