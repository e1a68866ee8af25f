"""A list of messages: a line each, at any width."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from operate.presentation.message import present_message
from operate.presentation.message_list import list_lines, present_list
from relay_core.errors import Reason
from relay_core.record.manifest import DeliveryState, Manifest, ManifestState
from tests.operate.manifests import ANNA, BEN, NOW, attached, manifest, to

LONG = "an answer of SES that goes on and on " * 9
WIDTHS = st.integers(80, 240)


def rendered(table: Table, width: int) -> list[str]:
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


def seventeen() -> list[Manifest]:
    return [
        manifest(
            f"{number * 2654435761:010x}4f5a6b7c8d9e0f",
            to(ANNA),
            to(BEN, DeliveryState.FAILED, LONG),
            created_at=NOW - number * timedelta(hours=7),
            sender="ups-07@plant-42.berlin.example.com",
            subject="Battery of UPS 7 is discharged to twelve percent",
        )
        for number in range(17)
    ]


def test_seventeen_messages_take_nineteen_lines_at_eighty_columns() -> None:
    lines = rendered(present_list(seventeen(), NOW, width=80), 80)
    assert len(lines) <= 19
    assert all(len(line) <= 80 for line in lines)
    assert 17 == sum(one.message_id[:12] in line for one in seventeen() for line in lines)
    for words in ("failed", "1/2", "ups-07@", "Battery", "ben@"):
        assert 17 == sum(words in line for line in lines)


def test_a_wide_terminal_shows_moments_as_well() -> None:
    line = rendered(present_list(seventeen(), NOW, width=120), 120)[2]
    assert line.lstrip().startswith("2026-01-02T05:00:00Z   7h  failed")


@pytest.mark.parametrize("width", [80, 120])
@given(st.text(max_size=300), st.text(max_size=300), st.none() | st.text(max_size=300))
def test_whatever_a_mail_says_a_message_is_a_line(
    width: int, subject: str, detail: str, sender: str | None
) -> None:
    message = manifest(
        "m1",
        state=ManifestState.REFUSED,
        reason=Reason.SPAM,
        subject=subject,
        detail=detail,
        sender=sender,
    )
    assert 2 == len(rendered(present_list([message], NOW, width=width), width))
    (line,) = list_lines([message], NOW)
    assert 6 == line.count("\t")
    assert line.replace("\t", "").isprintable()


def test_links_are_shown_only_where_there_are_some() -> None:
    def shown(message: Manifest) -> str:
        console = Console(width=200, highlight=False, markup=False, emoji=False)
        with console.capture() as capture:
            console.print(present_message(message, NOW + timedelta(hours=1)))
        return capture.get()

    file, lost = attached("a.jpg"), attached("b.jpg", failure="too large")
    assert "2026-01-04T00:00:00Z (in 35h): later if" in shown(
        manifest("m1", to(ANNA), attachments=(lost, file))
    )
    for without in (
        manifest("m1", to(ANNA)),
        manifest("m1", to(ANNA), attachments=(lost,)),
        manifest("m1", attachments=(file,)),
    ):
        assert "inks until" not in shown(without)
        assert "2026-01-02T12:00:00Z (60m ago)" in shown(without)
