"""All lives of resources: complete, with their sources named, and failing closed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.create import CREATORS, Account, Created, DeclarationError, Declared
from sandbox.deploy.checks import resource_class
from sandbox.lifecycles import (
    LIFECYCLES,
    Change,
    Lifecycle,
    changed_inputs,
    must_be_replaced,
    update,
    updaters,
)
from sandbox.lifecycles.lifecycle import keep_resource, unchanged, updated_by, updated_by_put
from tests.sandbox.fake_account import FakeAccount


def test_whatever_can_be_made_has_a_lifecycle_and_is_made_by_the_same_creator() -> None:
    assert {type_: lifecycle.create for type_, lifecycle in LIFECYCLES.items()} == CREATORS


@pytest.mark.parametrize("type_", sorted(LIFECYCLES))
def test_what_replaces_a_resource_is_taken_from_the_providers_sources(type_: str) -> None:
    lifecycle = LIFECYCLES[type_]
    assert lifecycle.source.endswith(".go") or lifecycle.source == "infra/activation.py"
    assert not lifecycle.updates.keys() & lifecycle.replaced_by
    if lifecycle.named_by is not None:
        assert lifecycle.named_by in lifecycle.replaced_by | {"name"}


def inputs_of(type_: str) -> set[str]:
    """The inputs of a type in the provider's SDK, by Pulumi's names."""
    made = resource_class(type_)
    module, name = sys.modules[made.__module__], made.__name__
    # If the second name is taken by an input type, this resource's arguments have the first.
    arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
    return {
        getattr(member.fget, "_pulumi_name", name)
        for name, member in vars(arguments).items()
        if isinstance(member, property)
    }


@pytest.mark.parametrize(
    "type_", sorted(one for one in LIFECYCLES if not one.startswith("pulumi-"))
)
def test_only_inputs_that_the_provider_takes_are_listed(type_: str) -> None:
    lifecycle = LIFECYCLES[type_]
    listed = {path.partition(".")[0] for path in lifecycle.replaced_by} | lifecycle.updates.keys()
    assert listed <= inputs_of(type_)


@pytest.mark.parametrize(
    "type_", sorted(one for one in LIFECYCLES if not one.startswith("pulumi-"))
)
def test_a_change_of_an_input_without_a_known_update_is_an_error(type_: str) -> None:
    """A new version of the provider may add inputs."""
    lifecycle = LIFECYCLES[type_]
    listed = {path.partition(".")[0] for path in lifecycle.replaced_by} | lifecycle.updates.keys()
    for unknown in inputs_of(type_) - listed:
        with pytest.raises(DeclarationError, match=unknown):
            updaters(lifecycle, {unknown})


def _make(declared: Declared, _account: Account) -> Created:
    declared.get("size")
    if block := declared.block("rule"):
        block.get("days")
    return Created("id", {"version": 2})


def lifecycle(**more: Any) -> Lifecycle:
    return Lifecycle(create=_make, read=unchanged, delete=keep_resource, source="x.go", **more)


def change(old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    return Change(id="id", keys=changed_inputs(old, new), old=old, new=Declared("name", new))


class TestUpdating:
    def test_an_input_without_an_update_is_an_error_that_names_it(self) -> None:
        one = lifecycle(updates=updated_by_put(_make, "size"))
        with pytest.raises(DeclarationError, match="cannot update colour, weight"):
            update(one, change({}, {"colour": 1, "size": 1, "weight": 1}), FakeAccount())

    def test_an_unread_part_of_a_changed_input_is_an_error_that_names_it(self) -> None:
        one = lifecycle(updates=updated_by_put(_make, "rule"))
        new = {"rule": {"days": 1, "hours": 2}}
        with pytest.raises(DeclarationError, match=r"the change of rule\.hours"):
            update(one, change({}, new), FakeAccount())

    def test_what_did_not_change_need_not_be_read(self) -> None:
        one = lifecycle(updates=updated_by_put(_make, "size"))
        inputs = {"colour": 1, "size": 1}
        outputs = update(one, change(inputs, {**inputs, "size": 2}), FakeAccount())
        assert outputs == {"version": 2}

    def test_an_updater_of_several_inputs_is_called_once(self) -> None:
        calls: list[frozenset[str]] = []

        def note(one: Change, _account: Account) -> Mapping[str, Any]:
            calls.append(one.keys)
            one.new.leave_out(*one.keys, because="it is only counted")
            return {}

        one = lifecycle(updates=updated_by(note, "a", "b", "c"))
        update(one, change({}, {"a": 1, "b": 1}), FakeAccount())
        assert calls == [{"a", "b"}]


class TestComparing:
    def test_none_is_as_good_as_left_out(self) -> None:
        assert changed_inputs({"a": None, "b": 1}, {"b": 1}) == frozenset()

    def test_what_came_went_or_changed_is_found(self) -> None:
        old, new = {"went": 1, "changed": 1, "stays": 1}, {"came": 1, "changed": 2, "stays": 1}
        assert changed_inputs(old, new) == {"went", "came", "changed"}

    def test_a_nested_input_replaces_by_its_path(self) -> None:
        one = lifecycle(replaced_by=frozenset({"resource.bucket.name", "name"}))
        old = {"name": "n", "resource": {"bucket": {"name": "a", "prefix": "x"}}}
        other_prefix = {"name": "n", "resource": {"bucket": {"name": "a", "prefix": "y"}}}
        other_name = {"name": "n", "resource": {"bucket": {"name": "b", "prefix": "x"}}}
        assert must_be_replaced(one, old, other_prefix) == frozenset()
        assert must_be_replaced(one, old, other_name) == {"resource.bucket.name"}
        assert must_be_replaced(one, old, {"name": "n"}) == {"resource.bucket.name"}
