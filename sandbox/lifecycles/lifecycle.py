"""The life of a resource type: its operations from creation to deletion.

The AWS provider decides which inputs replace a resource (`ForceNew` in its SDK v2 schemas,
`RequiresReplace` in its framework schemas). `source` names the file of terraform-provider-aws that
defines this for the type (pulumi-aws 7 is built from its version 6).

A `Lifecycle` fails closed. It lists each input that was looked up in that file, either as one that
replaces or as one that is updated in place. A change of any other input is an error, already in a
preview. So is a part of a changed input that the updater did not read (`create.Declared` records
what was read).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from sandbox.create import Account, Creator, DeclarationError, Declared

_GONE = frozenset(
    {
        *("404", "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucket", "NoSuchBucketPolicy"),
        *("NoSuchEntity", "NoSuchHostedZone", "NoSuchLifecycleConfiguration"),
        *("NotFound", "NotFoundException"),
        *("OwnershipControlsNotFoundError", "NoSuchPublicAccessBlockConfiguration"),
        *("ParameterNotFound", "QueueDoesNotExist", "ResourceNotFound"),
        *("ResourceNotFoundException", "RuleDoesNotExist", "RuleSetDoesNotExist"),
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""AWS's error codes for something that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A resource in the state: the provider's id, and its inputs and outputs."""

    id: str
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of the inputs `keys` of a resource to those of `new`; `old` are all old inputs."""

    id: str
    keys: frozenset[str]
    old: Mapping[str, Any]
    new: Declared


Updater = Callable[[Change, Account], Mapping[str, Any]]
"""Makes a change; returns the outputs that changed and are not inputs."""

Reader = Callable[[Existing, Account], Mapping[str, Any] | None]
"""Returns the current inputs that it reads; None if the resource does not exist."""

Deleter = Callable[[Existing, Account], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """One type's life.

    `replaced_by` are the inputs whose change replaces the resource, nested ones as
    `protectedResource.s3Bucket.bucketName`. `updates` has an updater for each other input that may
    change. `named_by` is the input that Pulumi generates if the program does not set it, with
    `longest_name` characters at most (pulumi-aws, auto-naming).

    `drifted` returns whether the resource differs from these inputs, for a provider that reads it
    when it compares. The AWS provider compares with the state.
    """

    create: Creator
    read: Reader
    delete: Deleter
    source: str
    replaced_by: frozenset[str] = frozenset()
    updates: Mapping[str, Updater] = field(default_factory=dict)
    named_by: str | None = None
    longest_name: int = 255
    drifted: Callable[[Mapping[str, Any], Account], bool] = lambda _inputs, _account: False


def changed_inputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """The changed inputs; None equals a missing one."""
    return frozenset(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def must_be_replaced(
    lifecycle: Lifecycle, old: Mapping[str, Any], new: Mapping[str, Any]
) -> frozenset[str]:
    """The inputs of `replaced_by` that changed."""
    return frozenset(path for path in lifecycle.replaced_by if _at(old, path) != _at(new, path))


def _at(inputs: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 (whatever was declared)
    value: Any = inputs
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def update(lifecycle: Lifecycle, change: Change, account: Account) -> Mapping[str, Any]:
    """Make a change; return the outputs that changed and are not inputs.

    Raises:
        DeclarationError: for an input without an updater, or that an updater did not read.
    """
    outputs: dict[str, Any] = {}
    for updater in updaters(lifecycle, change.keys):
        outputs |= updater(change, account)
    if unread := [path for path in change.new.unhandled() if _top(path) in change.keys]:
        raise DeclarationError(
            f"the sandbox ignores the change of {', '.join(unread)}; apply it in"
            " sandbox/lifecycles"
        )
    return outputs


def updaters(lifecycle: Lifecycle, keys: Collection[str]) -> list[Updater]:
    """The updaters of these inputs, each once, in the type's order.

    A resource that is updated without a changed input has drifted, so all its updaters run.

    Raises:
        DeclarationError: for an input that the type does not list, or without an updater.
    """
    if unwritten := sorted(set(keys) - lifecycle.updates.keys()):
        raise DeclarationError(
            f"the sandbox cannot update {', '.join(unwritten)}: look up in {lifecycle.source}"
            " whether it replaces, and add it to sandbox/lifecycles"
        )
    wanted = [updater for key, updater in lifecycle.updates.items() if key in keys or not keys]
    return list(dict.fromkeys(wanted))


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def updated_by(updater: Updater, *keys: str) -> dict[str, Updater]:
    """The same updater for all these inputs."""
    return dict.fromkeys(keys, updater)


def updated_by_put(create: Creator, *keys: str) -> dict[str, Updater]:
    """For a type that is created by a put call: another put updates all these inputs."""

    def updater(change: Change, account: Account) -> Mapping[str, Any]:
        return create(change.new, account).outputs

    return updated_by(updater, *keys)


def no_update(*keys: str, because: str) -> dict[str, Updater]:
    """For inputs with no effect before the resource is deleted, or none in the sandbox."""

    def updater(change: Change, _account: Account) -> Mapping[str, Any]:
        change.new.leave_out(*keys, because=because)
        return {}

    return updated_by(updater, *keys)


ON_DELETION = "it has an effect only when the resource is deleted"


def is_gone(error: ClientError) -> bool:
    """Whether AWS's error means that the resource does not exist."""
    return str(error.response["Error"]["Code"]) in _GONE


def call(service: str, operation: str, **parameters: str) -> Callable[[Existing, Account], Any]:
    """A call with parameters from the state, by their names in it; `id` is the id."""

    def make(existing: Existing, account: Account) -> Any:  # noqa: ANN401 (what AWS answers)
        values = {
            theirs: existing.id if ours == "id" else existing.state[ours]
            for theirs, ours in parameters.items()
        }
        return getattr(account.client(service), operation)(**values)

    return make


def deleted_by(service: str, operation: str, **parameters: str) -> Deleter:
    """Deletes with one call, as in `call`."""
    return call(service, operation, **parameters)


def found_by(service: str, operation: str, **parameters: str) -> Reader:
    """The resource exists if this call succeeds; the answer is not compared."""
    ask = call(service, operation, **parameters)

    def read(existing: Existing, account: Account) -> Mapping[str, Any]:
        ask(existing, account)
        return {}

    return read


def keep_resource(existing: Existing, _account: Account) -> None:
    """Deletes from the state only, as the provider does."""


def unchanged(_existing: Existing, _account: Account) -> Mapping[str, Any]:
    """Reads from the state only: the account has no such resource."""
    return {}


def same_document(was: object, found: str | None) -> str | None:
    """The state's policy `was` if it equals the one found, otherwise the one found."""
    if isinstance(was, str) and found is not None and json.loads(was) == json.loads(found):
        return was
    return found
