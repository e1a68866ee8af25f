"""Creators of declared resources on the emulator, one module a service.

Each reads what a Pulumi program declares (`declared`) and makes it with boto3. Nothing here
knows Pulumi; `sandbox.deploy.mocked` does.
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
