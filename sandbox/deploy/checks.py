"""Outputs that Pulumi would drop silently, reported.

Under mocks, an output without a value becomes None. An output formatted as text becomes a sentence
about `__str__`, which then is in a policy or a variable. So outputs without a value get a marker
(`unset_outputs`), and the inputs of resources and the stack's exports are searched for both
(`wrong_texts`).
"""

from __future__ import annotations

import importlib
import threading
import typing
import warnings
from collections.abc import Iterator, Mapping, Sequence

_STRINGIFIED_OUTPUT = "Calling __str__ on an Output"
_UNSET = "<output that the sandbox does not set: "
_LOADING = threading.Lock()
_MODULES = {"index": "", "lambda": ".lambda_"}
"""A provider's modules by their names in type tokens, where Python's differ."""


def wrong_texts(value: object, path: str = "") -> Iterator[str]:
    """The errors of texts that Pulumi passes on, each with its path in `value`."""
    if isinstance(value, str):
        where = path.removeprefix(".") or "value"
        if _STRINGIFIED_OUTPUT in value:
            yield f"{where} holds an output formatted as text; use apply, concat or json_dumps"
        if _UNSET in value:
            start = value.index(_UNSET) + len(_UNSET)
            unset = value[start : value.index(">", start)]
            yield f"{where} reads {unset}, which is not set; set it in sandbox/create"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from wrong_texts(item, f"{path}.{key}")
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for index, item in enumerate(value):
            yield from wrong_texts(item, f"{path}[{index}]")


def resource_class(type_token: str) -> type:
    """The class of a provider's SDK that declares resources of this type."""
    package, path, class_name = type_token.split(":")
    module_name = path.partition("/")[0]
    # Modules are imported at the first use, by one thread at a time. Their deprecation warnings
    # about each other are not relevant here.
    with _LOADING, warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", ".* has been deprecated in favor of ", DeprecationWarning
        )
        module = importlib.import_module(
            f"pulumi_{package}{_MODULES.get(module_name, f'.{module_name}')}"
        )
        found: type = getattr(module, class_name)
    return found


def unset_outputs(type_token: str, name: str) -> dict[str, str]:
    """A marker for every scalar output that the resource's class declares.

    A creator's outputs overwrite it. A remaining marker that is used appears in another resource's
    inputs (`wrong_texts`). Optional outputs get none: they may be None on AWS too.
    """
    if type_token.startswith(("pulumi:", "pulumi-python:")):
        return {}
    markers = {}
    for python_name, member in vars(resource_class(type_token)).items():
        if isinstance(member, property) and member.fget is not None:
            output = typing.get_type_hints(member.fget)["return"]
            if typing.get_args(output)[0] in {str, int, bool, float}:
                pulumi_name = getattr(member.fget, "_pulumi_name", python_name)
                markers[pulumi_name] = f"{_UNSET}{pulumi_name} of {type_token} {name}>"
    return markers
