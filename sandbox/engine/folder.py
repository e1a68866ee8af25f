"""A project folder for Pulumi's CLI: links to this project, and a separate stack."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml  # type: ignore[import-untyped]  # PyYAML carries no types

if TYPE_CHECKING:
    from sandbox.create import Account

PROJECT = Path(__file__).resolve().parents[2]
"""This project's folder."""

SERVICES = (
    *("acm", "apigatewayv2", "cloudwatch", "guardduty", "iam", "kms", "lambda", "logs"),
    *("route53", "s3", "servicequotas", "ses", "sesv2", "sns", "sqs", "ssm", "sts"),
)
"""The services that the program uses, by the provider's names for their endpoints."""

LANGUAGE_HOST = "pulumi-language-python"
"""Runs a Python program for the CLI; part of an installed Pulumi."""


def provider_config(account: Account, secret_access_key: str) -> dict[str, object]:
    """The AWS provider's configuration, by full names, with `account` as its only endpoint.

    A service that is not listed in `SERVICES` would be called on AWS itself, where the credentials
    are not valid.
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
    """Create a project folder with one stack; its files are links to this project."""
    folder.mkdir(parents=True)
    for entry in PROJECT.iterdir():
        if entry.name != ".git" and not entry.match("Pulumi*"):
            (folder / entry.name).symlink_to(entry)
    # Pulumi writes to these files, so they are copies.
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": dict(config)}))
    return folder
