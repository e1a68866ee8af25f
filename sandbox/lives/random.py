"""Pulumi's provider of random values: a value exists only in the state."""

from __future__ import annotations

from sandbox.create import random as create

from .life import Life, as_it_was, left_alone

LIVES: dict[str, Life] = {
    "random:index/randomBytes:RandomBytes": Life(
        create=create.random_bytes,
        read=as_it_was,
        delete=left_alone,
        source="terraform-provider-random: internal/provider/resource_bytes.go",
        replaced_by=frozenset({"keepers", "length"}),
    ),
}
