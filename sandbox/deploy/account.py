"""The account before the deployment: creates what the configuration assumes to exist.

On AWS, these resources are created once, by hand or by another program. The emulator starts empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sesv2 import SESV2Client

    from sandbox.create import Account


def prepare_account(*, ses: SESClient, sesv2: SESV2Client, config: Mapping[str, Any]) -> None:
    """Create the rule set, verified domains and configuration set that `config` names.

    `config` has full names. An existing rule set is an active one.
    """

    def value(key: str) -> Any:  # noqa: ANN401 (whatever the configuration holds)
        return config.get(f"mail-relay:{key}")

    if rule_set := value("existingRuleSetName"):
        ses.create_receipt_rule_set(RuleSetName=rule_set)
        ses.set_active_receipt_rule_set(RuleSetName=rule_set)
    if value("createIdentities") is False:
        addresses = (str(value("senderEmail")), str(value("recipientEmail")))
        for domain in dict.fromkeys(a.rpartition("@")[2].lower() for a in addresses):
            sesv2.create_email_identity(EmailIdentity=domain)
    if configuration_set := value("configurationSetName"):
        sesv2.create_configuration_set(ConfigurationSetName=configuration_set)


def with_zone(config: dict[str, object], account: Account) -> dict[str, object]:
    """The configuration with the id of a zone that the emulator has, if it names one.

    Route 53 makes up the ids of its zones. This one holds all domains of the configuration, or
    only the last of them if they have not even the top-level domain in common.
    """
    if not config.get("mail-relay:hostedZoneId"):
        return config
    domains = [
        str(config[f"mail-relay:{key}"]).rpartition("@")[2].lower().split(".")[::-1]
        for key in ("senderEmail", "recipientEmail", "downloadDomain")
        if config.get(f"mail-relay:{key}")
    ]
    levels = takewhile(lambda labels: len({*labels}) == 1, zip(*domains, strict=False))
    name = ".".join(reversed([label for label, *_ in levels] or domains[-1]))
    made = account.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    return {**config, "mail-relay:hostedZoneId": zone_id}
