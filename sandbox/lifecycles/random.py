"""Pulumi's provider of random values: a value exists only in the state."""

from __future__ import annotations

from sandbox.create import random as create

from .lifecycle import Lifecycle, keep_resource, unchanged

LIFECYCLES: dict[str, Lifecycle] = {
    "random:index/randomBytes:RandomBytes": Lifecycle(
        create=create.random_bytes,
        read=unchanged,
        delete=keep_resource,
        source="terraform-provider-random: internal/provider/resource_bytes.go",
        replaced_by=frozenset({"keepers", "length"}),
    ),
}
