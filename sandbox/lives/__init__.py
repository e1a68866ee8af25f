"""The lives of declared resources: update, read and delete; one module a service.

`sandbox.create` creates a resource. The other operations are needed only with a state to compare
with, which Pulumi's engine keeps (`sandbox.engine`). `life` is what they all have in common,
`registry` lists them. Nothing here depends on Pulumi.
"""

from .life import Change, Existing, Life, changed_inputs, must_be_replaced, update, updaters
from .registry import LIVES

__all__ = [
    "LIVES",
    "Change",
    "Existing",
    "Life",
    "changed_inputs",
    "must_be_replaced",
    "update",
    "updaters",
]
