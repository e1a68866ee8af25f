"""EventBridge: rules with a schedule, and their targets."""

from __future__ import annotations

from .declared import Account, Created, Creator, DeclarationError, Declared


def event_rule(declared: Declared, account: Account) -> Created:
    """`aws.cloudwatch.EventRule` with a schedule, on the default bus."""
    name = declared.physical_name()
    parameters = declared.renamed(
        {
            "description": "Description",
            "scheduleExpression": "ScheduleExpression",
            "state": "State",
        }
    )
    if "ScheduleExpression" not in parameters:
        raise DeclarationError("the sandbox creates only rules with a scheduleExpression")
    arn = account.client("events").put_rule(Name=name, Tags=declared.tag_list(), **parameters)[
        "RuleArn"
    ]
    declared.leave_out("forceDestroy", because="it acts when a stack is destroyed")
    return Created(name, {"name": name, "arn": arn})


def event_target(declared: Declared, account: Account) -> Created:
    """`aws.cloudwatch.EventTarget`: a function whose own policy lets EventBridge invoke it."""
    rule, arn = declared.require("rule"), declared.require("arn")
    target_id = declared.require("targetId")
    _require_permission(account, arn)
    answer = account.client("events").put_targets(
        Rule=rule,
        Targets=[{"Id": target_id, "Arn": arn, **declared.renamed({"input": "Input"})}],
    )
    if answer["FailedEntryCount"]:
        raise DeclarationError(f"EventBridge refuses the target: {answer['FailedEntries']}")
    return Created(f"{rule}-{target_id}", {"targetId": target_id})


def _require_permission(account: Account, function_arn: str) -> None:
    """Raise DeclarationError for a target that EventBridge may not invoke.

    AWS accepts such a target, and then fails at each event.
    """
    client = account.client("lambda")
    try:
        policy = client.get_policy(FunctionName=function_arn)["Policy"]
    except client.exceptions.ResourceNotFoundException:
        policy = ""
    if "events.amazonaws.com" not in policy:
        raise DeclarationError(
            f"EventBridge may not invoke {function_arn}; does the target depend on its permission?"
        )


CREATORS: dict[str, Creator] = {
    "aws:cloudwatch/eventRule:EventRule": event_rule,
    "aws:cloudwatch/eventTarget:EventTarget": event_target,
}
