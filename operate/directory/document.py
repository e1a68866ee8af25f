"""Errors in a recipient directory before it is written, including those that workers tolerate.

If a document cannot be read, a worker continues with its last directory and the alarm `directory`
fires. A wrong entry causes refusals. `relayctl` writes neither of the two.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from relay_core.policy.directory import UnreadableDirectory, directory_problems, parse_directory

from .lines import find_lines

MAX_BYTES = 8192
"""The limit of an advanced parameter (AWS General Reference, "Systems Manager quotas")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentProblem:
    """One wrong place: its line (1 is the first), what is there, and the rule that it breaks.

    With `fires_alarm` no worker can read the document, and the alarm `directory` fires.
    """

    line: int
    place: str
    rule: str
    fires_alarm: bool

    def __str__(self) -> str:
        return f"line {self.line}: {self.place}: {self.rule}"


def find_problems(document: str) -> tuple[DocumentProblem, ...]:
    """Every place for which the document must not be written, in the order of its lines.

    A document that is too long is not read: the result is one error, about its size.
    """
    return tuple(sorted(_wrong(document), key=lambda one: one.line))


def _wrong(document: str) -> Iterator[DocumentProblem]:
    size = len(document.encode())
    if size > MAX_BYTES:
        yield DocumentProblem(
            line=document.count("\n") + 1,
            place="the document",
            rule=(
                f"has {size} bytes; an SSM parameter can have at most {MAX_BYTES}: name domains"
                " instead of senders, and groups instead of addresses"
            ),
            fires_alarm=False,
        )
        return
    try:
        directory = parse_directory(document)
    except UnreadableDirectory as error:
        yield DocumentProblem(
            line=_line(document, error.place), place=error.place, rule=error.rule, fires_alarm=True
        )
        return
    lines = find_lines(document)
    for problem in directory_problems(directory):
        yield DocumentProblem(
            line=lines.get(problem.place.lower(), 1),
            place=problem.place,
            rule=problem.rule,
            fires_alarm=False,
        )


def _line(document: str, place: str) -> int:
    """The line of a place in a document that cannot be read."""
    try:
        json.loads(document)
    except json.JSONDecodeError as error:
        return error.lineno
    except (ValueError, RecursionError):
        return 1
    return find_lines(document).get(place.lower(), 1)


def show_changes(before: str, after: str) -> list[str]:
    """The changes from one document to the other, a line each; empty if they are equal."""
    old, new = before.strip().splitlines(), after.strip().splitlines()
    changes = difflib.unified_diff(old, new, "the live document", "the new one", lineterm="")
    return list(changes)
