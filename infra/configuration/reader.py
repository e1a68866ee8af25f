"""Reads the stack's configuration: from Pulumi's text to a `StackConfig`.

Pulumi passes every value as text, lists and objects as JSON; blanks around a text are dropped. A
configuration key is a field of `StackConfig` in camel case; the field's type decides how the text
is read. All problems are reported together: unknown keys, missing ones, wrong types, and the rules
of `StackConfig`.

An unknown key is an error, because a misspelt `allowedSenders` would otherwise allow every sender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, get_type_hints

import pulumi
from pulumi.runtime import is_config_secret
from pulumi.runtime.config import CONFIG, get_config_env

from relay_core.environment import Problem, choices

from .config import StackConfig
from .problems import InvalidConfig, key_name
from .secret_addresses import hide_local_parts
from .stack_config import hint
from .webhooks import Webhook, read_webhooks


def load_config() -> StackConfig:
    """The configuration of the stack that is being deployed; its warnings go to Pulumi's log.

    Raises:
        InvalidConfig: naming every key that is unknown, missing, of the wrong type or that
            breaks a rule.
    """
    config = read_config(pulumi.Config(), stack=pulumi.get_stack())
    for warning in config.warnings():
        pulumi.log.warn(warning)
    if config.webhooks and not is_config_secret(f"{config.project}:webhooks"):
        pulumi.log.warn(
            "webhooks is plain text in the stack's file: anyone who reads it can post to them."
            " Set each url and signingKey with pulumi config set --secret --path"
        )
    return config


def read_config(source: pulumi.Config, *, stack: str) -> StackConfig:
    """The configuration in `source`, for the stack of that name.

    Raises:
        InvalidConfig: as `load_config`.
    """
    problems = list(_unknown_keys(source.name))
    values: dict[str, Any] = {}
    for key in CONFIG_KEYS:
        try:
            value = key.read(source)
        except (pulumi.ConfigTypeError, TypeError, ValueError):
            problems.append(
                Problem(
                    field=key.name,
                    value="[secret]" if key.kind.is_secret else source.get(key.name),
                    rule=f"must be {key.kind.expected}",
                )
            )
            value = None
        if value is not None:
            values[key.field] = value
        elif key.required and not any(p.field == key.name for p in problems):
            problems.append(Problem(field=key.name, value=None, rule="is required"))
    region = pulumi.Config("aws").get("region")
    if not region:
        problems.append(Problem(field="aws:region", value=None, rule="is required"))

    # A reported key gets a valid placeholder, so that the other keys are still checked.
    complete = {**_PLACEHOLDERS, **values}
    reported = {problem.field for problem in problems}
    try:
        config = StackConfig(
            project=source.name, stack=stack, region=region or "eu-central-1", **complete
        )
    except InvalidConfig as error:
        problems += [problem for problem in error.problems if problem.field not in reported]
    if problems:
        raise InvalidConfig(source.name, tuple(problems))
    return config


_PLACEHOLDERS: Mapping[str, Any] = {
    "sender_email": "sender@example.com",
    "recipient_email": "recipient@example.com",
    "allowed_recipients": ("example.com",),
}


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of configuration key: Pulumi's name for it, its reader, and its description.

    `is_secret`: whether its values contain secrets, so that no error shows one.
    """

    pulumi_type: str
    read: Callable[[pulumi.Config, str], Any]
    expected: str
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigKey:
    """A key of the configuration and the field of `StackConfig` that holds it."""

    name: str
    field: str
    kind: _Kind
    required: bool
    default: object

    def read(self, source: pulumi.Config) -> object | None:
        """The key's value, or None where it is not set.

        Raises:
            ConfigTypeError, TypeError, ValueError: if the value is not of the key's kind.
        """
        value: object | None = self.kind.read(source, self.name)
        return value


def _read_text(source: pulumi.Config, key: str) -> str | None:
    # Pulumi requires an optional key without a default, so "" means that it is not set.
    return (source.get(key) or "").strip() or None


def _read_texts(source: pulumi.Config, key: str) -> tuple[str, ...] | None:
    value = source.get_object(key)
    return None if value is None else _texts(value)


def _read_groups(source: pulumi.Config, key: str) -> dict[str, tuple[str, ...]] | None:
    value = source.get_object(key)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise TypeError(key)
    return {str(name).strip(): _texts(members) for name, members in value.items()}


def _read_webhooks(source: pulumi.Config, key: str) -> object | None:
    value = source.get_object(key)
    return None if value is None else read_webhooks(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(value)
    return tuple(item.strip() for item in value)


def _read_choice(choice: type[StrEnum]) -> Callable[[pulumi.Config, str], Any]:
    def read(source: pulumi.Config, key: str) -> StrEnum | None:
        value = source.get(key)
        return None if value is None else choice(value.strip())

    return read


_KINDS: Mapping[object, _Kind] = {
    str: _Kind("string", _read_text, "text"),
    str | None: _Kind("string", _read_text, "text"),
    int: _Kind("integer", pulumi.Config.get_int, "a whole number"),
    bool: _Kind("boolean", pulumi.Config.get_bool, "true or false"),
    tuple[str, ...]: _Kind("array", _read_texts, "a list of text"),
    Mapping[str, tuple[str, ...]]: _Kind(
        "object", _read_groups, "an object whose values are lists of text"
    ),
    Mapping[str, Webhook]: _Kind(
        "object",
        _read_webhooks,
        "an object: a name for each webhook, and for that kind (slack, teams or json), url,"
        " signingKey (of json) and sends (notices, alarms or both), all of them text",
        is_secret=True,
    ),
}


def _kind(type_: object) -> _Kind:
    if isinstance(type_, type) and issubclass(type_, StrEnum):
        return _Kind("string", _read_choice(type_), choices(type_))
    return _KINDS[type_]


def _config_keys() -> Iterator[ConfigKey]:
    types = get_type_hints(StackConfig)
    for spec in fields(StackConfig):
        if spec.name not in {"project", "stack", "region"}:
            required = spec.default is MISSING and spec.default_factory is MISSING
            default = spec.default_factory() if callable(spec.default_factory) else spec.default
            yield ConfigKey(
                name=key_name(spec.name),
                field=spec.name,
                kind=_kind(types[spec.name]),
                required=required,
                default=None if required else default,
            )


CONFIG_KEYS = tuple(_config_keys())
"""Every key of the configuration, in the order of `StackConfig`'s fields."""


def _unknown_keys(project: str) -> Iterator[Problem]:
    # Pulumi has no call that lists the keys that are set. It stores them in these two places (the
    # second is for the values that its command line passes to a program).
    known = [key.name for key in CONFIG_KEYS]
    values = {**get_config_env(), **CONFIG.get()}
    for full_name in sorted(values):
        namespace, _, name = full_name.partition(":")
        if namespace == project and name not in known:
            value = values[full_name]
            yield Problem(
                field=name,
                # It may be a misspelt `recipientEmail`.
                value=hide_local_parts(value) if "@" in value else value,
                rule=f"is not a key of this project{hint(name, known)}",
            )
