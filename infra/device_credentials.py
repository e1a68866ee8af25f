"""The SMTP credentials of devices: common ones, and those of the named users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from .configuration.config import StackConfig
from .mail.smtp_user import SmtpUser, SmtpUserArgs, parameter_name


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCredentials:
    """Declares the users; `prefix` begins their names."""

    config: StackConfig
    account: pulumi.Input[str]
    inbound_addresses: pulumi.Input[Sequence[str]]
    prefix: str

    def declare(self, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.Input[object]]:
        """Declare the configured users; return the outputs that name their parameters."""
        config = self.config
        shared: pulumi.Input[str] = ""
        if config.create_smtp_user:
            version = config.smtp_credentials_version
            shared = self._user(None, version, opts)
        by_name = {
            one.name: self._user(one.name, one.version or config.smtp_credentials_version, opts)
            for one in config.named_smtp_users
        }
        return {
            "smtpCredentialsParameter": shared,
            # The parameter of each named user, by name.
            "smtpUserParameters": by_name,
        }

    def _user(
        self, user: str | None, version: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        config = self.config
        return SmtpUser(
            f"{self.prefix}-devices" if user is None else f"{self.prefix}-devices-{user}",
            SmtpUserArgs(
                inbound_addresses=self.inbound_addresses,
                region=config.region,
                account=self.account,
                parameter_name=parameter_name(config.project, config.stack, user),
                version=version,
                holder=(
                    "the devices; rotate them by smtpCredentialsVersion"
                    if user is None
                    else f"the devices of {user}; rotate them by smtpUsers"
                ),
            ),
            opts,
        ).parameter_name
