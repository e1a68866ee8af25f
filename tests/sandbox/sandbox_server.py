"""The fork server of sandboxes. Arguments: its socket, and that of the server of emulators."""

from __future__ import annotations

import sys

import infra.relay  # noqa: F401 (the program imports it)
import sandbox.command
import sandbox.deploy.mocked  # noqa: F401 (as above)
from sandbox.create import CREATORS
from sandbox.deploy.checks import resource_class
from sandbox.emulator import running
from tests.sandbox.fork_server import cache_models, main
from tests.sandbox.forking import fork_emulators

_MODELS = (
    *("acm", "apigateway", "cloudwatch", "events", "guardduty", "iam", "kms", "lambda", "logs"),
    *("route53", "s3", "ses", "sesv2", "sns", "sqs", "ssm"),
)
"""Services of which a sandbox makes clients."""


def _prepare() -> None:
    for type_token in CREATORS:
        if type_token.startswith("aws:"):
            resource_class(type_token)  # its module, which pulumi_aws imports at the first use
    cache_models(_MODELS)
    server = sys.argv[2]
    running.start_process = fork_emulators(lambda: server)


if __name__ == "__main__":
    main(_prepare)
