"""A stack's configuration, composed as Pulumi's command line does.

`Pulumi.yaml` declares the project's keys with a type and a default, `Pulumi.<stack>.yaml` sets
them, and the sandbox's `KEY=VALUE` overrides both (Pulumi docs, "Project file reference",
`config`). A key that is declared without a default must be set. Only the types of the values are
checked here; the program checks their meaning.

The sandbox and `relayctl inspect --config` use this without Pulumi, so it does not import Pulumi.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # PyYAML carries no types

from .secret_addresses import SECRET_ADDRESS_KEYS, hide_local_parts

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one with libyaml, ten times as fast, where PyYAML has it."""


class ConfigError(Exception):
    """The configuration is invalid; the message names the key."""


def hint(name: str, known: Iterable[str]) -> str:
    """The known name that resembles an unknown one, as the end of an error; or nothing."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def parse_setting(text: str) -> tuple[str, str]:
    """Key and value of a `KEY=VALUE`.

    Raises:
        ConfigError: if it has another form.
    """
    key, equals, value = text.partition("=")
    if not key.strip() or not equals:
        raise ConfigError(f"{text}: expected KEY=VALUE")
    return key.strip(), value


def load_config(
    root: Path, overrides: Mapping[str, str] | None = None, *, stack: str = "dev"
) -> dict[str, object]:
    """The configuration of `stack` in the project at `root`, under full names.

    A full name is `<project>:<key>` or `aws:region`. In `overrides` the project's own keys may
    go without their namespace; a list is given with commas, an object as JSON.

    Raises:
        ConfigError: for a file that cannot be read, a key that is not declared, a key that
            must be set, or a value that is not of its key's type.
    """
    project, file = read_project(root), f"Pulumi.{stack}.yaml"
    settings = _read_yaml(root / file).get("config", {})
    return put_together(project, settings, overrides or {}, source=file)


def read_project(root: Path) -> dict[str, Any]:
    """The project at `root`, as its `Pulumi.yaml` declares it.

    Raises:
        ConfigError: if it cannot be read.
    """
    return _read_yaml(root / "Pulumi.yaml")


def put_together(
    project: Mapping[str, Any],
    settings: Mapping[str, object],
    overrides: Mapping[str, str],
    *,
    source: str,
) -> dict[str, object]:
    """Like `load_config`, for `settings` from `source`, which need not be a stack's file.

    Raises:
        ConfigError: as `load_config`.
    """
    name: str = project["name"]
    schemas = {
        _full_name(name, key): schema if isinstance(schema, dict) else {"default": schema}
        for key, schema in project.get("config", {}).items()
    }
    short = {full_name.removeprefix(f"{name}:") for full_name in schemas}
    config: dict[str, object] = {
        key: schema.get("value", schema.get("default"))
        for key, schema in schemas.items()
        if "value" in schema or "default" in schema
    }
    for key, value in settings.items():
        full_name = _full_name(name, key)
        if full_name not in schemas and full_name.startswith(f"{name}:"):
            near = hint(full_name.removeprefix(f"{name}:"), short)
            raise ConfigError(f"{key} in {source} is not a key of Pulumi.yaml{near}")
        if _is_encrypted(value):
            raise ConfigError(f"{key} in {source} is encrypted; set it with --config")
        config[full_name] = value
    known = schemas.keys() | config.keys()
    for key, text in overrides.items():
        full_name = _full_name(name, key)
        if full_name not in known:
            near = hint(key.removeprefix(f"{name}:"), short | (known - schemas.keys()))
            raise ConfigError(f"{key} is not a key of Pulumi.yaml{near}")
        config[full_name] = _parse(key, text, schemas.get(full_name, {}))
    for full_name, schema in schemas.items():
        if full_name not in config:
            raise ConfigError(f"{full_name} is not set, and has no default in Pulumi.yaml: set it")
        config[full_name] = _checked(full_name, config[full_name], schema)
    return config


def _is_encrypted(value: object) -> bool:
    """Whether a value contains text that only Pulumi's command line can decrypt."""
    if not isinstance(value, dict):
        return False
    return "secure" in value or any(_is_encrypted(one) for one in value.values())


def _full_name(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506 (both are safe)
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path.name} is not a YAML mapping")
    return document


def _parse_boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_PARSERS: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": int,
    "boolean": _parse_boolean,
    "object": json.loads,
}
_TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def _parse(key: str, text: str, schema: Mapping[str, Any]) -> object:
    kind = schema.get("type", "string")
    if kind == "array":
        items = schema.get("items", {})
        return [_parse(key, item.strip(), items) for item in text.split(",") if item.strip()]
    try:
        return _PARSERS[kind](text.strip())
    except (ValueError, KeyError) as error:
        raise ConfigError(f"{key} must be of type {kind}; found {text!r}") from error


def _checked(key: str, value: object, schema: Mapping[str, Any]) -> object:
    """The value in its key's type; a number or boolean may also be written as text."""
    kind = schema.get("type", "string")
    if kind == "string" and isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind in {"integer", "boolean"} and isinstance(value, str):
        return _parse(key, value, schema)
    fits = isinstance(value, _TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))
    if not fits:
        is_secret = key.rpartition(":")[2] in SECRET_ADDRESS_KEYS
        shown = hide_local_parts(value) if is_secret else value
        raise ConfigError(f"{key} must be of type {kind}; found {shown!r}")
    return value
