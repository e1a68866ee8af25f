"""From the configuration to the relay's `Settings`, field by field.

A field of `Settings` is set by the field of `StackConfig` of the same name. A duration is set by
the field whose name also has the unit: `link_expiry` by `link_expiry_hours`. `RENAMED` lists the
fields with other names. So a new field of both needs no change here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from relay_core.settings import Settings

if TYPE_CHECKING:
    from .config import StackConfig

RENAMED: Mapping[str, str] = {
    "sender_address": "sender_email",
    "inbound_address": "recipient_email",
    "previous_inbound_addresses": "previous_recipient_emails",
    "max_receive_count": "dlq_max_receive_count",
    "recipient_budget": "recipient_budget_per_hour",
}
"""Field of `Settings` → field of `StackConfig`, where the names differ."""

_UNITS: Mapping[str, timedelta] = {
    "_seconds": timedelta(seconds=1),
    "_hours": timedelta(hours=1),
    "_days": timedelta(days=1),
}


def settings_of(config: StackConfig) -> Settings:
    """The relay's policy of a configuration.

    Raises:
        InvalidSettings: naming every field that breaks a rule.
        LookupError: if no field of `StackConfig` sets a field of `Settings`.
    """
    values: dict[str, Any] = {spec.name: _value(config, spec.name) for spec in fields(Settings)}
    # The stack's own set if the key is not set.
    return Settings(**{**values, "configuration_set_name": config.sending_set})


def source_of(config: StackConfig, field_name: str) -> str:
    """The field of a configuration that sets a field of `Settings`.

    Raises:
        LookupError: if there is none.
    """
    name = RENAMED.get(field_name, field_name)
    for source in (name, *(name + unit for unit in _UNITS)):
        if source in config.__dataclass_fields__:
            return source
    raise LookupError(f"no field of StackConfig sets Settings.{field_name}: add one")


def _value(config: StackConfig, field_name: str) -> object:
    source = source_of(config, field_name)
    value = getattr(config, source)
    unit = next((u for end, u in _UNITS.items() if source == field_name + end), None)
    return value if unit is None else _bounded(value) * unit


def _bounded(number: int) -> int:
    """A number that a timedelta can hold; a number outside all ranges stays outside."""
    return max(-1_000_000, min(number, 1_000_000))
