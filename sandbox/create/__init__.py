"""Creators of declared resources on the emulator, one module an AWS service.

Each reads what a Pulumi program declares (`declared`) and makes it with boto3. Nothing here
knows Pulumi; `sandbox.deploy` does.
"""

from .declared import Account, Created, Creator, DeclarationError, Declared
from .registry import CREATORS

__all__ = ["CREATORS", "Account", "Created", "Creator", "DeclarationError", "Declared"]
