"""The modules of pulumi_aws that the program uses, which are imported at their first use."""

from __future__ import annotations

from sandbox.create import CREATORS
from sandbox.deploy.checks import resource_class


def import_resource_modules() -> None:
    """Import the module of each resource type that the sandbox can create."""
    for type_token in CREATORS:
        if type_token.startswith("aws:"):
            resource_class(type_token)
