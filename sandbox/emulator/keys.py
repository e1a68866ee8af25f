"""Checks of KMS key policies. In the emulator's process.

A bucket, queue or topic under a customer managed key is usable only for a principal that may also
use the key, directly or by a service (S3 guide, "Using SSE-KMS"; SQS guide, "Key management"; SNS
guide, "Key management"). ministack stores the key's name but does not check its policy. Here it is
checked, with ministack's own evaluator, for:

* a user or a role that reads or writes an object, a message or a notice. Their policies and the
  key's apply, with `kms:ViaService`, as in KMS;
* the role of a function whose mapping polls a queue: without the right, the messages stay there;
* S3 and SNS when they write to a queue: if the key does not allow it, the message is lost, and
  such a notification cannot be configured.

The account's root is allowed, as everywhere in ministack. An object counts as encrypted under the
current key of its bucket. An alarm of CloudWatch is always published.

It depends on `enforce` of `ministack.core.iam_evaluator`, on `queue_policy_allows` of
`ministack.services.sqs` and on `_iter_all_esms` of `ministack.services.lambda_svc` (1.5.33);
`tests/sandbox/emulator/test_keys.py` states the behaviour.
"""

# ministack's own names, and no types.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core import iam_evaluator as iam
from ministack.core.responses import get_account_id, get_region
from ministack.services import kms, lambda_svc, s3, sns, sqs

_DECRYPT, _ENCRYPT = "kms:Decrypt", "kms:GenerateDataKey"
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "s3:GetObject": (_DECRYPT,),
    "s3:PutObject": (_ENCRYPT,),
    "sqs:ReceiveMessage": (_DECRYPT,),
    "sqs:SendMessage": (_DECRYPT, _ENCRYPT),
    "sns:Publish": (_DECRYPT, _ENCRYPT),
}
"""The key's actions that an action needs."""

_OF_AWS = "alias/aws/"
"""An AWS managed key: it allows each principal that the service allows."""


def install() -> None:
    """Install the checks."""
    enforce, admits, mappings = iam.enforce, sqs.queue_policy_allows, lambda_svc._iter_all_esms

    def enforce_with_key(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        **more: Any,
    ) -> Any:
        denied = enforce(access_key, action, service, region, resource_arn, **more)
        key = None if denied or action not in _NEEDED else _key_of(resource_arn)
        if key is None:
            return denied
        caller = iam.resolve_principal(access_key or "", get_account_id())
        if isinstance(caller, iam.AuthError) or caller.policies is None:
            return None
        if _may_use(key, _NEEDED[action], caller, service):
            return None
        return iam.EvalResult("ImplicitDeny", principal_arn=caller.arn)

    def admits_with_key(arn: str, service: str, source_arn: str, source_account: str) -> bool:
        return bool(admits(arn, service, source_arn, source_account)) and _service_may_use(
            _key_of(arn), service, source_account
        )

    def mappings_with_their_keys() -> Iterator[Any]:
        for account, region, mapping in mappings():
            if _may_poll(mapping, account):
                yield account, region, mapping

    iam.enforce = enforce_with_key
    sqs.queue_policy_allows = admits_with_key
    lambda_svc._iter_all_esms = mappings_with_their_keys


def _key_of(resource_arn: str) -> str | None:
    """The ARN of the key of a bucket, of an object's bucket, of a queue or of a topic."""
    parts = resource_arn.split(":", 5)
    if len(parts) < len(("arn", "aws", "service", "region", "account", "name")):
        return None  # a text message to a phone number has no topic
    service, name = parts[2], parts[5]
    if service == "s3":
        headers = s3._bucket_default_sse_headers(name.partition("/")[0])
        key = headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    else:
        find = sqs._queue_by_arn if service == "sqs" else sns._topic_by_arn_any_scope
        found = find(resource_arn) or {}
        key = found.get("attributes", {}).get("KmsMasterKeyId")
    if not key or key.startswith(_OF_AWS):
        return None
    known = kms._resolve_key(key)
    return str(known["Arn"]) if known else str(key)


def _may_use(key: str, actions: tuple[str, ...], caller: Any, service: str) -> bool:
    """Whether a caller may use the key for these actions by a service."""
    policy = kms.key_policy_for_arn(key)
    if policy is None:
        return False
    for action in actions:
        context = iam.EvalContext(
            principal_arn=_role_of(caller.arn),
            principal_type=caller.type,
            principal_account=caller.account,
            action=action,
            resource_arn=key,
            region=get_region(),
            service_context={
                "kms:viaservice": f"{service}.{get_region()}.amazonaws.com",
                "kms:calleraccount": caller.account,
            },
            principal_keys=caller.keys,
        )
        own = iam.evaluate(context, caller.policies, *caller.limits)
        both = iam.combine_resource_policy(
            own, context, *policy, required=True, limits=caller.limits
        )
        if both.decision != "Allow":
            return False
    return True


def _role_of(arn: str) -> str:
    """The role of a role's session: the value of `aws:PrincipalArn` (IAM guide, "Global keys")."""
    head, assumed, session = arn.partition(":assumed-role/")
    if not assumed:
        return arn
    return f"{head.replace(':sts:', ':iam:')}:role/{session.partition('/')[0]}"


def _service_may_use(key: str | None, service: str, account: str) -> bool:
    """Whether a service may write under the key: only the key's policy decides."""
    if key is None:
        return True
    policy = kms.key_policy_for_arn(key)
    return policy is not None and all(
        iam.evaluate_resource_policy(
            policy[0],
            iam.EvalContext(
                principal_arn="*",
                principal_type="Service",
                principal_account="",
                action=action,
                resource_arn=key,
                region=get_region(),
                service_context={"aws:sourceaccount": account},
            ),
            service=service,
        ).decision
        == "Allow"
        for action in (_DECRYPT, _ENCRYPT)
    )


def _may_poll(mapping: Mapping[str, Any], account: str) -> bool:
    """Whether the role of a mapping's function may decrypt the messages of its queue."""
    source = str(mapping.get("EventSourceArn", ""))
    key = _key_of(source) if ":sqs:" in source else None
    if key is None:
        return True
    _, config = lambda_svc._get_func_record_for_qualifier(
        mapping["FunctionName"], mapping.get("Qualifier")
    )
    if config is None:
        return False
    role = str(config["Role"])
    caller = iam.PrincipalInfo(
        arn=role,
        type="AssumedRole",
        account=account,
        policies=iam._gather_role_policies(role.rpartition("/")[2], account),
    )
    return _may_use(key, (_DECRYPT,), caller, "sqs")
