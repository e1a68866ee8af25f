"""The range of a key in the descriptions of `Pulumi.yaml` is the enforced range."""

from __future__ import annotations

import re
from typing import cast

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are not among the pinned requirements

from infra.configuration.problems import InvalidConfig
from infra.configuration.reader import CONFIG_KEYS
from tests.infra.program import ROOT, changed_config, read_stack

NUMBERS = [key.name for key in CONFIG_KEYS if key.kind.pulumi_type == "integer"]
RANGE = re.compile(r"(\d[\d,]*) to (\d[\d,]*)")


def described_ranges() -> dict[str, tuple[int, int]]:
    """Key → the range that its description gives, for the keys that give one."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    found = {name: RANGE.search(declared[name]["description"]) for name in NUMBERS}
    return {name: _numbers(match) for name, match in found.items() if match}


def enforced_range(name: str) -> tuple[int, int]:
    """The range in the error of a value that no key allows."""
    with pytest.raises(InvalidConfig) as raised:
        read_stack(changed_config({name: -1}))
    (rule,) = (problem.rule for problem in raised.value.problems if problem.field == name)
    return _numbers(cast("re.Match[str]", RANGE.search(rule)))


def _numbers(match: re.Match[str]) -> tuple[int, int]:
    low, high = (int(number.replace(",", "")) for number in match.groups())
    return low, high


def test_a_described_range_is_the_one_that_holds() -> None:
    described = described_ranges()
    assert {"maxRecipients", "incomingRetentionDays", "functionTimeoutSeconds"} <= {*described}
    assert described == {name: enforced_range(name) for name in described}
