"""`relayctl bounces` on a stack on the emulator."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.aws.s3 import suppression_lists
from relay_core.limits.suppression import Cause, Suppressed, SuppressionList
from tests.operate.deployed import Deployed

ENTRIES = tuple(
    Suppressed(
        address=address,
        cause=cause,
        at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        detail="550 5.1.1 user unknown",
    )
    for address, cause in [("anna@example.com", Cause.BOUNCE), ("b@example.net", Cause.COMPLAINT)]
)


def write(deployed: Deployed) -> None:
    lists = suppression_lists(deployed.emulator.client("s3"), deployed.incoming)
    lists.create(SuppressionList(entries=ENTRIES))


def addresses(deployed: Deployed) -> list[str]:
    return [one["address"] for one in deployed.relayctl("bounces", "list", "--json").lines]


def test_without_a_bounce_the_list_is_empty(deployed: Deployed) -> None:
    answer = deployed.relayctl("bounces", "list")
    assert (0, "", "no address is suppressed\n") == (
        answer.status,
        answer.stdout,
        answer.stderr.removeprefix("relayctl: "),
    )


def test_they_are_listed_for_machines_and_for_people(deployed: Deployed) -> None:
    write(deployed)
    first, second = deployed.relayctl("bounces", "list", "--json").lines
    assert {
        "address": "anna@example.com",
        "cause": "bounce",
        "at": "2026-01-02T03:04:00+00:00",
        "detail": "550 5.1.1 user unknown",
    } == first
    assert "complaint" == second["cause"]
    shown = deployed.relayctl("bounces", "list").stdout
    assert "anna@example.com" in shown
    assert "user unknown" in shown


def test_one_is_cleared_whatever_its_letter_case_and_the_others_stay(deployed: Deployed) -> None:
    write(deployed)
    answer = deployed.relayctl("bounces", "clear", "ANNA@example.com", "--yes")
    assert 0 == answer.status
    assert ["b@example.net"] == addresses(deployed)


def test_a_dry_run_prints_and_changes_nothing(deployed: Deployed) -> None:
    write(deployed)
    answer = deployed.relayctl("bounces", "clear", "anna@example.com", "--dry-run")
    assert "anna@example.com: bounce of 2026-01-02T03:04:00Z" in answer.stdout
    assert 2 == len(addresses(deployed))


def test_one_that_is_not_there_is_named_and_nothing_is_done(deployed: Deployed) -> None:
    write(deployed)
    command = ("bounces", "clear", "anna@example.com", "c@example.com", "--yes")
    answer = deployed.relayctl(*command)
    assert 1 == answer.status
    assert "c@example.com: not suppressed; nothing was done" in answer.stderr
    assert 2 == len(addresses(deployed))
