"""The deployed function URLs: their functions, and whether they are public.

The emulator answers every request to a function URL without authorization. AWS checks the
function's own policy first, since October 2025 for two permissions: `lambda:InvokeFunctionUrl`,
and `lambda:InvokeFunction` (Lambda Developer Guide, "Control access to Lambda function URLs").
Without one of them it answers 403, so the sandbox then does not start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class UnusableFunctionUrl(Exception):
    """A function URL that does not work on AWS or here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFunction:
    """A deployed function. `url_host` is AWS's host name of its URL, None without a URL."""

    name: str
    log_group: str
    url_host: str | None


def deployed_functions(client: LambdaClient) -> tuple[DeployedFunction, ...]:
    """Every function.

    Raises:
        UnusableFunctionUrl: if there are two URLs, or one that is not public.
    """
    functions = tuple(_functions(client))
    with_url = [function.name for function in functions if function.url_host]
    if len(with_url) > 1:
        raise UnusableFunctionUrl(
            f"functions {', '.join(with_url)} have URLs; the sandbox serves only one"
        )
    return functions


def _functions(client: LambdaClient) -> Iterator[DeployedFunction]:
    for page in client.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["FunctionName"]
            logging: Mapping[str, Any] = function.get("LoggingConfig") or {}
            yield DeployedFunction(
                name=name,
                log_group=logging.get("LogGroup") or f"/aws/lambda/{name}",
                url_host=_url_host(client, name),
            )


def _url_host(client: LambdaClient, name: str) -> str | None:
    configs = client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    if not configs:
        return None
    [config] = configs
    if config["AuthType"] != "NONE":
        raise UnusableFunctionUrl(
            f"function {name} has a URL with authorization {config['AuthType']}: recipients"
            " of a mail cannot open its links"
        )
    if missing := ", ".join(missing_permissions(_policy(client, name))):
        raise UnusableFunctionUrl(
            f"function {name} has a URL that is not public: AWS would answer 403. Declare an"
            f' aws.lambda_.Permission of principal "*" with {missing}'
        )
    return urlsplit(config["FunctionUrl"]).hostname


def _policy(client: LambdaClient, name: str) -> Mapping[str, Any]:
    try:
        policy: Mapping[str, Any] = json.loads(client.get_policy(FunctionName=name)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return {"Statement": []}
    return policy


def missing_permissions(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """The permissions for a URL without authorization that a function's policy lacks."""
    needed: dict[str, tuple[Mapping[str, Any], ...]] = {
        "lambda:InvokeFunctionUrl": (
            {},
            {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        ),
        "lambda:InvokeFunction": ({}, {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
    }
    return tuple(
        action
        for action, conditions in needed.items()
        if not any(
            statement["Effect"] == "Allow"
            and statement["Action"] == action
            and statement["Principal"] in ("*", {"AWS": "*"})
            and statement.get("Condition", {}) in conditions
            for statement in policy["Statement"]
        )
    )
