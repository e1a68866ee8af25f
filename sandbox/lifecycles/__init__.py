"""The lives of declared resources: update, read and delete; one module a service.

`sandbox.create` creates a resource. The other operations are needed only with a state to compare
with, which Pulumi's engine keeps (`sandbox.engine`). `lifecycle` is what they all have in common,
`registry` lists them. Nothing here depends on Pulumi.
"""

from .lifecycle import (
    Change,
    Existing,
    Lifecycle,
    changed_inputs,
    must_be_replaced,
    update,
    updaters,
)
from .registry import LIFECYCLES

__all__ = [
    "LIFECYCLES",
    "Change",
    "Existing",
    "Lifecycle",
    "changed_inputs",
    "must_be_replaced",
    "update",
    "updaters",
]
