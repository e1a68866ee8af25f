"""Lambda: functions, their event sources, and their URLs.

The emulator runs a function in its own Python, independent of `runtime` and `architectures`, and
checks no permission of Lambda. AWS refuses an event source mapping whose role may not read the
queue, so that is checked here first. A function's own policy is stored but not applied: a URL
without authorization answers every request.
"""

from __future__ import annotations

from typing import Any

from .declared import Account, Created, Creator, DeclarationError, Declared
from .native_code import runnable_here

_QUEUE_PERMISSIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")

CONFIGURATION = (
    *("description", "environment", "ephemeralStorage", "handler", "loggingConfig"),
    *("memorySize", "role", "runtime", "timeout", "tracingConfig"),
)
"""The inputs of a function that `configuration` reads."""

NO_CONCURRENCY = -1
"""The provider's value of `reservedConcurrentExecutions` for "none reserved"."""


def function(declared: Declared, account: Account) -> Created:
    """`aws.lambda_.Function` of type Zip; `code` is the archive in bytes."""
    client, name = account.client("lambda"), declared.physical_name()
    made = client.create_function(
        FunctionName=name,
        Code={"ZipFile": runnable_here(declared.require("code"))},
        Tags=declared.tags(),
        **declared.renamed({"architectures": "Architectures", "packageType": "PackageType"}),
        **configuration(declared),
    )
    client.get_waiter("function_active_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    reserved = declared.get("reservedConcurrentExecutions", NO_CONCURRENCY)
    if reserved >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    declared.leave_out("sourceCodeHash", because="it only triggers an update in the provider")
    declared.leave_out("skipDestroy", because="it acts when a stack is destroyed")
    arn = made["FunctionArn"]
    return Created(
        name,
        {
            "name": name,
            "arn": arn,
            "version": "$LATEST",
            "qualifiedArn": f"{arn}:$LATEST",
            "lastModified": made["LastModified"],
            "codeSha256": made["CodeSha256"],
            "sourceCodeSize": made["CodeSize"],
            "invokeArn": (
                f"arn:aws:apigateway:{account.region}:lambda:path/2015-03-31/functions/{arn}"
                "/invocations"
            ),
        },
    )


def configuration(declared: Declared) -> dict[str, Any]:
    """The declared configuration of a function, as parameters for its creation and update."""
    parameters = declared.renamed(
        {
            "description": "Description",
            "handler": "Handler",
            "memorySize": "MemorySize",
            "role": "Role",
            "runtime": "Runtime",
            "timeout": "Timeout",
        }
    )
    if block := declared.block("environment"):
        parameters["Environment"] = {"Variables": block.get("variables", {})}
    if block := declared.block("loggingConfig"):
        parameters["LoggingConfig"] = block.renamed(
            {
                "logFormat": "LogFormat",
                "logGroup": "LogGroup",
                "applicationLogLevel": "ApplicationLogLevel",
                "systemLogLevel": "SystemLogLevel",
            }
        )
    if block := declared.block("tracingConfig"):
        parameters["TracingConfig"] = {"Mode": block.require("mode")}
    if block := declared.block("ephemeralStorage"):
        parameters["EphemeralStorage"] = {"Size": block.require("size")}
    return parameters


def event_source_mapping(declared: Declared, account: Account) -> Created:
    """`aws.lambda_.EventSourceMapping` from a queue."""
    client = account.client("lambda")
    source, target = declared.require("eventSourceArn"), declared.require("functionName")
    _require_queue_permissions(account, target, source)
    made = client.create_event_source_mapping(
        EventSourceArn=source,
        FunctionName=target,
        Tags=declared.tags(),
        **mapping_parameters(declared),
    )
    return Created(
        made["UUID"],
        {
            "uuid": made["UUID"],
            "arn": made["EventSourceMappingArn"],
            "functionArn": made["FunctionArn"],
            "state": made["State"],
        },
    )


def mapping_parameters(declared: Declared) -> dict[str, Any]:
    """The declared inputs of a mapping except its source and function, as Lambda's parameters."""
    parameters: dict[str, Any] = declared.renamed(
        {
            "batchSize": "BatchSize",
            "enabled": "Enabled",
            "functionResponseTypes": "FunctionResponseTypes",
            "maximumBatchingWindowInSeconds": "MaximumBatchingWindowInSeconds",
        }
    )
    if block := declared.block("scalingConfig"):
        parameters["ScalingConfig"] = block.renamed({"maximumConcurrency": "MaximumConcurrency"})
    return parameters


def recursion_config(declared: Declared, account: Account) -> Created:
    """`aws.lambda_.FunctionRecursionConfig`."""
    name = declared.require("functionName")
    account.client("lambda").put_function_recursion_config(
        FunctionName=name, RecursiveLoop=declared.require("recursiveLoop")
    )
    return Created(name)


def function_url(declared: Declared, account: Account) -> Created:
    """`aws.lambda_.FunctionUrl`; the output is the URL that the sandbox serves (`Account`)."""
    name = declared.require("functionName")
    parameters = declared.renamed({"invokeMode": "InvokeMode", "qualifier": "Qualifier"})
    made = account.client("lambda").create_function_url_config(
        FunctionName=name, AuthType=declared.require("authorizationType"), **parameters
    )
    url_id = str(made["FunctionUrl"]).removeprefix("https://").partition(".")[0]
    return Created(
        name,
        {
            "functionArn": made["FunctionArn"],
            "functionUrl": account.function_url(url_id),
            "urlId": url_id,
        },
    )


def permission(declared: Declared, account: Account) -> Created:
    """`aws.lambda_.Permission`: a statement of a function's own policy."""
    function_name = declared.require("function")
    statement_id = declared.physical_name("statementId")
    account.client("lambda").add_permission(
        FunctionName=function_name,
        StatementId=statement_id,
        Action=declared.require("action"),
        Principal=declared.require("principal"),
        **declared.renamed(
            {
                "eventSourceToken": "EventSourceToken",
                "functionUrlAuthType": "FunctionUrlAuthType",
                "invokedViaFunctionUrl": "InvokedViaFunctionUrl",
                "principalOrgId": "PrincipalOrgID",
                "qualifier": "Qualifier",
                "sourceAccount": "SourceAccount",
                "sourceArn": "SourceArn",
            }
        ),
    )
    return Created(statement_id, {"statementId": statement_id})


def _require_queue_permissions(account: Account, function_name: str, queue_arn: str) -> None:
    role_arn = account.client("lambda").get_function_configuration(FunctionName=function_name)[
        "Role"
    ]
    results = account.client("iam").simulate_principal_policy(
        PolicySourceArn=role_arn,
        ActionNames=list(_QUEUE_PERMISSIONS),
        ResourceArns=[queue_arn],
    )["EvaluationResults"]
    if missing := [r["EvalActionName"] for r in results if r["EvalDecision"] != "allowed"]:
        raise DeclarationError(
            f"the function's role may not call {', '.join(missing)} on {queue_arn}; "
            "does the mapping depend on the role's policy?"
        )


CREATORS: dict[str, Creator] = {
    "aws:lambda/function:Function": function,
    "aws:lambda/eventSourceMapping:EventSourceMapping": event_source_mapping,
    "aws:lambda/functionRecursionConfig:FunctionRecursionConfig": recursion_config,
    "aws:lambda/functionUrl:FunctionUrl": function_url,
    "aws:lambda/permission:Permission": permission,
}
