"""Lambda: the lives of functions, their event sources, and their URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import function as create
from sandbox.create.native_code import runnable_here

from .lifecycle import (
    ON_DELETION,
    Change,
    Existing,
    Lifecycle,
    deleted_by,
    found_by,
    no_update,
    updated_by,
    updated_by_put,
)

_MAPPING = (
    *("batchSize", "enabled", "functionName", "functionResponseTypes"),
    *("maximumBatchingWindowInSeconds", "scalingConfig"),
)


def _code(change: Change, account: Account) -> Mapping[str, Any]:
    client = account.client("lambda")
    made = client.update_function_code(
        FunctionName=change.id,
        ZipFile=runnable_here(change.new.require("code")),
        Architectures=change.new.get("architectures", ["x86_64"]),
    )
    _await_update(client, change.id)
    return {
        "codeSha256": made["CodeSha256"],
        "sourceCodeSize": made["CodeSize"],
        "lastModified": made["LastModified"],
    }


def _configuration(change: Change, account: Account) -> Mapping[str, Any]:
    client = account.client("lambda")
    parameters = create.configuration(change.new)
    if "environment" in change.keys:
        parameters.setdefault("Environment", {"Variables": {}})
    made = client.update_function_configuration(FunctionName=change.id, **parameters)
    _await_update(client, change.id)
    return {"lastModified": made["LastModified"]}


def _await_update(client: Any, name: str) -> None:  # noqa: ANN401 (boto3 makes its class at run time)
    client.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )


def _concurrency(change: Change, account: Account) -> Mapping[str, Any]:
    client = account.client("lambda")
    reserved = change.new.get("reservedConcurrentExecutions", create.NO_CONCURRENCY)
    if reserved >= 0:
        client.put_function_concurrency(
            FunctionName=change.id, ReservedConcurrentExecutions=reserved
        )
    else:
        client.delete_function_concurrency(FunctionName=change.id)
    return {}


def _read_function(function: Existing, account: Account) -> Mapping[str, Any]:
    found = account.client("lambda").get_function_configuration(FunctionName=function.id)
    return {
        "memorySize": found["MemorySize"],
        "timeout": found["Timeout"],
        "environment": {"variables": found.get("Environment", {}).get("Variables", {})},
    }


def _update_mapping(change: Change, account: Account) -> Mapping[str, Any]:
    parameters = create.mapping_parameters(change.new)
    if "scalingConfig" in change.keys:
        parameters.setdefault("ScalingConfig", {})
    account.client("lambda").update_event_source_mapping(
        UUID=change.id, FunctionName=change.new.require("functionName"), **parameters
    )
    return {}


def _read_mapping(mapping: Existing, account: Account) -> Mapping[str, Any]:
    found = account.client("lambda").get_event_source_mapping(UUID=mapping.id)
    read: dict[str, Any] = {"batchSize": found["BatchSize"]}
    if limit := found.get("ScalingConfig", {}).get("MaximumConcurrency"):
        read["scalingConfig"] = {"maximumConcurrency": limit}
    return read


def _end_recursion_config(config: Existing, account: Account) -> None:
    account.client("lambda").put_function_recursion_config(
        FunctionName=config.id, RecursiveLoop="Terminate"
    )


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:lambda/function:Function": Lifecycle(
        create=create.function,
        read=_read_function,
        delete=deleted_by("lambda", "delete_function", FunctionName="id"),
        source="internal/service/lambda/function.go",
        # `durableConfig` causes a replacement only when it is added or removed; it is not
        # supported.
        replaced_by=frozenset({"name", "packageType", "tenancyConfig"}),
        updates={
            **updated_by(_configuration, *create.CONFIGURATION),
            **updated_by(_code, "architectures", "code"),
            **updated_by(_concurrency, "reservedConcurrentExecutions"),
            **no_update("skipDestroy", because=ON_DELETION),
            **no_update("sourceCodeHash", because="`code` is compared itself"),
        },
        named_by="name",
        longest_name=64,
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Lifecycle(
        create=create.event_source_mapping,
        read=_read_mapping,
        delete=deleted_by("lambda", "delete_event_source_mapping", UUID="id"),
        source="internal/service/lambda/event_source_mapping.go",
        replaced_by=frozenset({"eventSourceArn"}),
        updates=updated_by(_update_mapping, *_MAPPING),
    ),
    "aws:lambda/functionRecursionConfig:FunctionRecursionConfig": Lifecycle(
        create=create.recursion_config,
        read=found_by("lambda", "get_function_recursion_config", FunctionName="id"),
        delete=_end_recursion_config,
        source="internal/service/lambda/function_recursion_config.go",
        replaced_by=frozenset({"functionName"}),
        updates=updated_by_put(create.recursion_config, "recursiveLoop"),
    ),
    "aws:lambda/functionUrl:FunctionUrl": Lifecycle(
        create=create.function_url,
        read=found_by("lambda", "get_function_url_config", FunctionName="functionName"),
        delete=deleted_by("lambda", "delete_function_url_config", FunctionName="functionName"),
        source="internal/service/lambda/function_url.go",
        replaced_by=frozenset({"functionName", "qualifier"}),
    ),
    "aws:lambda/permission:Permission": Lifecycle(
        create=create.permission,
        read=found_by("lambda", "get_policy", FunctionName="function"),
        delete=deleted_by(
            "lambda", "remove_permission", FunctionName="function", StatementId="id"
        ),
        source="internal/service/lambda/permission.go",
        replaced_by=frozenset(
            {
                *("action", "eventSourceToken", "function", "functionUrlAuthType"),
                *("invokedViaFunctionUrl", "principal", "principalOrgId", "qualifier"),
                *("sourceAccount", "sourceArn", "statementId", "statementIdPrefix"),
            }
        ),
        named_by="statementId",
        longest_name=100,
    ),
}
