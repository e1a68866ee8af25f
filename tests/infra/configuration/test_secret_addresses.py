"""No error shows the local part of the secret address, or of a previous one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from infra.configuration.problems import InvalidConfig
from infra.configuration.secret_addresses import SECRET_ADDRESS_KEYS
from infra.configuration.stack_config import ConfigError, load_config, put_together, read_project
from tests.infra.configuration.wrong_values import WRONG
from tests.infra.program import PROJECT, ROOT, changed_config, read_stack


def secret_addresses(config: Mapping[str, object]) -> Iterator[str]:
    """Those of a configuration, under the keys or under misspelt ones."""
    misspelt = {"previousRecipientEmail", "recipentEmail"}
    for key in SECRET_ADDRESS_KEYS | misspelt:
        value = config.get(f"{PROJECT}:{key}", [])
        yield from map(str, value if isinstance(value, list) else [value])


@pytest.mark.parametrize("case", WRONG)
def test_whatever_is_wrong_no_local_part_is_shown(case: str) -> None:
    config = changed_config(WRONG[case][0])
    with pytest.raises(InvalidConfig) as raised:
        read_stack(config)
    # relayctl inspect prints the problems itself
    shown = f"{raised.value} {raised.value.problems}".lower()
    local_parts = {address.partition("@")[0].lower() for address in secret_addresses(config)}
    assert not [one for one in local_parts if one and f"{one}@" in shown]


def test_the_domain_says_which_address_is_wrong() -> None:
    changes = {"recipientEmail": "hush", "previousRecipientEmails": ["hush@in.example.com"] * 2}
    with pytest.raises(InvalidConfig) as raised:
        read_stack(changed_config(changes))
    assert "recipientEmail = '[hidden]': must be an e-mail address" in str(raised.value)
    assert "previousRecipientEmails = ['[hidden]@in.example.com', '[hidden]@" in str(raised.value)
    assert "hush" not in str(raised.value)


def test_of_a_value_that_pulumi_keeps_secret_nothing_is_shown() -> None:
    config = changed_config({"recipientEmail": "hush@x"})
    with pytest.raises(InvalidConfig) as raised:
        read_stack(config, secrets=[f"{PROJECT}:recipientEmail"])
    assert "recipientEmail = [secret]: must be an e-mail address" in str(raised.value)


def test_a_value_of_another_type_is_not_shown_before_the_program_runs() -> None:
    settings = {**load_config(ROOT), "previousRecipientEmails": "hush@in.example.com"}
    with pytest.raises(ConfigError, match="of type array") as raised:
        put_together(read_project(ROOT), settings, {}, source="a file")
    assert "hush" not in str(raised.value)
