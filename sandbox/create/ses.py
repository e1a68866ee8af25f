"""SES: receiving (v1), and sending identities and configuration sets (v2).

The emulator stores these. The sandbox's own SMTP server and its endpoint for sending apply them.
An identity counts as verified at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .declared import Account, Created, Creator, DeclarationError, Declared


def receipt_rule_set(declared: Declared, account: Account) -> Created:
    """`aws.ses.ReceiptRuleSet`."""
    name = declared.require("ruleSetName")
    account.client("ses").create_receipt_rule_set(RuleSetName=name)
    arn = f"arn:aws:ses:{account.region}:{account.account_id}:receipt-rule-set/{name}"
    return Created(name, {"arn": arn})


def receipt_rule(declared: Declared, account: Account) -> Created:
    """`aws.ses.ReceiptRule` with actions of storing in S3, publishing and stopping.

    SES writes a test object when an S3 action is set, and refuses a bucket that it may not write
    to. The emulator does not, so the bucket's policy is checked here.
    """
    rule_set, description = declared.require("ruleSetName"), rule(declared, account)
    name = description["Name"]
    account.client("ses").create_receipt_rule(
        RuleSetName=rule_set, Rule=description, **declared.renamed({"after": "After"})
    )
    arn = (
        f"arn:aws:ses:{account.region}:{account.account_id}"
        f":receipt-rule-set/{rule_set}:receipt-rule/{name}"
    )
    return Created(name, {"name": name, "arn": arn})


def rule(declared: Declared, account: Account) -> dict[str, Any]:
    """The parameters of a receipt rule for SES.

    Raises:
        DeclarationError: if SES may not write to a bucket of the rule.
    """
    description: dict[str, Any] = {"Name": declared.physical_name()} | declared.renamed(
        {
            "enabled": "Enabled",
            "recipients": "Recipients",
            "scanEnabled": "ScanEnabled",
            "tlsPolicy": "TlsPolicy",
        }
    )
    actions: list[tuple[int, dict[str, Any]]] = []
    for block in declared.blocks("s3Actions"):
        action = block.renamed(
            {
                "bucketName": "BucketName",
                "iamRoleArn": "IamRoleArn",
                "objectKeyPrefix": "ObjectKeyPrefix",
                "topicArn": "TopicArn",
            }
        )
        _require_write_permission(account, action["BucketName"])
        actions.append((block.require("position"), {"S3Action": action}))
    for block in declared.blocks("snsActions"):
        action = block.renamed({"topicArn": "TopicArn", "encoding": "Encoding"})
        actions.append((block.require("position"), {"SNSAction": action}))
    for block in declared.blocks("stopActions"):
        action = block.renamed({"scope": "Scope", "topicArn": "TopicArn"})
        actions.append((block.require("position"), {"StopAction": action}))
    description["Actions"] = [action for _, action in sorted(actions, key=lambda pair: pair[0])]
    return description


def active_receipt_rule_set(declared: Declared, account: Account) -> Created:
    """`aws.ses.ActiveReceiptRuleSet`."""
    name = declared.require("ruleSetName")
    account.client("ses").set_active_receipt_rule_set(RuleSetName=name)
    arn = f"arn:aws:ses:{account.region}:{account.account_id}:receipt-rule-set/{name}"
    return Created(name, {"arn": arn})


def _require_write_permission(account: Account, bucket: str) -> None:
    s3 = account.client("s3")
    try:
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        policy = {"Statement": []}
    if not any(_allows_ses(statement, "s3:PutObject") for statement in policy["Statement"]):
        raise DeclarationError(
            f"InvalidS3Configuration: no statement of the policy of bucket {bucket} lets "
            "ses.amazonaws.com call s3:PutObject; does the rule depend on the policy?"
        )


def _allows_ses(statement: dict[str, Any], action: str) -> bool:
    principal = statement.get("Principal", {})
    services = _list(principal.get("Service", [])) if isinstance(principal, dict) else []
    return (
        statement.get("Effect") == "Allow"
        and "ses.amazonaws.com" in services
        and action in _list(statement.get("Action", []))
    )


def _list(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def email_identity(declared: Declared, account: Account) -> Created:
    """`aws.sesv2.EmailIdentity`, verified at once."""
    client, name = account.client("sesv2"), declared.require("emailIdentity")
    if _is_there(client, name):
        raise DeclarationError(f"AlreadyExistsException: Email identity {name} already exist.")
    set_default(declared, account)
    made = client.create_email_identity(EmailIdentity=name, Tags=declared.tag_list())
    if block := declared.block("dkimSigningAttributes"):
        block.leave_out("nextSigningKeyLength", because="mail is not signed here")
    return Created(
        name,
        {
            "arn": f"arn:aws:ses:{account.region}:{account.account_id}:identity/{name}",
            "identityType": made["IdentityType"],
            "verificationStatus": "SUCCESS",
            "verifiedForSendingStatus": made["VerifiedForSendingStatus"],
            "dkimSigningAttributes": {
                "currentSigningKeyLength": "RSA_2048_BIT",
                "domainSigningSelector": "",
                "lastKeyGenerationTimestamp": "",
                "nextSigningKeyLength": "RSA_2048_BIT",
                "signingAttributesOrigin": "AWS_SES",
                "status": "SUCCESS",
                "tokens": made["DkimAttributes"]["Tokens"],
            },
        },
    )


def set_default(declared: Declared, account: Account) -> None:
    """Set the configuration set for mail of an identity that names none."""
    account.default_sets.pop(declared.require("emailIdentity"), None)
    if name := declared.get("configurationSetName"):
        account.client("sesv2").get_configuration_set(ConfigurationSetName=name)
        account.default_sets[declared.require("emailIdentity")] = name


def _is_there(client: Any, identity: str) -> bool:  # noqa: ANN401 (boto3 makes its class at run time)
    try:
        client.get_email_identity(EmailIdentity=identity)
    except client.exceptions.NotFoundException:
        return False
    return True


def configuration_set(declared: Declared, account: Account) -> Created:
    """`aws.sesv2.ConfigurationSet`."""
    name = declared.require("configurationSetName")
    account.client("sesv2").create_configuration_set(
        ConfigurationSetName=name,
        Tags=declared.tag_list(),
        **configuration_set_parameters(declared),
    )
    arn = f"arn:aws:ses:{account.region}:{account.account_id}:configuration-set/{name}"
    return Created(name, {"arn": arn})


def configuration_set_parameters(declared: Declared) -> dict[str, Any]:
    """The declared options of a configuration set, as parameters for SES."""
    parameters: dict[str, Any] = {}
    for key, theirs, names in (
        (
            "deliveryOptions",
            "DeliveryOptions",
            {
                "maxDeliverySeconds": "MaxDeliverySeconds",
                "sendingPoolName": "SendingPoolName",
                "tlsPolicy": "TlsPolicy",
            },
        ),
        (
            "reputationOptions",
            "ReputationOptions",
            {"reputationMetricsEnabled": "ReputationMetricsEnabled"},
        ),
        ("sendingOptions", "SendingOptions", {"sendingEnabled": "SendingEnabled"}),
        ("suppressionOptions", "SuppressionOptions", {"suppressedReasons": "SuppressedReasons"}),
    ):
        if block := declared.block(key):
            parameters[theirs] = block.renamed(names)
    return parameters


def event_destination(declared: Declared, account: Account) -> Created:
    """`aws.sesv2.ConfigurationSetEventDestination` to SNS or CloudWatch.

    SES publishes a test and refuses a topic that it may not publish to. So the topic's policy is
    checked here.
    """
    set_name = declared.require("configurationSetName")
    name = declared.require("eventDestinationName")
    account.client("sesv2").create_configuration_set_event_destination(
        ConfigurationSetName=set_name,
        EventDestinationName=name,
        EventDestination=destination(declared, account),
    )
    return Created(f"{set_name}|{name}")


def destination(declared: Declared, account: Account) -> dict[str, Any]:
    """The parameters of an event destination for SES.

    Raises:
        DeclarationError: if SES may not publish to its topic.
    """
    block = declared.block("eventDestination")
    if block is None:
        raise DeclarationError("input eventDestination is missing")
    description: dict[str, Any] = block.renamed(
        {"enabled": "Enabled", "matchingEventTypes": "MatchingEventTypes"}
    )
    if sns := block.block("snsDestination"):
        topic = sns.require("topicArn")
        _require_publish_permission(account, topic)
        description["SnsDestination"] = {"TopicArn": topic}
    if watch := block.block("cloudWatchDestination"):
        names = {
            "dimensionName": "DimensionName",
            "dimensionValueSource": "DimensionValueSource",
            "defaultDimensionValue": "DefaultDimensionValue",
        }
        description["CloudWatchDestination"] = {
            "DimensionConfigurations": [
                one.renamed(names) for one in watch.blocks("dimensionConfigurations")
            ]
        }
    return description


def _require_publish_permission(account: Account, topic: str) -> None:
    attributes = account.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    statements = json.loads(attributes.get("Policy") or '{"Statement": []}')["Statement"]
    if not any(_allows_ses(statement, "sns:Publish") for statement in statements):
        raise DeclarationError(
            f"BadRequestException: no statement of the policy of topic {topic} lets "
            "ses.amazonaws.com call sns:Publish; does the destination depend on the policy?"
        )


def mail_from_attributes(declared: Declared, account: Account) -> Created:
    """`aws.sesv2.EmailIdentityMailFromAttributes`: checked only.

    The emulator has no such call, and no mail leaves this machine.
    """
    identity, domain = declared.require("emailIdentity"), declared.get("mailFromDomain")
    account.client("sesv2").get_email_identity(EmailIdentity=identity)
    if domain is not None and not domain.endswith(f".{identity}"):
        raise DeclarationError(
            f"BadRequestException: the MAIL FROM domain {domain} must be a subdomain of {identity}"
        )
    declared.leave_out("behaviorOnMxFailure", because="no MX record is looked up here")
    return Created(identity)


def feedback_attributes(declared: Declared, account: Account) -> Created:
    """`aws.sesv2.EmailIdentityFeedbackAttributes`: checked only.

    The emulator has no such call, and the sandbox sends no mail about a bounce.
    """
    identity = declared.require("emailIdentity")
    account.client("sesv2").get_email_identity(EmailIdentity=identity)
    declared.leave_out("emailForwardingEnabled", because="the sandbox reports no bounce by mail")
    return Created(identity)


CREATORS: dict[str, Creator] = {
    "aws:ses/receiptRuleSet:ReceiptRuleSet": receipt_rule_set,
    "aws:ses/receiptRule:ReceiptRule": receipt_rule,
    "aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet": active_receipt_rule_set,
    "aws:sesv2/emailIdentity:EmailIdentity": email_identity,
    "aws:sesv2/configurationSet:ConfigurationSet": configuration_set,
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": (
        event_destination
    ),
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": (
        feedback_attributes
    ),
    "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes": (
        mail_from_attributes
    ),
}
