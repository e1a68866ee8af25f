"""The resources for links of linkMode page: the keys of their tokens, and the download page."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from relay_core.environment import to_environment

from .configuration import environment
from .configuration.config import StackConfig
from .functions.download_domain import DownloadDomain, DownloadDomainArgs
from .functions.download_function import DownloadPage, DownloadPageArgs, LinkRenewal
from .storage.bucket import PrivateBucket
from .storage.link_keys import LinkKeys, LinkKeysArgs, parameter_name
from .watching.metrics import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The deployed resources. A link is `url`, a slash and a token.

    `api_id` is the id of the API at the domain of the links, None without `downloadDomain`.
    """

    keys: LinkKeys
    page: DownloadPage
    url: pulumi.Input[str]
    log_group: str
    api_id: pulumi.Input[str] | None

    @property
    def names(self) -> dict[Subject, pulumi.Input[str]]:
        """The subjects of the metrics, with their names."""
        page: dict[Subject, pulumi.Input[str]] = {Subject.DOWNLOAD_PAGE: self.page.function_name}
        return page | ({Subject.DOWNLOAD_DOMAIN: self.api_id} if self.api_id else {})

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
    domain = _domain(name, args, page, opts)
    # An operator's own domain has precedence.
    url = domain.url if domain else config.download_url or page.url
    return Links(
        keys=keys,
        page=page,
        url=url,
        log_group=log_group,
        api_id=domain.api_id if domain else None,
    )


def _domain(
    name: str, args: LinksArgs, page: DownloadPage, opts: pulumi.ResourceOptions
) -> DownloadDomain | None:
    config = args.config
    if config.download_domain is None or config.hosted_zone_id is None:
        return None
    return DownloadDomain(
        f"{name}-domain",
        DownloadDomainArgs(
            domain=config.download_domain,
            zone_id=config.hosted_zone_id,
            page=page,
            max_concurrency=args.max_concurrency,
        ),
        opts,
    )


def _renewal(args: LinksArgs) -> LinkRenewal:
    settings = args.config.settings()
    return LinkRenewal(
        stack=settings.stack,
        account=args.account,
        sender_address=settings.sender_address,
        configuration_set_name=args.configuration_set_name,
        link_expiry=settings.link_expiry,
        attachment_retention=settings.attachment_retention,
        download_url=args.config.download_url,
    )
