"""How errors on the command line are reported, with texts of our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup


class Commands(TyperGroup):
    """The commands. An invalid value of an option gives an error in plain words."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the types of both are private to Typer
        """Run what was typed."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            # Typer validates values with Pydantic, whose errors name the option.
            errors = getattr(error.__cause__, "errors", None)
            if errors is not None:
                error.message = "; ".join(_error_text(one) for one in errors())
            raise


def _error_text(error: Mapping[str, Any]) -> str:
    """One error of Pydantic's (Pydantic documentation, "Validation Errors")."""
    found, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "int_parsing" | "int_from_float" | "int_type":
            return f"{found!r} is not a whole number"
        case "greater_than_equal":
            return f"{found!r} is too small: it must be {context['ge']} or more"
        case "less_than_equal":
            return f"{found!r} is too large: it must be {context['le']} or less"
        case "value_error":
            return str(context["error"])
    return f"{found!r}: {error['msg'][0].lower()}{error['msg'][1:]}"
