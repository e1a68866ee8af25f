"""Warnings before a changed configuration key deletes what links or devices still use.

Pulumi's plan lists a deleted parameter, but not what stops working without it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from infra.configuration.config import StackConfig
from infra.mail import smtp_user
from infra.storage import link_keys


def removed_parameters(config: StackConfig) -> Mapping[str, str]:
    """The parameters that this configuration removes: by name, the effect of their deletion."""
    found = {}
    if not config.has_page:
        name = link_keys.parameter_name(config.project, config.stack)
        found[name] = (
            f"linkMode is {config.link_mode}, but this stack has a download page: this deployment"
            f" deletes the page, its log group, and the parameter {name} with the keys of its"
            " links. Every link to the page that was sent before stops working"
        )
    if not config.create_smtp_user:
        name = smtp_user.parameter_name(config.project, config.stack)
        found[name] = (
            "createSmtpUser is false, but this stack has SMTP credentials: this deployment deletes"
            f" them and the parameter {name}. Devices can no longer log in with them"
        )
    return found


def removed_smtp_users(config: StackConfig, present: Collection[str]) -> Iterator[str]:
    """The effects of deleting the SMTP users `present` that the configuration does not name."""
    for user in sorted(set(present) - {one.name for one in config.named_smtp_users}):
        name = smtp_user.parameter_name(config.project, config.stack, user)
        yield (
            f"smtpUsers does not name {user}, but this stack has an SMTP user of that name: this"
            f" deployment deletes it, its credentials and the parameter {name}. Devices can no"
            " longer log in with them"
        )
