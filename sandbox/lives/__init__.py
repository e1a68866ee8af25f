"""The lives of declared resources once they are made: update, read, delete; a module a service.

`sandbox.create` makes a resource. What follows is needed only where there is a state to compare
with, which Pulumi's engine keeps (`sandbox.engine`). Nothing here knows Pulumi.
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
