"""The account before the deployment: creates what the configuration assumes to exist.

On AWS, these resources are created once, by hand or by another program. The emulator starts empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sesv2 import SESV2Client


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
