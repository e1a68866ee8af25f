"""A declared resource, and the result of its creator.

A creator is a function that creates one resource on the emulator. It reads the resource's inputs
from a `Declared`, which records each input that was read or explicitly left out. Any other input
is an error. So no declared input is silently ignored.

Input and output names are Pulumi's (camelCase), as its engine sees them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class DeclarationError(Exception):
    """A declared resource cannot be created; the message says what and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MalwarePlan:
    """A malware protection plan: scans new objects of `bucket` under `prefixes`, or all.

    `tags_objects`: whether it tags each object with the result (`GuardDutyMalwareScanStatus`).
    """

    bucket: str
    prefixes: tuple[str, ...]
    tags_objects: bool


class Account(Protocol):
    """The account that resources are created in, with an administrator's rights.

    `malware_plans` are the plans created so far. `smtp_passwords` are the passwords of the active
    access keys, by key id. `default_sets` are the configuration sets of identities. The emulator
    itself stores none of them. Implemented by `sandbox.emulator.running`.
    """

    malware_plans: list[MalwarePlan]
    smtp_passwords: dict[str, str]
    default_sets: dict[str, str]

    @property
    def region(self) -> str:
        """The region of all resources."""
        ...

    @property
    def account_id(self) -> str:
        """The account number, twelve digits."""
        ...

    def client(self, service_name: str) -> Any:  # noqa: ANN401 (boto3 makes its class at run time)
        """The boto3 client of a service."""
        ...

    def function_url(self, url_id: str) -> str:
        """The URL of the function with this URL id, with a slash at its end."""
        ...


@dataclass(frozen=True, slots=True)
class Created:
    """A resource that exists: its provider's id, and the outputs that are not inputs."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


class Declared:
    """One resource's inputs, or one nested block of them.

    `name` is the resource's logical name.
    """

    def __init__(self, name: str, inputs: Mapping[str, Any], *, path: str = "") -> None:
        self.name = name
        self._inputs = inputs
        self._path = path
        self._seen: set[str] = set()
        self._blocks: list[Declared] = []

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 (what Pulumi sent)
        """The input, or `default` if it is not declared."""
        self._seen.add(key)
        return self._inputs.get(key, default)

    def require(self, key: str) -> Any:  # noqa: ANN401 (what Pulumi sent)
        """The input.

        Raises:
            DeclarationError: if it is not declared.
        """
        value = self.get(key)
        if value is None:
            raise DeclarationError(f"input {self._path}{key} is missing")
        return value

    def renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        """The declared ones of the inputs `names`, under AWS's names."""
        return {
            theirs: self.get(ours) for ours, theirs in names.items() if self.get(ours) is not None
        }

    def block(self, key: str) -> Declared | None:
        """The nested block, or None if it is not declared."""
        value = self.get(key)
        return None if value is None else self._nested(f"{key}.", value)

    def blocks(self, key: str) -> list[Declared]:
        """The list of nested blocks, empty if it is not declared."""
        return [
            self._nested(f"{key}[{index}].", value)
            for index, value in enumerate(self.get(key, []))
        ]

    def physical_name(self, key: str = "name", *, suffix: str = "") -> str:
        """The name in AWS: the input, or the logical name and 7 random hex digits.

        The latter is Pulumi's auto-naming, so a resource without a name is named here as on AWS.
        """
        self._seen.add(f"{key}Prefix")
        if prefix := self._inputs.get(f"{key}Prefix"):
            return f"{prefix}{secrets.token_hex(4)}{suffix}"
        declared = self.get(key)
        return str(declared) if declared else f"{self.name}-{secrets.token_hex(4)[:7]}{suffix}"

    def tags(self) -> dict[str, str]:
        """The declared tags; empty if there are none."""
        return dict(self.get("tags", {}))

    def tag_list(self) -> list[dict[str, str]]:
        """The declared tags, in the form of most of AWS's calls."""
        return [{"Key": key, "Value": value} for key, value in self.tags().items()]

    def leave_out(self, *keys: str, because: str) -> None:
        """State that the inputs `keys` have no effect here, and why."""
        if not because:
            raise ValueError("an input is left out for a reason")
        self._seen.update(keys)

    def unhandled(self) -> list[str]:
        """The declared inputs neither read nor left out, as paths (`rules[0].filter`)."""
        here = [self._path + key for key in self._inputs if key not in self._seen]
        return here + [path for block in self._blocks for path in block.unhandled()]

    def _nested(self, step: str, value: Mapping[str, Any]) -> Declared:
        block = Declared(self.name, value, path=self._path + step)
        self._blocks.append(block)
        return block


Creator = Callable[[Declared, Account], Created]
