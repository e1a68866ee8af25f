"""The resources for links of linkMode page: the keys of their tokens, and the download page."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from relay_core.environment import to_environment

from .configuration import environment
from .configuration.config import StackConfig
from .functions.download_function import DownloadPage, DownloadPageArgs, LinkRenewal
from .storage.bucket import PrivateBucket
from .storage.link_keys import LinkKeys, LinkKeysArgs, parameter_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The deployed resources. A link is `url`, a slash and a token."""

    keys: LinkKeys
    page: DownloadPage
    url: pulumi.Input[str]
    log_group: str

    @property
    def variables(self) -> dict[str, pulumi.Input[str]]:
        """The variables with which the relay's function makes links."""
        return {
            environment.DOWNLOAD_URL: self.url,
            environment.LINK_KEYS_PARAMETER: self.keys.parameter_name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksArgs:
    """The configuration, the function's code, and the bucket with the page's files.

    `max_concurrency` is the number of requests that the page answers at once, 0 for no limit of
    its own; `key_arn` the key that its role may use. New links are sent with the configuration
    set.
    """

    config: StackConfig
    code: pulumi.Archive
    max_concurrency: int
    attachments: PrivateBucket
    account: pulumi.Input[str]
    configuration_set_name: pulumi.Input[str]
    key_arn: pulumi.Input[str] | None


def serve_links(name: str, args: LinksArgs, opts: pulumi.ResourceOptions) -> Links:
    """Declare the keys and the page."""
    config = args.config
    log_group = f"/aws/lambda/{name}-download"
    keys = LinkKeys(
        f"{name}-link-keys",
        LinkKeysArgs(
            parameter_name=parameter_name(config.project, config.stack),
            version=config.link_key_version,
        ),
        opts,
    )
    page = DownloadPage(
        f"{name}-download",
        DownloadPageArgs(
            code=args.code,
            environment={
                **config.common_variables(),
                **to_environment(config.settings().appearance),
            },
            log_level=config.log_level,
            max_concurrency=args.max_concurrency,
            log_group_name=log_group,
            log_retention_days=config.log_retention_days,
            attachments_bucket_name=args.attachments.bucket_name,
            attachments_bucket_arn=args.attachments.arn,
            link_keys_parameter_name=keys.parameter_name,
            link_keys_parameter_arn=keys.arn,
            is_scanned=config.malware_protection,
            region=config.region,
            renewal=_renewal(args) if config.link_renewal else None,
            key_arn=args.key_arn,
        ),
        opts,
    )
    # An operator's own domain has precedence.
    return Links(keys=keys, page=page, url=config.download_url or page.url, log_group=log_group)


def _renewal(args: LinksArgs) -> LinkRenewal:
    settings = args.config.settings()
    return LinkRenewal(
        stack=settings.stack,
        account=args.account,
        sender_address=settings.sender_address,
        configuration_set_name=args.configuration_set_name,
        link_expiry=settings.link_expiry,
        attachment_retention=settings.attachment_retention,
    )
