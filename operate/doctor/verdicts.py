"""What a check says: a status, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How it is. `WARNING` is what works, and may not for long; `UNKNOWN` what was not read."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`found` names the entity; `remedy` is a command or a step, empty where nothing is to do."""

    status: Status
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict, under the name of the check that it is of."""

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


def well(found: str) -> Verdict:
    """All is as it should be."""
    return Verdict(status=Status.OK, found=found)


def warning(found: str, remedy: str) -> Verdict:
    """Mail is relayed, and something is not as it should be."""
    return Verdict(status=Status.WARNING, found=found, remedy=remedy)


def problem(found: str, remedy: str) -> Verdict:
    """Mail is not relayed or not delivered, or nobody hears of it."""
    return Verdict(status=Status.PROBLEM, found=found, remedy=remedy)


def unknown(found: str, remedy: str) -> Verdict:
    """It could not be found out."""
    return Verdict(status=Status.UNKNOWN, found=found, remedy=remedy)


def troubles_or(troubles: Iterable[Verdict], otherwise: str) -> tuple[Verdict, ...]:
    """The troubles; where there are none, that all is well."""
    return tuple(troubles) or (well(otherwise),)
