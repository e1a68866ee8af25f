"""The program as a whole: what others rely on, and what must hold of every resource."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from tests.infra.conftest import Deploy
from tests.infra.program import (
    ACCOUNT,
    ROOT,
    Deployment,
    Registered,
    changed_config,
    run_program,
)

EXPORTS = {
    *("incomingBucket", "attachmentsBucket", "queueUrl", "deadLetterQueueUrl"),
    *("fallbackTopicArn", "alarmsTopicArn", "functionName", "logGroup", "inboundAddress"),
    *("senderAddress", "smtpEndpoint", "downloadUrl", "dnsRecords", "receiptRuleSet"),
    "dashboardUrl",
}

WILDCARDS: Mapping[str, str] = {
    # Sid of an allowing statement → why its resources hold a "*"
    "PutByService": "SES names the objects itself, under one prefix",
    "ReadIncomingMail": "SES names the objects itself, under one prefix",
    "KeepAttachmentsAndRecords": "keys are made of mails' ids and senders, under three prefixes",
    "SendAsTheSender": "SES also asks for the recipients' identities in its sandbox; the sender"
    " is fixed by ses:FromAddress",
    "WriteLogs": "Lambda names the streams of the function's own log group",
}


def policies(stack: Deployment) -> Iterator[tuple[Registered, Mapping[str, Any]]]:
    for resource in stack.resources:
        for key in ("policy", "assumeRolePolicy"):
            if key in resource.inputs:
                for statement in resource.document(key)["Statement"]:
                    yield resource, statement


def listed(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def test_the_exports_are_those_of_the_contract_and_none_is_missing(dev: Deployment) -> None:
    assert set(dev.exports) >= EXPORTS
    assert {name for name, value in dev.exports.items() if value is None} == set()
    assert dev.exports["downloadUrl"] == ""
    assert dev.exports["senderAddress"] == "relay@mail.example.com"
    assert dev.exports["inboundAddress"] == "devices-7f3k9@in.example.com"


def test_no_allowed_action_is_a_wildcard(dev: Deployment) -> None:
    found = [
        (resource.name, action)
        for resource, statement in policies(dev)
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        if "*" in action
    ]
    assert found == []


def test_no_allowed_resource_is_a_wildcard_without_a_reason(dev: Deployment) -> None:
    found = {
        statement["Sid"]
        for _, statement in policies(dev)
        if statement["Effect"] == "Allow"
        for resource in listed(statement.get("Resource"))
        if "*" in resource
    }
    assert found == set(WILDCARDS)


def test_no_principal_but_a_service_of_aws_is_allowed(dev: Deployment) -> None:
    principals = [
        statement["Principal"]
        for _, statement in policies(dev)
        if statement["Effect"] == "Allow" and "Principal" in statement
    ]
    assert principals
    assert all(set(principal) == {"Service"} for principal in principals)


def test_every_service_that_is_let_in_from_outside_is_held_to_our_account(dev: Deployment) -> None:
    let_in = [
        statement
        for resource, statement in policies(dev)
        if statement["Effect"] == "Allow"
        and "Principal" in statement
        and resource.type != "aws:iam/role:Role"
    ]
    assert len(let_in) == 3  # SES to the bucket, S3 to the queue, CloudWatch to the topic
    for statement in let_in:
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_no_input_holds_an_output_written_as_text(dev: Deployment) -> None:
    found = [one.urn for one in dev.resources if "Calling __str__" in str(one.inputs)]
    assert found == []


def test_every_resource_belongs_to_a_component_of_the_one_relay(dev: Deployment) -> None:
    (relay,) = (one for one in dev.resources if one.type == "mail-relay:relay:MailRelay")
    parents = {one.urn: one.parent for one in dev.resources}
    for one in dev.resources:
        if one.custom:
            assert parents[one.parent] == relay.urn


def test_no_name_is_given_twice(dev: Deployment) -> None:
    urns = [one.urn for one in dev.resources]
    assert sorted(set(urns)) == sorted(urns)


def test_two_stacks_of_one_account_share_no_physical_name(deploy: Deploy) -> None:
    # Pulumi makes a name from the logical one, unless an input gives it. A domain is an identity
    # by its own name: stacks have domains of their own, or share verified ones (createIdentities).
    def names(stack: Deployment) -> set[tuple[str, str]]:
        keys = ("name", "bucket", "ruleSetName", "dashboardName")
        return {
            (one.type, str(one.inputs.get(key, one.name)))
            for one in stack.resources
            if one.custom
            for key in keys
        }

    one, other = (deploy(stack=stack, createIdentities=False) for stack in ("one", "other"))
    assert names(one) & names(other) == set()


def test_previewing_twice_shows_no_change(dev: Deployment, deploy: Deploy) -> None:
    def inputs(stack: Deployment) -> dict[str, str]:
        return {
            one.urn: str({**one.inputs, "code": getattr(one.inputs.get("code"), "path", None)})
            for one in stack.resources
        }

    assert inputs(deploy()) == inputs(dev)


def test_a_first_preview_registers_what_will_be_deployed(dev: Deployment) -> None:
    preview = run_program(changed_config({}), first_preview=True)
    assert {one.urn for one in preview.resources} == {one.urn for one in dev.resources}


def test_main_only_composes() -> None:
    tree = ast.parse((ROOT / "__main__.py").read_text("utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "pulumi_aws" not in imported
    assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(tree))
