"""SES: the lives of receipt rules and rule sets, identities and configuration sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import ses as create

from .lifecycle import (
    Change,
    Existing,
    Lifecycle,
    Updater,
    deleted_by,
    found_by,
    keep_resource,
    updated_by,
    updated_by_put,
)

_RULE = (
    "enabled",
    "recipients",
    "s3Actions",
    "scanEnabled",
    "snsActions",
    "stopActions",
    "tlsPolicy",
)


def _update_rule(change: Change, account: Account) -> Mapping[str, Any]:
    account.client("ses").update_receipt_rule(
        RuleSetName=change.new.require("ruleSetName"), Rule=create.rule(change.new, account)
    )
    return {}


def _read_rule(rule: Existing, account: Account) -> Mapping[str, Any]:
    found = account.client("ses").describe_receipt_rule(
        RuleSetName=rule.state["ruleSetName"], RuleName=rule.id
    )["Rule"]
    return {"enabled": found["Enabled"], "recipients": found.get("Recipients", [])}


def _read_active(_active: Existing, account: Account) -> Mapping[str, Any] | None:
    found = account.client("ses").describe_active_receipt_rule_set()
    name = found.get("Metadata", {}).get("Name")
    return {"ruleSetName": name} if name else None


def _deactivate(_active: Existing, account: Account) -> None:
    """Deactivate any active set, as the provider does."""
    account.client("ses").set_active_receipt_rule_set()


def _default_set(change: Change, account: Account) -> Mapping[str, Any]:
    create.set_default(change.new, account)
    return {}


def _options(kind: str) -> Updater:
    def update(change: Change, account: Account) -> Mapping[str, Any]:
        parameters = create.configuration_set_parameters(change.new)
        put = getattr(account.client("sesv2"), f"put_configuration_set_{kind}_options")
        put(ConfigurationSetName=change.id, **parameters.get(f"{kind.title()}Options", {}))
        return {}

    return update


def _update_destination(change: Change, account: Account) -> Mapping[str, Any]:
    account.client("sesv2").update_configuration_set_event_destination(
        ConfigurationSetName=change.new.require("configurationSetName"),
        EventDestinationName=change.new.require("eventDestinationName"),
        EventDestination=create.destination(change.new, account),
    )
    return {}


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:ses/receiptRuleSet:ReceiptRuleSet": Lifecycle(
        create=create.receipt_rule_set,
        read=found_by("ses", "describe_receipt_rule_set", RuleSetName="id"),
        delete=deleted_by("ses", "delete_receipt_rule_set", RuleSetName="id"),
        source="internal/service/ses/receipt_rule_set.go",
        replaced_by=frozenset({"ruleSetName"}),
    ),
    "aws:ses/receiptRule:ReceiptRule": Lifecycle(
        create=create.receipt_rule,
        read=_read_rule,
        delete=deleted_by("ses", "delete_receipt_rule", RuleSetName="ruleSetName", RuleName="id"),
        source="internal/service/ses/receipt_rule.go",
        replaced_by=frozenset({"name", "ruleSetName"}),
        updates=updated_by(_update_rule, *_RULE),
        named_by="name",
    ),
    "aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet": Lifecycle(
        create=create.active_receipt_rule_set,
        read=_read_active,
        delete=_deactivate,
        source="internal/service/ses/active_receipt_rule_set.go",  # the name changes in place
        updates=updated_by_put(create.active_receipt_rule_set, "ruleSetName"),
    ),
    "aws:sesv2/emailIdentity:EmailIdentity": Lifecycle(
        create=create.email_identity,
        read=found_by("sesv2", "get_email_identity", EmailIdentity="id"),
        delete=deleted_by("sesv2", "delete_email_identity", EmailIdentity="id"),
        source="internal/service/sesv2/email_identity.go",
        replaced_by=frozenset({"emailIdentity"}),
        updates=updated_by(_default_set, "configurationSetName"),
    ),
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": Lifecycle(
        create=create.feedback_attributes,
        read=found_by("sesv2", "get_email_identity", EmailIdentity="emailIdentity"),
        delete=keep_resource,  # nothing was set (`create.ses`)
        source="internal/service/sesv2/email_identity_feedback_attributes.go",
        replaced_by=frozenset({"emailIdentity"}),
        updates=updated_by_put(create.feedback_attributes, "emailForwardingEnabled"),
    ),
    "aws:sesv2/configurationSet:ConfigurationSet": Lifecycle(
        create=create.configuration_set,
        read=found_by("sesv2", "get_configuration_set", ConfigurationSetName="id"),
        delete=deleted_by("sesv2", "delete_configuration_set", ConfigurationSetName="id"),
        source="internal/service/sesv2/configuration_set.go",
        replaced_by=frozenset({"configurationSetName"}),
        updates={
            **updated_by(_options("delivery"), "deliveryOptions"),
            **updated_by(_options("suppression"), "suppressionOptions"),
        },
    ),
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": Lifecycle(
        create=create.event_destination,
        read=found_by(
            "sesv2",
            "get_configuration_set_event_destinations",
            ConfigurationSetName="configurationSetName",
        ),
        delete=deleted_by(
            "sesv2",
            "delete_configuration_set_event_destination",
            ConfigurationSetName="configurationSetName",
            EventDestinationName="eventDestinationName",
        ),
        source="internal/service/sesv2/configuration_set_event_destination.go",
        replaced_by=frozenset({"configurationSetName", "eventDestinationName"}),
        updates=updated_by(_update_destination, "eventDestination"),
    ),
    "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes": Lifecycle(
        create=create.mail_from_attributes,
        read=found_by("sesv2", "get_email_identity", EmailIdentity="emailIdentity"),
        delete=keep_resource,  # nothing was set (`create.ses`)
        source="internal/service/sesv2/email_identity_mail_from_attributes.go",
        replaced_by=frozenset({"emailIdentity"}),
        updates=updated_by_put(
            create.mail_from_attributes, "behaviorOnMxFailure", "mailFromDomain"
        ),
    ),
}
