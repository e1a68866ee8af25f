"""IAM's evaluation of identity policies, as far as SES's actions need it.

An explicit Deny has precedence over an Allow, and without either the request is denied (IAM User
Guide, "Policy evaluation logic"). If this evaluator does not know a condition operator, it denies:
an Allow with it does not allow, and a Deny with it denies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Policy = Mapping[str, Any]
"""A policy document, as parsed JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One action on one resource (an ARN); `context` maps condition keys to their values."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]]


def is_allowed(request: Request, policies: Iterable[Policy]) -> bool:
    """Whether the identity policies of the caller allow the request."""
    allowed = False
    for statement in (s for policy in policies for s in _listed(policy.get("Statement"))):
        if not _covers(statement, request):
            continue
        if statement.get("Effect") == "Allow":
            allowed = allowed or _conditions_hold(statement, request, unknown=False)
        elif _conditions_hold(statement, request, unknown=True):
            return False
    return allowed


def parse_policy(document: str | Mapping[str, Any]) -> Policy:
    """A policy document from JSON text, or parsed as boto3 returns it."""
    if isinstance(document, str):
        parsed: Policy = json.loads(document)
        return parsed
    return document


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 (JSON: in IAM, a single value means a list of one)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _covers(statement: Mapping[str, Any], request: Request) -> bool:
    def matches(element: str, value: str, *, ignore_case: bool) -> bool:
        if element in statement:
            return any(_like(p, value, ignore_case) for p in _listed(statement[element]))
        negated = _listed(statement.get(f"Not{element}"))
        return bool(negated) and not any(_like(p, value, ignore_case) for p in negated)

    # Actions are not case-sensitive, resources are (IAM User Guide, "Resource").
    return matches("Action", request.action, ignore_case=True) and matches(
        "Resource", request.resource, ignore_case=False
    )


def _like(pattern: str, value: str, ignore_case: bool) -> bool:  # noqa: FBT001 (it is passed on)
    return bool(_compiled(pattern, ignore_case).fullmatch(value))


@lru_cache(maxsize=512)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 (it is passed on)
    wildcards = {"*": ".*", "?": "."}
    pieces = re.findall(r"\$\{([*?$])\}|(.)", pattern, re.DOTALL)  # ${*} is a star
    expression = "".join(
        re.escape(literal) if literal else wildcards.get(char) or re.escape(char)
        for literal, char in pieces
    )
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringEqualsIgnoreCase": lambda pattern, value: pattern.lower() == value.lower(),
    "StringLike": lambda pattern, value: _like(pattern, value, ignore_case=False),
    "ArnEquals": lambda pattern, value: _like(pattern, value, ignore_case=False),
    "ArnLike": lambda pattern, value: _like(pattern, value, ignore_case=False),
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
}
_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")


def _conditions_hold(statement: Mapping[str, Any], request: Request, *, unknown: bool) -> bool:
    """Whether every condition holds; `unknown` is the result for unknown operators."""
    context = {key.lower(): values for key, values in request.context.items()}
    return all(
        _condition_holds(name, _strings(expected), context.get(key.lower(), ()), unknown=unknown)
        for name, keys in (statement.get("Condition") or {}).items()
        for key, expected in keys.items()
    )


def _strings(expected: Any) -> list[str]:  # noqa: ANN401 (JSON: IAM compares everything as text)
    return [
        str(item).lower() if isinstance(item, bool) else str(item) for item in _listed(expected)
    ]


def _condition_holds(
    name: str, expected: list[str], values: tuple[str, ...], *, unknown: bool
) -> bool:
    if name == "Null":
        return (not values) == (expected == ["true"])
    parts = _OPERATOR.fullmatch(name)
    if parts is None:
        return unknown
    quantifier, comparison, if_exists = parts.groups()
    operator = _OPERATORS.get(comparison.replace("Not", "", 1))
    if operator is None:
        return unknown
    negated = comparison not in _OPERATORS

    def holds(value: str) -> bool:
        return any(operator(pattern, value) for pattern in expected) != negated

    if not values:
        # An absent key satisfies only IfExists, ForAllValues and a negated operator.
        return bool(if_exists) or quantifier == "ForAllValues" or (negated and not quantifier)
    if quantifier == "ForAnyValue":
        return any(holds(value) for value in values)
    return all(holds(value) for value in values)
