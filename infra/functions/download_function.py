"""The download page: a second function, which answers requests for links.

Its function URL is public (no IAM authentication): the token in the link is the authorisation, and
the function checks it before it calls AWS. A function URL uses HTTPS only. Since October 2025 a
public URL needs two statements in the function's own policy: one to call the URL, one to invoke
the function through that URL only (AWS Lambda guide, "Control access to Lambda function URLs").

No authentication limits the number of requests, so reserved concurrency limits their cost. Above
that many executions at once, Lambda itself answers 429; a function with 20 reserved answers at
most 200 requests a second. Without it, a flood of requests would also use up the concurrency of
the relay's function (AWS Lambda guide, "Configuring reserved concurrency").

The URL of a file is signed by this function's role and allows what the role may do at the moment
of the download. So if files are scanned, the role may read only files that were found clean: S3
itself refuses the others. It answers 403 also for a deleted file, which has no tag; reading its
tags distinguishes them (404).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pulumi
import pulumi_aws as aws

from infra import policy_documents
from infra.configuration.environment import (
    ATTACHMENT_RETENTION,
    ATTACHMENTS_BUCKET,
    CONFIGURATION_SET_NAME,
    DOWNLOAD_URL,
    LINK_EXPIRY,
    LINK_KEYS_PARAMETER,
    LINK_RENEWAL,
    MALWARE_PROTECTION,
    SENDER_ADDRESS,
    STACK,
    LogLevel,
)
from infra.storage.keys import use_of
from infra.storage.malware import CLEAN
from relay_core.keys import (
    ARCHIVES_PREFIX,
    ATTACHMENTS_PREFIX,
    DOWNLOADS_PREFIX,
    LINKS_PREFIX,
    MANIFESTS_PREFIX,
)

from .logged_function import FunctionSpec, make_function

HANDLER = "adapters.download_function.handler"

_MEMORY_MB = 1024
"""Recipients wait for a cold start. More memory shortens it: it buys more of a processor."""

_TIMEOUT_SECONDS = 30
"""Enough to read and to write an archive of 40 MB; people do not wait longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRenewal:
    """The values with which the page sends new links."""

    stack: str
    account: pulumi.Input[str]
    sender_address: str
    configuration_set_name: pulumi.Input[str]
    link_expiry: timedelta
    attachment_retention: timedelta
    download_url: str | None

    def variables(self) -> dict[str, pulumi.Input[str]]:
        """The function's variables for renewals."""
        return {
            LINK_RENEWAL: "true",
            STACK: self.stack,
            SENDER_ADDRESS: self.sender_address,
            CONFIGURATION_SET_NAME: self.configuration_set_name,
            LINK_EXPIRY: str(self.link_expiry // _SECOND),
            ATTACHMENT_RETENTION: str(self.attachment_retention // _SECOND),
            **({DOWNLOAD_URL: self.download_url} if self.download_url else {}),
        }


_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadPageArgs:
    """The inputs of the page.

    `environment` are variables besides those of its resources. `max_concurrency` is the number of
    requests that it answers at once, 0 for no limit but the account's. `is_scanned`: whether
    attachments are scanned for malware. `renewal` is None if no new links are sent. `key_arn` is
    the encryption key of the bucket, None for S3's own.
    """

    code: pulumi.Archive
    environment: Mapping[str, str]
    max_concurrency: int
    log_group_name: str
    log_retention_days: int
    log_level: LogLevel
    attachments_bucket_name: pulumi.Input[str]
    attachments_bucket_arn: pulumi.Input[str]
    link_keys_parameter_name: pulumi.Input[str]
    link_keys_parameter_arn: pulumi.Input[str]
    is_scanned: bool
    region: str
    renewal: LinkRenewal | None = None
    key_arn: pulumi.Input[str] | None = None


class DownloadPage(pulumi.ComponentResource):
    """The function and its URL. A link is the URL, a slash and a token."""

    function_name: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: DownloadPageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:download:DownloadPage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        made = make_function(
            name,
            FunctionSpec(
                code=args.code,
                handler=HANDLER,
                environment={
                    **args.environment,
                    ATTACHMENTS_BUCKET: args.attachments_bucket_name,
                    LINK_KEYS_PARAMETER: args.link_keys_parameter_name,
                    MALWARE_PROTECTION: str(args.is_scanned).lower(),
                    **(args.renewal.variables() if args.renewal else {}),
                },
                memory_mb=_MEMORY_MB,
                timeout_seconds=_TIMEOUT_SECONDS,
                reserved_concurrency=args.max_concurrency or None,
                log_group_name=args.log_group_name,
                log_retention_days=args.log_retention_days,
                log_level=args.log_level,
                permissions=_permissions(args),
            ),
            self,
        )
        function = made.function
        url = aws.lambda_.FunctionUrl(
            name, function_name=function.name, authorization_type="NONE", opts=child
        )
        # With their own ids: the provider itself also adds a statement of the first kind.
        asking = aws.lambda_.Permission(
            f"{name}-asking",
            function=function.name,
            statement_id="EverybodyMayAskTheUrl",
            action="lambda:InvokeFunctionUrl",
            principal="*",
            function_url_auth_type="NONE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[url]),
        )
        aws.lambda_.Permission(
            f"{name}-answering",
            function=function.name,
            statement_id="TheUrlMayInvoke",
            action="lambda:InvokeFunction",
            principal="*",
            invoked_via_function_url=True,
            # One after the other: Lambda refuses concurrent changes of one policy.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[asking]),
        )
        self.function_name = function.name
        self.invoke_arn = function.invoke_arn
        self.log_group_name = made.log_group.name
        self.url = url.function_url.apply(lambda text: text.rstrip("/"))
        self.register_outputs({"functionName": self.function_name, "url": self.url})


def _permissions(args: DownloadPageArgs) -> tuple[policy_documents.Statement, ...]:
    def under(*prefixes: str) -> list[pulumi.Output[str]]:
        return [
            policy_documents.objects(args.attachments_bucket_arn, prefix) for prefix in prefixes
        ]

    return (
        policy_documents.allow(
            "FindMessages", ["s3:GetObject"], under(LINKS_PREFIX, MANIFESTS_PREFIX)
        ),
        policy_documents.allow(
            # Not asked for by the page itself, except for previews and archives: it signs URLs,
            # and these are good for what the role may do.
            "HandOutAttachments",
            ["s3:GetObject"],
            under(ATTACHMENTS_PREFIX),
            condition=CLEAN if args.is_scanned else None,
        ),
        *(
            (
                policy_documents.allow(
                    "SeeScans", ["s3:GetObjectTagging"], under(ATTACHMENTS_PREFIX)
                ),
            )
            if args.is_scanned
            else ()
        ),
        # Archives are made of clean files; an existing one is used again.
        policy_documents.allow(
            "KeepArchives", ["s3:PutObject", "s3:GetObject"], under(ARCHIVES_PREFIX)
        ),
        # Written but never read here: the records of downloads are for the operator.
        policy_documents.allow("RecordDownloads", ["s3:PutObject"], under(DOWNLOADS_PREFIX)),
        policy_documents.allow(
            # Without it, S3 answers 403 instead of 404 for what is not there, and a link whose
            # message is gone would look like trouble (S3 API reference, GetObject, "Permissions").
            "TellAbsentFromForbidden",
            ["s3:ListBucket"],
            [args.attachments_bucket_arn],
        ),
        policy_documents.allow_reading_secret("ReadLinkKeys", args.link_keys_parameter_arn),
        *_sending_links(args),
        *use_of(args.key_arn, args.region, "s3"),
    )


def _sending_links(args: DownloadPageArgs) -> tuple[policy_documents.Statement, ...]:
    """The additional permissions of the role if the page sends new links."""
    if args.renewal is None:
        return ()
    return (
        # A renewal is recorded in the message's manifest before it is sent.
        policy_documents.allow(
            "RecordRenewals",
            ["s3:PutObject"],
            [policy_documents.objects(args.attachments_bucket_arn, MANIFESTS_PREFIX)],
        ),
        policy_documents.allow_sending(
            "SendNewLinks",
            sender_address=args.renewal.sender_address,
            region=args.region,
            account=args.renewal.account,
            configuration_set_name=args.renewal.configuration_set_name,
        ),
    )
