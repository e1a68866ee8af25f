"""The fork server of sandboxes. Arguments: its socket, and that of the server of emulators."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module

from infra.functions import archive
from sandbox.emulator import running
from sandbox.interface import PROJECT_FOLDER
from tests.sandbox.fork_server import cache_models, main
from tests.sandbox.forking import fork_emulators
from tests.sandbox.resource_modules import import_resource_modules

_MODULES = (
    *("infra.account.lookup", "infra.configuration.reader", "infra.relay", "sandbox.command"),
    *("sandbox.deploy.mocked", "sandbox.emulator.running"),
)
"""Imported by the sandbox, some when they are needed, and by the program."""

_MODELS = (
    *("acm", "apigateway", "cloudwatch", "events", "guardduty", "iam", "kms", "lambda", "logs"),
    *("route53", "s3", "ses", "sesv2", "sns", "sqs", "ssm"),
)
"""Services of which a sandbox makes clients."""


def _prepare() -> None:
    for name in _MODULES:
        import_module(name)
    import_resource_modules()
    cache_models(_MODELS)
    archive.function_archive = cache(archive.function_archive)
    archive.function_archive(PROJECT_FOLDER, previews=False)
    server = sys.argv[2]
    running.start_process = fork_emulators(lambda: server)


if __name__ == "__main__":
    main(_prepare)
