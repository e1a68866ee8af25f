"""A folder that the CLI of Pulumi takes for this project: links to it, and a stack of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml  # type: ignore[import-untyped]  # PyYAML carries no types

if TYPE_CHECKING:
    from sandbox.create import Account

PROJECT = Path(__file__).resolve().parents[2]
"""This project, whose program is deployed."""

SERVICES = (
    *("cloudwatch", "guardduty", "iam", "kms", "lambda", "logs", "route53", "s3"),
    *("servicequotas", "ses", "sesv2", "sns", "sqs", "ssm", "sts"),
)
"""What the program declares resources of or asks, by the provider's names for its endpoints."""

LANGUAGE_HOST = "pulumi-language-python"
"""What runs a Python program for the CLI; it comes with an installed Pulumi."""


def provider_config(account: Account, secret_access_key: str) -> dict[str, object]:
    """The AWS provider's configuration, by full names, that leads it to `account` alone.

    Every service that is not named here would be AWS's own: so would be one that is added to the
    program and not to `SERVICES`, but for the credentials, which no AWS accepts.
    """
    endpoint = account.client("sts").meta.endpoint_url
    return {
        "aws:region": account.region,
        "aws:accessKey": account.account_id,
        "aws:secretKey": secret_access_key,
        "aws:skipCredentialsValidation": True,
        "aws:skipMetadataApiCheck": True,
        "aws:s3UsePathStyle": True,
        "aws:endpoints": [dict.fromkeys(SERVICES, endpoint)],
    }


def lay_out_project(folder: Path, config: Mapping[str, object], *, stack: str) -> Path:
    """A folder that Pulumi takes for this project, with one stack; what is in it are links."""
    folder.mkdir(parents=True)
    for entry in PROJECT.iterdir():
        if entry.name != ".git" and not entry.match("Pulumi*"):
            (folder / entry.name).symlink_to(entry)
    # Pulumi writes into these.
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": dict(config)}))
    return folder
