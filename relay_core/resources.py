"""The resources that each function is given: names, ARNs and URLs.

They travel as environment variables (`relay_core.environment`), beside the relay's `Settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from .environment import from_environment, to_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the deployment created.

    Two buckets and the SSM parameter that holds the recipient directory, by name; the fallback
    topic by ARN; the queue by URL. `download_url` is what tokens are appended to, and
    `link_keys_parameter` names the SSM parameter with their keys; both are empty where
    `LinkMode.PRESIGNED` needs neither. With `malware_protection` attachments are scanned.
    """

    incoming_bucket: str
    attachments_bucket: str
    fallback_topic_arn: str
    directory_parameter: str
    queue_url: str
    download_url: str = ""
    link_keys_parameter: str = ""
    malware_protection: bool = False

    def to_environment(self) -> dict[str, str]:
        """The resources as environment variables, `None` left out."""
        return to_environment(self)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Resources:
        """Read the names back.

        Raises:
            InvalidSettings: naming each variable that is missing.
        """
        return cls(**from_environment(cls, environment))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResources:
    """What the function of the download page is given of the deployment.

    The bucket and the SSM parameter that holds the keys of tokens, by name. With
    `malware_protection` no file is handed out that was not scanned and found clean. With
    `link_renewal` it sends new links: as the stack, from the sender's address, under the
    configuration set, good for `link_expiry` while files are kept (`attachment_retention`), and
    under `download_url` if the operator has put one in front of the page.
    """

    attachments_bucket: str
    link_keys_parameter: str
    malware_protection: bool = False
    link_renewal: bool = False
    stack: str = ""
    sender_address: str = ""
    configuration_set_name: str | None = None
    link_expiry: timedelta = timedelta(0)
    attachment_retention: timedelta = timedelta(0)
    download_url: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> PageResources:
        """Read them back.

        Raises:
            InvalidSettings: naming each variable that is missing or cannot be read.
        """
        return cls(**from_environment(cls, environment))


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingResources:
    """What the function that posts to receivers is given of the deployment.

    `receivers_parameter` names the SSM parameter that holds the receivers; `retry_delay` is how
    long a message waits after its first try, twice as long after each further one.
    """

    stack: str
    receivers_parameter: str
    retry_delay: timedelta

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> PostingResources:
        """Read them back.

        Raises:
            InvalidSettings: naming each variable that is missing or cannot be read.
        """
        return cls(**from_environment(cls, environment))


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchResources:
    """What the function that looks at subscriptions is given of the deployment.

    The topics by ARN, and the e-mail addresses that ought to be subscribed to each.
    """

    alarms_topic_arn: str
    fallback_topic_arn: str
    alarm_emails: tuple[str, ...] = ()
    fallback_emails: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> WatchResources:
        """Read them back.

        Raises:
            InvalidSettings: naming each variable that is missing or cannot be read.
        """
        return cls(**from_environment(cls, environment))
