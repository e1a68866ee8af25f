"""What can happen to a resource of one type, from its creation to its deletion.

Which inputs replace a resource is the AWS provider's decision (`ForceNew` in its SDK v2 schemas,
`RequiresReplace` in its framework ones). `source` names the file of terraform-provider-aws
(pulumi-aws 7 is built from its version 6) that says so for each type.

A `Life` fails closed. It lists each input that was looked up in that file: as one that replaces,
or as one that is changed in place. A change of any other is an error, in a preview already, and so
is a part of a changed input that the updater did not read (`create.Declared` notes what was read).
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
"""How AWS says that something is not there (any more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A resource as the state has it: the provider's id, and its inputs and outputs."""

    id: str
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A resource whose inputs `keys` are to become those of `new`; `old` has all as they were."""

    id: str
    keys: frozenset[str]
    old: Mapping[str, Any]
    new: Declared


Updater = Callable[[Change, Account], Mapping[str, Any]]
"""Makes a change, and answers with the outputs that it changed beside the inputs."""

Reader = Callable[[Existing, Account], Mapping[str, Any] | None]
"""Answers with the inputs as they are now, as far as it reads them; None if nothing is there."""

Deleter = Callable[[Existing, Account], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One type's life.

    `replaced_by` are the inputs whose change replaces the resource, nested ones as
    `protectedResource.s3Bucket.bucketName`; `updates` has an updater for each other input that
    may change. `named_by` is the input that Pulumi fills in where
    the program leaves it out, with `longest_name` characters at most (pulumi-aws, auto-naming).
    `drifted`: whether what is there is no more what these inputs say, for a provider that looks
    when it compares; the AWS provider compares with the state.
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
    """The inputs that are not what they were; one that is None is as good as left out."""
    return frozenset(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def must_be_replaced(life: Life, old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """The inputs of `replaced_by` that changed."""
    return frozenset(path for path in life.replaced_by if _at(old, path) != _at(new, path))


def _at(inputs: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 (whatever was declared)
    value: Any = inputs
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def update(life: Life, change: Change, account: Account) -> Mapping[str, Any]:
    """Make a change; answer with the outputs that changed beside the inputs.

    Raises:
        DeclarationError: for an input whose update nobody wrote, or that an updater did not read.
    """
    outputs: dict[str, Any] = {}
    for updater in updaters(life, change.keys):
        outputs |= updater(change, account)
    if unread := [path for path in change.new.unhandled() if _top(path) in change.keys]:
        raise DeclarationError(
            f"the sandbox does nothing with the change of {', '.join(unread)}; apply it in "
            "sandbox/lives"
        )
    return outputs


def updaters(life: Life, keys: Collection[str]) -> list[Updater]:
    """What makes a change of these inputs, in the order in which the type lists them, each once.

    A resource that is to be updated without a changed input has drifted: all of it is made anew.

    Raises:
        DeclarationError: for an input that nobody looked up, or whose update nobody wrote.
    """
    if unwritten := sorted(set(keys) - life.updates.keys()):
        raise DeclarationError(
            f"the sandbox cannot update {', '.join(unwritten)}: see in {life.source} whether it"
            " replaces, and write it in sandbox/lives"
        )
    wanted = [updater for key, updater in life.updates.items() if key in keys or not keys]
    return list(dict.fromkeys(wanted))


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def by(updater: Updater, *keys: str) -> dict[str, Updater]:
    """The same updater for all these inputs."""
    return dict.fromkeys(keys, updater)


def put_again(create: Creator, *keys: str) -> dict[str, Updater]:
    """For a type that is made by putting it: putting it again updates all these inputs."""

    def updater(change: Change, account: Account) -> Mapping[str, Any]:
        return create(change.new, account).outputs

    return by(updater, *keys)


def nothing_to_do(*keys: str, because: str) -> dict[str, Updater]:
    """For inputs that are of no effect before the resource is deleted, or none here."""

    def updater(change: Change, _account: Account) -> Mapping[str, Any]:
        change.new.leave_out(*keys, because=because)
        return {}

    return by(updater, *keys)


ON_DELETION = "it acts when the resource is deleted"


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that what was asked for is not there."""
    return str(error.response["Error"]["Code"]) in _GONE


def call(service: str, operation: str, **parameters: str) -> Callable[[Existing, Account], Any]:
    """A call whose parameters come from the state, by their names in it; `id` is the id."""

    def make(existing: Existing, account: Account) -> Any:  # noqa: ANN401 (what AWS answers)
        values = {
            theirs: existing.id if ours == "id" else existing.state[ours]
            for theirs, ours in parameters.items()
        }
        return getattr(account.client(service), operation)(**values)

    return make


def deleted_by(service: str, operation: str, **parameters: str) -> Deleter:
    """Deleted with one call, as `call` makes it."""
    return call(service, operation, **parameters)


def found_by(service: str, operation: str, **parameters: str) -> Reader:
    """There if this call succeeds; what it answers is not compared."""
    ask = call(service, operation, **parameters)

    def read(existing: Existing, account: Account) -> Mapping[str, Any]:
        ask(existing, account)
        return {}

    return read


def left_alone(existing: Existing, _account: Account) -> None:
    """Deleted from the state only, as the provider does."""


def as_it_was(_existing: Existing, _account: Account) -> Mapping[str, Any]:
    """Read from the state only: nothing in the account could tell otherwise."""
    return {}


def same_document(was: object, found: str | None) -> str | None:
    """A policy as the state has it if it says the same as the one found, otherwise that one."""
    if isinstance(was, str) and found is not None and json.loads(was) == json.loads(found):
        return was
    return found
