"""The verdict of a check: a status, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

RESTORE = "'pulumi refresh', then 'pulumi up'"
"""The remedy where a resource is missing, or is not as the program declares it."""


class Status(StrEnum):
    """`WARNING`: it works, but may fail soon. `UNKNOWN`: it could not be read."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A status. `found` names the entity; `remedy` is a command or a step, empty for `OK`."""

    status: Status
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict, and the name of its check."""

    check: str
    verdict: Verdict

    def to_json(self) -> dict[str, str]:
        """The finding as `--json` prints it."""
        return {
            "check": self.check,
            "status": self.verdict.status,
            "found": self.verdict.found,
            "remedy": self.verdict.remedy,
        }


def ok(found: str) -> Verdict:
    """The check found nothing wrong."""
    return Verdict(status=Status.OK, found=found)


def warning(found: str, remedy: str) -> Verdict:
    """Mail is relayed, but something is wrong."""
    return Verdict(status=Status.WARNING, found=found, remedy=remedy)


def problem(found: str, remedy: str) -> Verdict:
    """Mail is not relayed, is not delivered, or no subscriber receives the notice of that."""
    return Verdict(status=Status.PROBLEM, found=found, remedy=remedy)


def unknown(found: str, remedy: str) -> Verdict:
    """The facts could not be read."""
    return Verdict(status=Status.UNKNOWN, found=found, remedy=remedy)


def problems_or_ok(problems: Iterable[Verdict], otherwise: str) -> tuple[Verdict, ...]:
    """The troubles, or one verdict `ok` with the text `otherwise` if there are none."""
    return tuple(problems) or (ok(otherwise),)
