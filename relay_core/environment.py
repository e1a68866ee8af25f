"""Settings and resources as environment variables, from deploy time to run time.

Each field of a dataclass is a variable, named by `variable_name` and written by the field's type;
lists are written as JSON. This mapping is the only thing that `infra` and `adapters` share.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from .errors import RelayError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ENVIRONMENT_PREFIX = "RELAY_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One wrong setting: the field's name, the value found, and the rule it breaks."""

    field: str
    value: object
    rule: str


class InvalidSettings(RelayError):
    """The settings break rules; `problems` holds every one of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.rule} (found {p.value!r})" for p in problems))
        self.problems = problems


def variable_name(field_name: str) -> str:
    """The environment variable that carries a field."""
    return ENVIRONMENT_PREFIX + field_name.upper()


@cache
def _types_of(kind: type[DataclassInstance]) -> Mapping[str, Any]:
    """The types of a dataclass's fields; evaluating their texts takes longer than all the rest."""
    return get_type_hints(kind)


def to_environment(values: DataclassInstance) -> dict[str, str]:
    """The fields of a dataclass as environment variables, those that are `None` left out."""
    types = _types_of(type(values))
    environment = {}
    for spec in fields(values):
        value = getattr(values, spec.name)
        if value is not None:
            environment[variable_name(spec.name)] = _codec(types[spec.name]).format(value)
    return environment


def from_environment(
    cls: type[DataclassInstance], environment: Mapping[str, str]
) -> dict[str, Any]:
    """The fields that a dataclass is made of, from environment variables.

    Raises:
        InvalidSettings: naming each variable that is missing or cannot be read.
    """
    types = _types_of(cls)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for spec in fields(cls):
        variable = variable_name(spec.name)
        text = environment.get(variable)
        if text is None or text == "":
            if spec.default is MISSING and spec.default_factory is MISSING:
                problems.append(
                    Problem(field=variable, value=text, rule="environment variable is not set")
                )
            continue
        codec = _codec(types[spec.name])
        try:
            values[spec.name] = codec.parse(text)
        except (ValueError, KeyError, TypeError, AttributeError):
            problems.append(Problem(field=variable, value=text, rule=f"must be {codec.expected}"))
    if problems:
        raise InvalidSettings(tuple(problems))
    return values


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one type of field is written to and read from an environment variable."""

    format: Callable[[Any], str]
    parse: Callable[[str], Any]
    expected: str


def _parse_bool(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _parse_strings(text: str) -> tuple[str, ...]:
    value = json.loads(text)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(text)
    return tuple(value)


def _parse_seconds(text: str) -> timedelta:
    return timedelta(seconds=int(text))


_TEXT = _Codec(str, str, "text")
_CODECS: Mapping[object, _Codec] = {
    str: _TEXT,
    str | None: _TEXT,
    int: _Codec(str, int, "a whole number"),
    bool: _Codec(lambda value: str(value).lower(), _parse_bool, "true or false"),
    tuple[str, ...]: _Codec(
        lambda value: json.dumps(list(value)), _parse_strings, "a JSON list of strings"
    ),
    timedelta: _Codec(
        lambda value: str(int(value.total_seconds())), _parse_seconds, "a number of seconds"
    ),
}


def choices(choice: type[StrEnum]) -> str:
    """The values of a choice in words, as in an error."""
    *others, last = choice
    return f"{', '.join(others)} or {last}"


def _codec(kind: object) -> _Codec:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _Codec(str, kind, choices(kind))
    return _CODECS[kind]
