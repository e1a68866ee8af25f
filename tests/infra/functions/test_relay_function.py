"""The function runs the relay, with the permissions that it needs and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from infra.configuration.problems import InvalidConfig
from relay_core.resources import Resources
from relay_core.settings import Settings
from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment, changed_config, read_stack

FUNCTION = "aws:lambda/function:Function"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
RECURSION = "aws:lambda/functionRecursionConfig:FunctionRecursionConfig"
SES = f"arn:aws:ses:eu-central-1:{ACCOUNT}:"
SSM = f"arn:aws:ssm:eu-central-1:{ACCOUNT}:"


def statements(stack: Deployment) -> dict[str, Mapping[str, Any]]:
    """Sid → statement of what the function's role may do."""
    policy = stack.one(ROLE_POLICY, "function").document("policy")
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_it_runs_the_relay_on_python_313_and_arm(deploy: Deploy) -> None:
    inputs = (
        deploy(functionMemory=1024, functionTimeoutSeconds=60).one(FUNCTION, "function").inputs
    )
    assert inputs["handler"] == "adapters.relay_function.handler"
    assert inputs["runtime"] == "python3.13"
    assert inputs["architectures"] == ["arm64"]
    assert inputs["memorySize"] == 1024
    assert inputs["timeout"] == 60
    assert "reservedConcurrentExecutions" not in inputs


def test_its_environment_is_read_back_as_the_settings_and_resources(dev: Deployment) -> None:
    variables = dev.one(FUNCTION, "function").inputs["environment"]["variables"]
    config = read_stack(changed_config({"linkMode": "page"}))
    assert Settings.from_environment(variables) == config.settings()
    assert Resources.from_environment(variables) == Resources(
        incoming_bucket="mail-relay-dev-incoming",
        attachments_bucket="mail-relay-dev-attachments",
        fallback_topic_arn=f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-fallback",
        directory_parameter="/mail-relay/dev/recipients",
        queue_url=f"https://sqs.eu-central-1.amazonaws.com/{ACCOUNT}/mail-relay-dev-incoming",
        download_url=dev.exports["downloadUrl"],
        link_keys_parameter="/mail-relay/dev/link-keys",
    )
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "MailRelay"


def test_without_a_page_it_is_configured_for_none(presigned: Deployment) -> None:
    variables = presigned.one(FUNCTION, "function").inputs["environment"]["variables"]
    resources = Resources.from_environment(variables)
    assert (resources.download_url, resources.link_keys_parameter) == ("", "")


def test_two_stacks_do_not_mix_their_metrics_and_logs(deploy: Deploy) -> None:
    for stack in ("one", "other"):
        functions = deploy(stack=stack, createIdentities=False, linkMode="page").all(FUNCTION)
        assert len(functions) == 2
        for function in functions:
            variables = function.inputs["environment"]["variables"]
            assert variables["POWERTOOLS_SERVICE_NAME"] == f"mail-relay-{stack}"


STACK, REGION = "d" * 20, "ap-southeast-1"  # the longest names


@pytest.mark.parametrize("url", [None, f"https://{'host.' * 40}example.com"])
def test_the_longest_environment_that_is_let_through_is_within_lambdas_4_kb(
    deploy: Deploy, url: str | None
) -> None:
    page = {"linkMode": "page", "downloadUrl": url}
    longest = max(number for number in range(40, 200) if fits(number, page))
    changes = {"allowedRecipients": recipients(longest), "aws:region": REGION, **page}
    stack = deploy(stack=STACK, **changes)
    variables = stack.one(FUNCTION, "function").inputs["environment"]["variables"]
    size = sum(len(name) + len(value) for name, value in variables.items())
    ends_of_names = 4 * len("-1234567")  # of two buckets, a topic and a queue
    # in the topic's ARN, the queue's URL and the page's
    regions = 3 * (len(REGION) - len("eu-central-1"))
    assert size + ends_of_names + regions <= 4096


def recipients(number: int) -> list[str]:
    return [f"recipient-{n:03}@example.com" for n in range(number)]


def fits(number: int, more: Mapping[str, object]) -> bool:
    try:
        read_stack(changed_config({"allowedRecipients": recipients(number), **more}), stack=STACK)
    except InvalidConfig:
        return False
    return True


def test_its_logs_go_to_a_group_of_its_own_that_is_there_first(deploy: Deploy) -> None:
    stack = deploy(logRetentionDays=7)
    group, function = stack.one(LOG_GROUP, "function"), stack.one(FUNCTION, "function")
    assert group.inputs == {"name": "/aws/lambda/mail-relay-dev-function", "retentionInDays": 7}
    assert function.inputs["loggingConfig"] == {
        "applicationLogLevel": "INFO",
        "logFormat": "JSON",
        "logGroup": "/aws/lambda/mail-relay-dev-function",
    }
    assert group.urn in function.dependencies
    assert stack.exports["logGroup"] == "/aws/lambda/mail-relay-dev-function"


@pytest.mark.parametrize("name", ["mail-relay-dev-function", "mail-relay-dev-download"])
def test_a_function_waits_for_its_rights(dev: Deployment, name: str) -> None:
    assert dev.named(ROLE_POLICY, name).urn in dev.named(FUNCTION, name).dependencies


def test_the_queue_feeds_it_and_takes_back_only_what_failed(deploy: Deploy) -> None:
    mapping = deploy(maxConcurrency=4).one(MAPPING)
    queue = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:mail-relay-dev-incoming"
    assert mapping.inputs["eventSourceArn"] == queue
    assert mapping.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping.inputs["scalingConfig"] == {"maximumConcurrency": 4}
    assert mapping.inputs["batchSize"] == 1


def test_it_may_send_a_message_anew_as_often_as_it_takes(dev: Deployment) -> None:
    # Lambda's loop detection would stop the chain of messages after 16 rounds.
    rounds = dev.one(RECURSION)
    assert rounds.inputs == {
        "functionName": "mail-relay-dev-function",
        "recursiveLoop": "Allow",
    }
    assert rounds.urn in dev.one(MAPPING).dependencies


@pytest.mark.parametrize("name", ["mail-relay-dev-function", "mail-relay-dev-download"])
def test_only_lambda_takes_a_functions_role(dev: Deployment, name: str) -> None:
    trust = dev.named("aws:iam/role:Role", name).document("assumeRolePolicy")
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"


@pytest.mark.parametrize("mode", ["page", "presigned"])
def test_its_role_may_do_what_the_code_calls_and_nothing_else(deploy: Deploy, mode: str) -> None:
    rights = {
        (action, resource)
        for statement in statements(deploy(linkMode=mode)).values()
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    incoming, attachments = (
        "arn:aws:s3:::mail-relay-dev-incoming",
        "arn:aws:s3:::mail-relay-dev-attachments",
    )
    queue = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:mail-relay-dev-incoming"
    logs = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/lambda/mail-relay-dev-function:*"
    of_mode = {
        # The function writes files and links, but may not read the content of files.
        "page": {
            ("s3:GetObject", f"{attachments}/links/*"),
            ("s3:PutObject", f"{attachments}/links/*"),
            ("ssm:GetParameter", f"{SSM}parameter/mail-relay/dev/link-keys"),
        },
        # The function signs links, and a link has the rights of its signer.
        "presigned": {("s3:GetObject", f"{attachments}/attachments/*")},
    }
    assert rights == of_mode[mode] | {
        ("s3:GetObject", f"{incoming}/incoming/*"),
        ("s3:PutObject", f"{attachments}/attachments/*"),
        ("s3:GetObject", f"{attachments}/manifests/*"),
        ("s3:PutObject", f"{attachments}/manifests/*"),
        ("s3:GetObject", f"{attachments}/windows/*"),
        ("s3:PutObject", f"{attachments}/windows/*"),
        ("s3:GetObject", f"{incoming}/suppression/*"),
        ("s3:PutObject", f"{incoming}/suppression/*"),
        ("s3:GetObject", f"{incoming}/address-use/*"),
        ("s3:PutObject", f"{incoming}/address-use/*"),
        ("s3:ListBucket", attachments),
        ("s3:ListBucket", incoming),
        ("ssm:GetParameter", f"{SSM}parameter/mail-relay/dev/recipients"),
        ("ses:SendEmail", f"{SES}identity/*"),
        ("ses:SendRawEmail", f"{SES}identity/*"),
        ("ses:SendEmail", f"{SES}configuration-set/mail-relay-dev"),
        ("ses:SendRawEmail", f"{SES}configuration-set/mail-relay-dev"),
        ("sns:Publish", f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-fallback"),
        ("sqs:ReceiveMessage", queue),
        ("sqs:DeleteMessage", queue),
        ("sqs:GetQueueAttributes", queue),
        ("sqs:ChangeMessageVisibility", queue),
        ("sqs:SendMessage", queue),
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
    }


def test_it_sees_the_tags_of_scans_only_where_files_are_scanned(
    dev: Deployment, scanned: Deployment
) -> None:
    assert "SeeScans" not in statements(dev)
    seen = statements(scanned)["SeeScans"]
    assert ["s3:GetObjectTagging"] == seen["Action"]
    assert ["arn:aws:s3:::mail-relay-dev-attachments/attachments/*"] == seen["Resource"]


def test_it_sends_only_as_the_configured_sender(dev: Deployment) -> None:
    statement = statements(dev)["SendAsTheSender"]
    expected = {"StringEquals": {"ses:FromAddress": "relay@mail.example.com"}}
    assert statement["Condition"] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, ["identity/*", "configuration-set/mail-relay-dev"]),
        ("set-1", ["identity/*", "configuration-set/set-1"]),
    ],
)
def test_it_may_use_the_configuration_set_that_it_is_given(
    deploy: Deploy, name: str | None, expected: list[str]
) -> None:
    found = statements(deploy(configurationSetName=name))["SendAsTheSender"]["Resource"]
    assert found == [SES + resource for resource in expected]


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_what_is_logged_is_what_lambda_passes_on(deploy: Deploy, level: str) -> None:
    functions = deploy(logLevel=level).all(FUNCTION)
    assert len(functions) == 2
    for function in functions:
        assert function.inputs["loggingConfig"]["applicationLogLevel"] == level
        assert function.inputs["environment"]["variables"]["LOG_LEVEL"] == level


def test_a_mail_that_is_gone_is_distinguished_from_one_that_may_not_be_read(
    every: Deployment,
) -> None:
    # Without s3:ListBucket, S3 answers 403 for a missing object, not 404.
    assert set(statements(every)["TellAbsentFromForbidden"]["Resource"]) == {
        "arn:aws:s3:::mail-relay-dev-incoming",
        "arn:aws:s3:::mail-relay-dev-attachments",
    }
