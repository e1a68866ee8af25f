"""GuardDuty: malware protection plans.

The emulator has no GuardDuty. A declared plan is stored with the account, where the sandbox's
scanner reads it (`Account.malware_plans`). GuardDuty checks the role's permissions before it
creates a plan, and refuses one without them (GuardDuty guide, "Troubleshooting IAM role
permissions error"). So that is checked here.
"""

from __future__ import annotations

from .declared import Account, Created, Creator, DeclarationError, Declared, MalwarePlan

_VALIDATION_OBJECT = "malware-protection-resource-validation-object"


def malware_protection_plan(declared: Declared, account: Account) -> Created:
    """`aws.guardduty.MalwareProtectionPlan` of a bucket, stored as a `MalwarePlan`."""
    resource = declared.block("protectedResource")
    bucket = resource and resource.block("s3Bucket")
    if bucket is None:
        raise DeclarationError("input protectedResource.s3Bucket is missing")
    plan = MalwarePlan(
        bucket=bucket.require("bucketName"),
        prefixes=tuple(bucket.get("objectPrefixes", [])),
        tags_objects=any(
            tagging.require("status") == "ENABLED"
            for action in declared.blocks("actions")
            for tagging in action.blocks("taggings")
        ),
    )
    role_arn = declared.require("role")
    _require_permissions(account, role_arn, plan)
    declared.leave_out("tags", because="nothing here lists plans by their tags")
    account.malware_plans.append(plan)
    name = f"plan-{len(account.malware_plans)}"
    arn = f"arn:aws:guardduty:{account.region}:{account.account_id}:malware-protection-plan/{name}"
    return Created(name, {"arn": arn, "status": "ACTIVE"})


def _require_permissions(account: Account, role_arn: str, plan: MalwarePlan) -> None:
    bucket = f"arn:aws:s3:::{plan.bucket}"
    objects = [f"{bucket}/{prefix}some-object" for prefix in plan.prefixes or ("",)]
    needed = {
        "s3:ListBucket": [bucket],
        "s3:PutObject": [f"{bucket}/{_VALIDATION_OBJECT}"],
        "s3:GetObject": objects,
        **({"s3:PutObjectTagging": objects} if plan.tags_objects else {}),
    }
    for action, resources in needed.items():
        results = account.client("iam").simulate_principal_policy(
            PolicySourceArn=role_arn, ActionNames=[action], ResourceArns=resources
        )["EvaluationResults"]
        if any(result["EvalDecision"] != "allowed" for result in results):
            raise DeclarationError(
                f"the role of the plan may not call {action} on {', '.join(resources)}; "
                "does the plan depend on the role's policy?"
            )


CREATORS: dict[str, Creator] = {
    "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan": malware_protection_plan,
}
