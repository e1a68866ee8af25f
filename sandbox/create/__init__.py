"""Creates declared resources on the emulator, one module a service.

A creator reads the declared inputs (`declared`) and creates the resource with boto3; `registry`
lists the creators. `lookups` answers the program's data sources; `policies` and `native_code`
adapt policy documents and archives to the emulator. Nothing here depends on Pulumi;
`sandbox.deploy.mocked` does.
"""

from .declared import Account, Created, Creator, DeclarationError, Declared, MalwarePlan
from .lookups import LOOKUPS, NothingFound
from .registry import CREATORS

__all__ = [
    "CREATORS",
    "LOOKUPS",
    "Account",
    "Created",
    "Creator",
    "DeclarationError",
    "Declared",
    "MalwarePlan",
    "NothingFound",
]
