"""The active rule set and shared resources over a stack's life, by Pulumi's own engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.configuration.stack_config import load_config
from sandbox.deploy.program import PROGRAM
from sandbox.emulator.running import Emulator
from sandbox.engine.stack import Engine, running
from tests.sandbox.deploying import needs_engine

OWN = "mail-relay-life"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator.start(tmp_path, worker_environment={}, region="eu-central-1") as it:
        yield it


@pytest.fixture
def engine(emulator: Emulator, tmp_path: Path) -> Iterator[Engine]:
    with running(emulator, tmp_path / "engine") as it:
        yield it


def active(emulator: Emulator) -> str | None:
    found = emulator.client("ses").describe_active_receipt_rule_set()
    name: str | None = found.get("Metadata", {}).get("Name")
    return name


def rules(emulator: Emulator, rule_set: str) -> list[str]:
    found = emulator.client("ses").describe_receipt_rule_set(RuleSetName=rule_set)
    return [rule["Name"] for rule in found["Rules"]]


def relied_on(emulator: Emulator) -> tuple[set[str], dict[str, str]]:
    """The identities, and the keys with their states."""
    kms = emulator.client("kms")
    identities = emulator.client("sesv2").list_email_identities()["EmailIdentities"]
    keys = [one["KeyId"] for one in kms.list_keys()["Keys"]]
    return (
        {one["IdentityName"] for one in identities},
        {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys},
    )


@needs_engine
def test_a_stack_keeps_its_set_active_moves_without_a_gap_and_leaves_others_alone(
    emulator: Emulator, engine: Engine
) -> None:
    ses = emulator.client("ses")
    for name in ("shared", "theirs"):
        ses.create_receipt_rule_set(RuleSetName=name)
    config = {**load_config(PROGRAM.parent), "mail-relay:customerManagedKey": True}
    stack = engine.stack("life", config)
    stack.up()
    assert active(emulator) == OWN

    # Another owner deactivates it. The next deployment warns and corrects only that.
    ses.set_active_receipt_rule_set()
    mended = stack.up()
    assert active(emulator) == OWN
    assert any("it was changed outside of Pulumi" in text for text in mended.warnings)
    assert {kind for kind in mended.changes if kind != "same"} == {"update"}

    # The stack moves to another owner's set in one step: there is always an active set.
    asked: list[str | None] = []
    ses.meta.events.register(
        "before-parameter-build.ses.SetActiveReceiptRuleSet",
        lambda params, **_: asked.append(params.get("RuleSetName")),
    )
    # The old rule is deleted only after the new set is active.
    taken_away: list[tuple[str, str | None]] = []
    ses.meta.events.register(
        "before-parameter-build.ses.DeleteReceiptRule",
        lambda params, **_: taken_away.append((params["RuleSetName"], active(emulator))),
    )
    # After a destroy, identities and keys remain, whatever the configuration says then.
    kept = relied_on(emulator)
    stack.configure(
        {
            **config,
            "mail-relay:existingRuleSetName": "shared",
            "mail-relay:createIdentities": False,
            "mail-relay:customerManagedKey": False,
        }
    )
    stack.up()
    assert relied_on(emulator) == kept
    assert active(emulator) == "shared"
    assert asked == ["shared"]
    assert taken_away == [(OWN, "shared")]
    assert rules(emulator, "shared") == [f"{OWN}-incoming"]

    # A destroy leaves another active set active.
    ses.set_active_receipt_rule_set(RuleSetName="theirs")
    stack.destroy()
    assert active(emulator) == "theirs"
    assert rules(emulator, "shared") == []
    names = {one["Name"] for one in ses.list_receipt_rule_sets()["RuleSets"]}
    assert names == {"shared", "theirs"}
