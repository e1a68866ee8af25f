"""The stack's two buckets: raw mail as SES writes it, and attachments with their manifests."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from relay_core.keys import ATTACHMENTS_PREFIX, INCOMING_PREFIX

from .configuration.config import StackConfig
from .storage.bucket import PrivateBucket, PrivateBucketArgs, ServiceWriter
from .storage.malware import MalwareProtection, MalwareProtectionArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class StackBuckets:
    """Declares the buckets; `prefix` begins their names, and `key_arn` encrypts them if given."""

    config: StackConfig
    account: pulumi.Input[str]
    prefix: str
    key_arn: pulumi.Input[str] | None

    def incoming(
        self, opts: pulumi.ResourceOptions, *, rule_arn: pulumi.Input[str]
    ) -> PrivateBucket:
        """The bucket of raw mail, to which SES's receipt rule of that ARN may write."""
        return PrivateBucket(
            f"{self.prefix}-incoming",
            PrivateBucketArgs(
                retention_days=self.config.incoming_retention_days,
                expiring_prefix=INCOMING_PREFIX,
                writer=ServiceWriter(
                    service="ses.amazonaws.com",
                    key_prefix=INCOMING_PREFIX,
                    account=self.account,
                    source_arn=rule_arn,
                ),
                force_destroy=self.config.force_destroy,
                key_arn=self.key_arn,
            ),
            opts,
        )

    def attachments(self, opts: pulumi.ResourceOptions) -> PrivateBucket:
        """The bucket of attachments and manifests."""
        return PrivateBucket(
            f"{self.prefix}-attachments",
            PrivateBucketArgs(
                retention_days=self.config.attachment_retention_days,
                force_destroy=self.config.force_destroy,
                key_arn=self.key_arn,
            ),
            opts,
        )

    def scan(
        self,
        attachments: PrivateBucket,
        opts: pulumi.ResourceOptions,
        *,
        key_arn: pulumi.Input[str] | None,
    ) -> None:
        """Enable the malware scan of attachments; its role may use the key `key_arn`."""
        MalwareProtection(
            f"{self.prefix}-scan",
            MalwareProtectionArgs(
                region=self.config.region,
                account=self.account,
                bucket_name=attachments.bucket_name,
                bucket_arn=attachments.arn,
                key_prefix=ATTACHMENTS_PREFIX,
                key_arn=key_arn,
            ),
            opts,
        )
