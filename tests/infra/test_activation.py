"""A stack deactivates only its own rule set, and keeps that one active."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import dill  # type: ignore[import-untyped]  # it carries no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.activation import ActivationProvider, AnotherAccount
from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

ACTIVE = "aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet"
ACTIVATION = "pulumi-python:dynamic/ses:Activation"
RULE = "aws:ses/receiptRule:ReceiptRule"
NAMES = st.sampled_from(["ours", "theirs", "shared", None])


@dataclass
class Ses:
    """An account's active rule set, in the answers of SES and STS."""

    active: str | None
    account: str = ACCOUNT

    def __call__(self, _service: str) -> Ses:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self.account}

    def describe_active_receipt_rule_set(self) -> dict[str, Any]:
        return {"Metadata": {"Name": self.active}} if self.active else {}

    def set_active_receipt_rule_set(self, **arguments: str) -> None:
        self.active = arguments.get("RuleSetName")


def provider(ses: Ses) -> ActivationProvider:
    found = ActivationProvider()
    found.client = ses
    return found


def properties(name: str = "ours", *, is_own: bool = True) -> dict[str, Any]:
    return {"ruleSetName": name, "isOwn": is_own, "account": ACCOUNT}


@given(NAMES, st.booleans())
def test_only_an_own_set_is_deactivated(active: str | None, is_own: bool) -> None:  # noqa: FBT001
    ses = Ses(active)
    provider(ses).delete("activation", properties(is_own=is_own))
    assert ses.active == (None if is_own and active == "ours" else active)


@given(NAMES)
def test_whatever_is_active_the_set_is_afterwards(active: str | None) -> None:
    for change in ("create", "update"):
        ses = Ses(active)
        if change == "create":
            provider(ses).create(properties())
        else:
            provider(ses).update("activation", properties("before"), properties())
        assert ses.active == "ours"


@given(NAMES)
def test_a_change_by_others_is_seen_at_the_next_deployment(active: str | None) -> None:
    found = provider(Ses(active)).diff("activation", properties(), properties())
    assert found.changes is (active != "ours")


def test_a_change_of_the_configuration_is_seen_though_nothing_is_to_be_activated() -> None:
    shared = properties(is_own=False)
    assert provider(Ses("ours")).diff("activation", properties(), shared).changes is True


@pytest.mark.parametrize("call", ["create", "diff", "update", "delete"])
def test_nothing_is_done_in_another_account(call: str) -> None:
    ses = Ses("ours", account="999999999999")
    before: dict[str, tuple[object, ...]] = {
        "create": (),
        "delete": ("id",),
        "diff": ("id", properties()),
        "update": ("id", {}),
    }
    with pytest.raises(AnotherAccount, match=r"to account 123456789012, but .* 999999999999"):
        getattr(provider(ses), call)(*before[call], properties())
    assert ses.active == "ours"


def test_the_set_is_made_active_once_its_rule_is_there(dev: Deployment) -> None:
    active, own = dev.one(ACTIVE), dev.one(ACTIVATION)
    assert active.inputs == {"ruleSetName": "mail-relay-dev"}
    assert dev.one(RULE).urn in active.dependencies
    # A deletion by the provider would deactivate whichever set is active.
    assert active.retain_on_delete
    assert not own.retain_on_delete
    assert active.urn in own.dependencies
    assert {key: own.inputs[key] for key in ("ruleSetName", "isOwn", "account")} == properties(
        "mail-relay-dev"
    )
    assert dev.exports["receiptRuleSet"] == "mail-relay-dev"


def test_what_pulumi_keeps_of_the_provider_is_its_name_and_no_secret(dev: Deployment) -> None:
    own = dev.one(ACTIVATION)
    assert "__provider" not in own.secret_inputs
    kept = base64.b64decode(own.inputs["__provider"])
    assert len(kept) < 200
    assert isinstance(dill.loads(kept), ActivationProvider)  # noqa: S301 (written just now)


def test_a_shared_set_is_made_active_and_never_deactivated(deploy: Deploy) -> None:
    stack = deploy(existingRuleSetName="shared")
    assert stack.one(ACTIVE).inputs == {"ruleSetName": "shared"}
    own = stack.one(ACTIVATION).inputs
    assert (own["ruleSetName"], own["isOwn"]) == ("shared", False)


def test_nothing_is_made_active_if_so_configured(deploy: Deploy) -> None:
    for changes in ({}, {"existingRuleSetName": "shared"}):
        stack = deploy(activateRuleSet=False, **changes)
        assert (stack.all(ACTIVE), stack.all(ACTIVATION)) == ((), ())
