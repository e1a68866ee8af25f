"""The end of each command's help: examples, and its exit statuses."""

from __future__ import annotations

from collections.abc import Mapping

from .presentation.terminal import EXIT_STATUSES

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "inspect": (
        "relayctl inspect mail.eml",
        "relayctl inspect --json --extract files mail.eml",
        "relayctl inspect --config allowedRecipients=example.com,example.org mail.eml",
        "relayctl inspect --config spamAction=mark - < mail.eml",
        "relayctl inspect --directory live --stack prod mail.eml",
    ),
    "rewrite": (
        "relayctl rewrite mail.eml --recipient anna@example.com",
        "relayctl rewrite mail.eml --recipient anna@example.com > outgoing.eml",
    ),
    "doctor": (
        "relayctl doctor",
        "relayctl doctor --watch",
        "relayctl doctor --json --stack prod",
        "relayctl doctor --ready-file relay.json --dns 127.0.0.1:5353",
    ),
    "send-test": (
        "relayctl send-test",
        "relayctl send-test --to anna@example.com --attach photo.jpg",
        "relayctl send-test --user hall-3 --to anna@example.com",
    ),
    "device-sheet": (
        "relayctl device-sheet",
        "relayctl device-sheet --user hall-3 --html > hall-3.html",
        "relayctl device-sheet --smart-host --with-password",
    ),
    "list": (
        "relayctl list --since 2h",
        "relayctl list --state failed --state refused --since 1d",
        "relayctl list --sender '*.plant.example' --watch",
        "relayctl list --via devices-7f3k9@in.example.com --since 7d",
        "relayctl list --limit 0 | cut -f 3,7",
        "relayctl list --reference K7Q2-MX4P",
    ),
    "show": ("relayctl show 0a1b2c3d4e5f", "relayctl show 0a1b2c3d4e5f --json"),
    "redeliver": (
        "relayctl redeliver 0a1b2c3d4e5f --dry-run",
        "relayctl redeliver 0a1b2c3d4e5f --recipient anna@example.com",
    ),
    "replay": (
        "relayctl replay 0a1b2c3d4e5f",
        "relayctl replay --unannounced --dry-run",
    ),
    "revoke": (
        "relayctl revoke 0a1b2c3d4e5f --recipient anna@example.com",
        "relayctl revoke 0a1b2c3d4e5f --attachment 2 --undo",
    ),
    "extend": (
        "relayctl extend 0a1b2c3d4e5f --hours 48",
        "relayctl extend 0a1b2c3d4e5f --until 2026-01-31T14:00:00Z",
    ),
    "link": ("relayctl link 0a1b2c3d4e5f --recipient anna@example.com",),
    "empty": ("relayctl empty --dry-run", "relayctl empty --stack dev"),
    "dlq list": ("relayctl dlq list", "relayctl dlq list --json"),
    "dlq redrive": ("relayctl dlq redrive 0a1b2c3d4e5f", "relayctl dlq redrive --all"),
    "dlq drop": ("relayctl dlq drop 0a1b2c3d4e5f",),
    "bounces list": ("relayctl bounces list",),
    "directory show": (
        "relayctl directory show",
        "relayctl directory show > recipients.json",
    ),
    "directory check": (
        "relayctl directory check",
        "relayctl directory check --file recipients.json",
    ),
    "directory edit": (
        "relayctl directory edit",
        "relayctl directory edit --file recipients.json --dry-run",
        "relayctl directory edit --file recipients.json --if-version 7 --yes",
    ),
    "bounces clear": ("relayctl bounces clear anna@example.com",),
}


def epilog(command: str, exit_statuses: str = EXIT_STATUSES) -> str:
    """The text at the end of a command's help."""
    # A backspace on a line of its own keeps the lines of a paragraph as they are.
    lines = "\n".join(f"  {example}" for example in EXAMPLES[command])
    return f"\b\nExamples:\n{lines}\n\n{exit_statuses}"
