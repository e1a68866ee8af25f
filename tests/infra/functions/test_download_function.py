"""The download page: for everybody with a link, with few rights and bounded cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from relay_core.resources import PageResources
from relay_core.settings import Settings
from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment, Registered

NAME = "mail-relay-dev-download"
FUNCTION = "aws:lambda/function:Function"
URL, PERMISSION = "aws:lambda/functionUrl:FunctionUrl", "aws:lambda/permission:Permission"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
OWN_URL = f"https://{'abcd' * 8}.lambda-url.eu-central-1.on.aws"
BUCKET = "arn:aws:s3:::mail-relay-dev-attachments"


def function(stack: Deployment) -> Registered:
    return stack.named(FUNCTION, NAME)


def variables(stack: Deployment, name: str = NAME) -> dict[str, str]:
    found: dict[str, str] = stack.named(FUNCTION, name).inputs["environment"]["variables"]
    return found


def statements(stack: Deployment) -> list[Mapping[str, Any]]:
    policy = stack.named(ROLE_POLICY, NAME).document("policy")
    found: list[Mapping[str, Any]] = policy["Statement"]
    return found


def rights(stack: Deployment) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for statement in statements(stack)
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def test_it_runs_the_same_archive_as_the_relay_from_another_entry(dev: Deployment) -> None:
    inputs = function(dev).inputs
    assert inputs["handler"] == "adapters.download_function.handler"
    assert (inputs["runtime"], inputs["architectures"]) == ("python3.13", ["arm64"])
    relay = dev.named(FUNCTION, "mail-relay-dev-function")
    assert inputs["code"].path == relay.inputs["code"].path


def test_its_environment_names_what_it_works_on_and_no_secret(dev: Deployment) -> None:
    assert variables(dev) == {
        "RELAY_ATTACHMENTS_BUCKET": "mail-relay-dev-attachments",
        "RELAY_LINK_KEYS_PARAMETER": "/mail-relay/dev/link-keys",
        "RELAY_MALWARE_PROTECTION": "false",
        "RELAY_ACCENT_COLOUR": "#14508c",
        "RELAY_LANGUAGE": "en",
        "RELAY_TIME_ZONE": "UTC",
        "POWERTOOLS_METRICS_NAMESPACE": "MailRelay",
        "POWERTOOLS_SERVICE_NAME": "mail-relay-dev",
        "LOG_LEVEL": "INFO",
        "RELAY_TRUST_STORE": "amazon",
    }


@pytest.mark.parametrize("is_scanned", [True, False])
def test_its_environment_is_read_back(deploy: Deploy, *, is_scanned: bool) -> None:
    stack = deploy(linkMode="page", malwareProtection=is_scanned)
    assert PageResources.from_environment(variables(stack)) == PageResources(
        attachments_bucket="mail-relay-dev-attachments",
        link_keys_parameter="/mail-relay/dev/link-keys",
        malware_protection=is_scanned,
    )


def test_its_role_may_do_what_the_code_calls_and_nothing_else(dev: Deployment) -> None:
    logs = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/lambda/{NAME}:*"
    parameter = f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter/mail-relay/dev/link-keys"
    assert rights(dev) == {
        ("s3:GetObject", f"{BUCKET}/links/*"),
        ("s3:GetObject", f"{BUCKET}/manifests/*"),
        ("s3:GetObject", f"{BUCKET}/attachments/*"),
        ("s3:GetObject", f"{BUCKET}/archives/*"),
        ("s3:PutObject", f"{BUCKET}/archives/*"),
        ("s3:PutObject", f"{BUCKET}/downloads/*"),
        ("s3:ListBucket", BUCKET),
        ("ssm:GetParameter", parameter),
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
    }


def test_only_a_page_that_renews_links_may_send_mail_and_change_manifests(
    dev: Deployment, renewing: Deployment
) -> None:
    ses = f"arn:aws:ses:eu-central-1:{ACCOUNT}"
    sending = {
        (f"ses:{action}", f"{ses}:{resource}")
        for action in ("SendEmail", "SendRawEmail")
        for resource in ("identity/*", "configuration-set/mail-relay-dev")
    }
    assert rights(renewing) - rights(dev) == {
        ("s3:PutObject", f"{BUCKET}/manifests/*"),
        *sending,
    }
    (statement,) = [one for one in statements(renewing) if "ses:SendEmail" in one["Action"]]
    sender = variables(renewing)["RELAY_SENDER_ADDRESS"]
    assert {"StringEquals": {"ses:FromAddress": sender}} == statement["Condition"]


def test_what_it_renews_links_with_is_read_back(deploy: Deploy) -> None:
    stack = deploy(linkRenewal=True, linkExpiryHours=5, attachmentRetentionDays=3)
    read = PageResources.from_environment(variables(stack))
    relay = Settings.from_environment(variables(stack, "mail-relay-dev-function"))
    assert read.link_renewal
    assert "" == read.download_url
    front = deploy(linkRenewal=True, downloadUrl="https://front.example")
    assert "https://front.example" == variables(front)["RELAY_DOWNLOAD_URL"]
    assert (relay.stack, relay.sender_address, relay.configuration_set_name) == (
        read.stack,
        read.sender_address,
        read.configuration_set_name,
    )
    assert (relay.link_expiry, relay.attachment_retention) == (
        read.link_expiry,
        read.attachment_retention,
    )


def test_its_url_is_public_and_is_the_only_way_to_invoke_it(dev: Deployment) -> None:
    assert dev.one(URL).inputs == {"functionName": NAME, "authorizationType": "NONE"}
    found = {one.inputs["action"]: one for one in dev.all(PERMISSION)}
    common = {"function": NAME, "principal": "*"}
    assert found.keys() == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    # Lambda accepts each condition only with the action that it belongs to.
    asking, answering = found["lambda:InvokeFunctionUrl"], found["lambda:InvokeFunction"]
    assert asking.inputs == {
        **common,
        "action": "lambda:InvokeFunctionUrl",
        "statementId": "EverybodyMayAskTheUrl",
        "functionUrlAuthType": "NONE",
    }
    assert answering.inputs == {
        **common,
        "action": "lambda:InvokeFunction",
        "statementId": "TheUrlMayInvoke",
        "invokedViaFunctionUrl": True,
    }
    assert asking.urn in answering.dependencies
    assert dev.one(URL).urn in asking.dependencies


def test_the_relays_function_has_no_url(dev: Deployment) -> None:
    assert {one.inputs["functionName"] for one in dev.all(URL)} == {NAME}


@pytest.mark.parametrize("most", [1, 20, 900])
def test_so_many_requests_at_once_and_no_more_are_answered(deploy: Deploy, most: int) -> None:
    stack = deploy(linkMode="page", downloadMaxConcurrency=most)
    assert function(stack).inputs["reservedConcurrentExecutions"] == most


def test_without_a_limit_of_its_own_nothing_is_reserved(deploy: Deploy) -> None:
    stack = deploy(linkMode="page", downloadMaxConcurrency=0)
    assert "reservedConcurrentExecutions" not in function(stack).inputs


def test_links_lead_to_its_url(dev: Deployment) -> None:
    assert variables(dev, "mail-relay-dev-function")["RELAY_DOWNLOAD_URL"] == OWN_URL
    assert dev.exports["downloadUrl"] == OWN_URL
    assert dev.exports["downloadFunctionUrl"] == OWN_URL


def test_links_lead_to_the_operators_domain_where_there_is_one(deploy: Deploy) -> None:
    stack = deploy(linkMode="page", downloadUrl="https://files.example.com")
    relay = variables(stack, "mail-relay-dev-function")
    assert relay["RELAY_DOWNLOAD_URL"] == "https://files.example.com"
    assert stack.exports["downloadUrl"] == "https://files.example.com"
    assert stack.exports["downloadFunctionUrl"] == OWN_URL  # the target of that domain


def test_its_logs_go_to_a_group_of_its_own_that_is_there_first(deploy: Deploy) -> None:
    stack = deploy(linkMode="page", logRetentionDays=7)
    group = stack.named(LOG_GROUP, NAME)
    assert group.inputs == {"name": f"/aws/lambda/{NAME}", "retentionInDays": 7}
    assert function(stack).inputs["loggingConfig"]["logGroup"] == f"/aws/lambda/{NAME}"
    assert group.urn in function(stack).dependencies
    assert stack.exports["downloadLogGroup"] == f"/aws/lambda/{NAME}"
    assert stack.exports["downloadFunctionName"] == NAME


def test_where_links_are_presigned_there_is_none(presigned: Deployment) -> None:
    assert [one.name for one in presigned.all(FUNCTION)] == ["mail-relay-dev-function"]
    assert [presigned.all(type_) for type_ in (URL, PERMISSION)] == [(), ()]
    assert not [one.urn for one in presigned.resources if "download" in one.urn]
    names = ("downloadUrl", "downloadFunctionUrl", "downloadFunctionName", "downloadLogGroup")
    assert {presigned.exports[name] for name in names} == {""}
