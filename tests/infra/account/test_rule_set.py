"""The account's active receipt rule set."""

from __future__ import annotations

import pytest

from infra.account.account_plan import AnotherRuleSetIsActive, CannotDeploy
from tests.infra.account.deployments import RULE_SET, after, deploy_in
from tests.infra.mocked_aws import EMPTY, InAccount


def test_the_place_of_another_rule_set_is_not_taken_and_the_ways_out_are_reported() -> None:
    with pytest.raises(AnotherRuleSetIsActive) as raised:
        deploy_in(InAccount(active_rule_set="theirs"))
    text = str(raised.value)
    assert "the receipt rule set theirs is active" in text
    assert "set existingRuleSetName to theirs and activateRuleSet to false" in text
    assert "set replaceActiveRuleSet to true" in text


def test_both_ways_out_are_ways_out() -> None:
    theirs = InAccount(active_rule_set="theirs")
    beside = deploy_in(theirs, existingRuleSetName="theirs", activateRuleSet=False)
    assert (beside.all(RULE_SET), beside.warnings) == ((), ())
    assert deploy_in(theirs, replaceActiveRuleSet=True).all(RULE_SET)


@pytest.mark.parametrize("active", [None, "mail-relay-dev"])
def test_no_active_rule_set_and_our_own_cause_no_warning(active: str | None) -> None:
    assert deploy_in(InAccount(active_rule_set=active)).warnings == ()


@pytest.mark.parametrize(
    ("active", "named"), [(None, "no receipt rule set"), ("theirs", "the receipt rule set theirs")]
)
def test_a_rule_set_that_is_not_activated_causes_a_warning_that_it_receives_no_mail(
    active: str | None, named: str
) -> None:
    stack = deploy_in(InAccount(active_rule_set=active), activateRuleSet=False)
    again = deploy_in(after(stack, rule_set=active), activateRuleSet=False)
    for warnings in (stack.warnings, again.warnings):
        (warning,) = warnings
        assert warning.startswith(f"activateRuleSet is false, and {named} is active in this")
        assert ": until this stack's mail-relay-dev is activated, SES receives no" in warning


@pytest.mark.parametrize(
    ("active", "named"), [(None, "no receipt rule set"), ("other", "the receipt rule set other")]
)
def test_a_rule_in_a_set_that_is_not_active_is_warned_about(
    active: str | None, named: str
) -> None:
    account = InAccount(active_rule_set=active)
    (warning,) = deploy_in(account, existingRuleSetName="shared", activateRuleSet=False).warnings
    assert warning.startswith("existingRuleSetName is shared")
    assert f"but {named} is active in this account and region: until shared is" in warning


@pytest.mark.parametrize("active", [None, "theirs"])
def test_a_stack_whose_set_was_deactivated_says_so_and_activates_it_again(
    active: str | None,
) -> None:
    account = after(deploy_in(EMPTY), rule_set=active)
    (warning,) = deploy_in(account, replaceActiveRuleSet=True).warnings
    named = f"the receipt rule set {active}" if active else "no receipt rule set"
    assert warning.startswith(f"{named} is active in this account and region")
    assert "This deployment activates mail-relay-dev again" in warning


def test_a_move_to_a_shared_set_is_one_step() -> None:
    account = after(deploy_in(EMPTY))
    assert deploy_in(account, existingRuleSetName="shared").warnings == ()
    with pytest.raises(CannotDeploy, match="set activateRuleSet to true"):
        deploy_in(account, existingRuleSetName="shared", activateRuleSet=False)


def test_that_mail_will_be_refused_is_reported_before() -> None:
    (warning,) = deploy_in(after(deploy_in(EMPTY)), activateRuleSet=False).warnings
    assert "deactivates it, and SES refuses all mail of this region from then on" in warning


def test_the_set_of_another_stack_is_warned_about() -> None:
    account = InAccount(active_rule_set="mail-relay-prod")
    (warning,) = deploy_in(
        account, existingRuleSetName="mail-relay-prod", activateRuleSet=False
    ).warnings
    assert "when that stack is destroyed, the set is deleted" in warning


def test_a_region_that_is_not_known_to_receive_is_tried() -> None:
    (warning,) = deploy_in(EMPTY, **{"aws:region": "eu-south-2"}).warnings
    assert warning.startswith("aws:region is eu-south-2")
