"""The names of SMTP users: their form, and their length with the stack's name."""

from __future__ import annotations

import pytest

from infra.configuration.problems import InvalidConfig
from infra.configuration.smtp_users import SmtpUserName, read_smtp_user
from tests.infra.program import PROJECT, changed_config, read_stack


@pytest.mark.parametrize(
    ("entry", "name", "version"),
    [
        ("hall-3", "hall-3", None),
        ("gate:2", "gate", 2),
        ("a", "a", None),
        ("a1:999999", "a1", 999_999),
    ],
)
def test_an_entry_is_a_name_and_perhaps_a_number(
    entry: str, name: str, version: int | None
) -> None:
    assert SmtpUserName(name=name, version=version) == read_smtp_user(entry)


@pytest.mark.parametrize(
    "entry",
    ["", "3", "-a", "a-", "a--b", "A", "a b", "a:", "a:0", "a:01", "a:1000000", "a" * 21, "a\n"],
)
def test_anything_else_is_none(entry: str) -> None:
    assert read_smtp_user(entry) is None


def test_the_name_of_an_smtp_user_fits_into_iam_with_that_of_the_stack() -> None:
    # mail-relay-…-devices-NAME-1-1234567: 64 characters at most
    stack, name = "production-eu-central", "h" * 13
    assert len(f"{PROJECT}-{stack}-devices-{name}-1-1234567") == 64
    read_stack(changed_config({"smtpUsers": [name]}), stack=stack)
    with pytest.raises(InvalidConfig) as raised:
        read_stack(changed_config({"smtpUsers": [f"{name}h"]}), stack=stack)
    (problem,) = raised.value.problems
    assert "smtpUsers" == problem.field
    assert "at most 13 characters: IAM takes 64" in problem.rule
