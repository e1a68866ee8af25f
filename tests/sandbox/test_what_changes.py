"""`docs/operating.md` says for each configuration key what a change of it does, and is right."""

from __future__ import annotations

import pytest

from tests.sandbox.deploying import needs_engine
from tests.sandbox.what_changes import (
    DOCUMENT,
    STACKS,
    Effect,
    documented,
    effects,
    keys,
    planned,
)

MAY_LOSE = {
    "createIdentities",
    "createSmtpUser",
    "customerManagedKey",
    "linkMode",
    "senderEmail",
}
"""The keys whose change deletes what holds mail or names; the document gives each its reason."""

SAMPLE = ("linkExpiryHours", "linkMode", "senderEmail")


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, Effect]]:
    return documented(DOCUMENT.read_text("utf-8"))


def test_every_key_has_its_line(table: dict[str, dict[str, Effect]]) -> None:
    for example in STACKS:
        assert tuple(table[example]) == keys()


@pytest.mark.parametrize(("example", "wanted"), [("dev", keys()[::8]), ("prod", keys()[4::8])])
def test_the_lines_are_what_the_program_declares(
    table: dict[str, dict[str, Effect]], example: str, wanted: tuple[str, ...]
) -> None:
    """`python -m tests.sandbox.what_changes` prints what is to stand there."""
    assert dict(effects(example, wanted)) == {key: table[example][key] for key in wanted}


def test_nothing_that_holds_mail_or_names_goes_without_a_reason(
    table: dict[str, dict[str, Effect]],
) -> None:
    text = DOCUMENT.read_text("utf-8")
    for example in STACKS:
        going = {
            key
            for key, effect in table[example].items()
            if "**" in effect.deleted or "log group" in effect.deleted
        }
        assert going <= MAY_LOSE
    for key in MAY_LOSE:
        assert f"`{key}`" in text.partition("### What a change")[2].partition("| key |")[0]


@needs_engine
def test_pulumis_engine_plans_the_same(table: dict[str, dict[str, Effect]]) -> None:
    assert dict(planned("dev", SAMPLE)) == {key: table["dev"][key] for key in SAMPLE}
