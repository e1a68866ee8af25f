"""Pages from templates that escape all values. An unknown name is an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from sandbox.terminal.event_lines import format_size

_FOLDER = Path(__file__).parent / "templates"


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "clock": format_clock,
        "iso": datetime.isoformat,
        "json": format_json,
        "segment": lambda text: quote(text, safe=""),
        "size": format_size,
        "number": format_number,
    }
    return environment


def format_clock(at: datetime) -> str:
    """A local time: the time of day if it is today, otherwise the date as well."""
    local, today = at.astimezone(), datetime.now(UTC).astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def format_json(value: object) -> str:
    """Text as it is, any other value as indented JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def format_number(value: float) -> str:
    """A whole number without decimals, any other with two."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


_ENVIRONMENT = _make_environment()


def render(template: str, values: Mapping[str, Any]) -> str:
    """The page of a template with these values."""
    return _ENVIRONMENT.get_template(template).render(values)
