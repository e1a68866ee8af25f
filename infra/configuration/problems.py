"""The problems of a configuration, all reported together."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

import pulumi
from pulumi.runtime import is_config_secret

from relay_core.environment import Problem

from .secret_addresses import SECRET_ADDRESS_KEYS, hide_local_parts


def key_name(field_name: str) -> str:
    """The configuration key that a field of `StackConfig` holds."""
    first, *rest = field_name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class InvalidConfig(pulumi.RunError):
    """The configuration breaks rules; `problems` holds every one, by configuration key.

    Their values have no local part of a secret address. As a `RunError`, Pulumi shows its text
    without a traceback.
    """

    def __init__(self, project: str, problems: tuple[Problem, ...]) -> None:
        problems = tuple(map(_hidden, problems))
        lines = (f"  {p.field} = {_shown(project, p)}: {p.rule}" for p in problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            "\n".join((f"the configuration of the stack cannot be used ({count}):", *lines))
        )
        self.problems = problems


def _hidden(problem: Problem) -> Problem:
    if problem.field not in SECRET_ADDRESS_KEYS:
        return problem
    return replace(problem, value=hide_local_parts(problem.value))


def _shown(project: str, problem: Problem) -> str:
    if is_config_secret(f"{project}:{problem.field}"):
        return "[secret]"
    value = problem.value.value if isinstance(problem.value, Enum) else problem.value
    return "(not set)" if value is None else repr(value)
