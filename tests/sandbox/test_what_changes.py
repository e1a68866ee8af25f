"""The table in `docs/operating.md` of the effects of each configuration key is correct."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from sandbox.lifecycles import LIFECYCLES, must_be_replaced
from tests.infra.mocked_aws import InAccount
from tests.infra.program import Deployment, run_program
from tests.sandbox.changed_values import EXAMPLES, base_config, changed_config, keys
from tests.sandbox.changes_table import DOCUMENT, WORDS, Effect, documented
from tests.sandbox.deploying import needs_engine
from tests.sandbox.stack_lifecycle import IRREPLACEABLE
from tests.sandbox.what_changes import planned, unwarned

SAMPLE: Mapping[str, tuple[str, ...]] = {
    "dev": (
        *("senderEmail", "linkMode", "createSmtpUser", "createIdentities"),
        *("existingRuleSetName", "customerManagedKey"),
    ),
    "prod": ("recipientEmail", "linkMode", "customerManagedKey", "hostedZoneId"),
}
"""Keys whose changes have the most different effects."""

NAMED = IRREPLACEABLE | {
    "aws:ses/receiptRuleSet:ReceiptRuleSet",
    "aws:sesv2/configurationSet:ConfigurationSet",
    "aws:lambda/function:Function",
}
"""Types that hold mail, or names on which others depend."""

TAKING = {
    "linkMode": {"log group", "**parameter**", "function"},
    "createSmtpUser": {"**parameter**"},
    "existingRuleSetName": {"receipt rule set"},
    "configurationSetName": {"configuration set"},
}
"""Keys whose change deletes such a resource; the table says why."""

ALONE = frozenset({"activateRuleSet", "downloadDomain", "protect", "forceDestroy"})
"""Keys that cannot be changed together with others: the configuration would be invalid."""


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, Effect]]:
    return documented(DOCUMENT.read_text("utf-8"))


def test_every_key_has_its_line(table: dict[str, dict[str, Effect]]) -> None:
    for example in EXAMPLES:
        assert tuple(table[example]) == keys()


@needs_engine
@pytest.mark.parametrize("example", EXAMPLES)
def test_pulumis_engine_plans_what_the_document_says(
    table: dict[str, dict[str, Effect]], example: str
) -> None:
    """`python -m tests.sandbox.what_changes` does this with every key."""
    for plan in planned(example, SAMPLE[example]):
        assert (plan.key, plan.effect) == (plan.key, table[example][plan.key])
        assert (plan.key, unwarned(plan)) == (plan.key, ())


def declared(example: str, config: Mapping[str, object], account: InAccount) -> Deployment:
    return run_program(config, stack=example, account=account)


@cache
def deployed(example: str) -> Deployment:
    """The example, unchanged, in an empty account."""
    return declared(example, base_config(example), InAccount())


def after(example: str, stack: Deployment) -> InAccount:
    """The account once this stack has been deployed in it."""
    return InAccount(
        active_rule_set=f"mail-relay-{example}",
        parameters={
            one.inputs["name"]: str(one.inputs.get("insecureValue", "secret"))
            for one in stack.all("aws:ssm/parameter:Parameter")
        },
        identities={
            one.inputs["emailIdentity"]: True
            for one in stack.all("aws:sesv2/emailIdentity:EmailIdentity")
        },
    )


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("alone", [*sorted(TAKING.keys() | ALONE), ""])
def test_nothing_that_others_know_by_name_is_replaced_or_goes(example: str, alone: str) -> None:
    """By a change of any key, or of the region; most keys are changed together."""
    config = base_config(example)
    before = deployed(example)
    changed = dict(config)
    if alone:
        changed = changed_config(changed, alone, "Z1")
    else:
        for key in (key for key in keys() if key not in TAKING.keys() | ALONE):
            changed = changed_config(changed, key, "Z1")
        changed["aws:region"] = "us-east-1"
    now = declared(example, changed, after(example, before))
    kept = {one.urn: one for one in now.resources}
    gone = set()
    for one in (one for one in before.resources if one.type in NAMED):
        if one.urn not in kept:
            gone.add(one.type)
        else:
            assert not must_be_replaced(LIFECYCLES[one.type], one.inputs, kept[one.urn].inputs), (
                one.name
            )
    assert {WORDS[type_] for type_ in gone} == TAKING.get(alone, set())
