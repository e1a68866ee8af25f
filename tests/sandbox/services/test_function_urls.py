"""The function URL as the sandbox finds it, and requests that are handed to it."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.console.forwarding import FunctionUrl, PageAnswer, PageRequest
from sandbox.emulator.running import Emulator
from sandbox.services.function_urls import (
    DeployedFunction,
    UnusableFunctionUrl,
    deployed_functions,
    missing_permissions,
)

REGION = "eu-central-1"
HANDLER = """\
import base64, json

def handler(event, context):
    body = json.dumps(event)
    if event["rawPath"] == "/binary":
        data = base64.b64encode(bytes(range(256))).decode()
        return {"statusCode": 404, "headers": {"x-a": "b"}, "body": data, "isBase64Encoded": True}
    if event["requestContext"]["http"]["method"] == "POST":
        return {"statusCode": 303, "headers": {"location": "/x"}, "cookies": ["a=b", "c=d"]}
    return {"statusCode": 200, "headers": {"content-type": "text/html"}, "body": body}
"""
URL_PERMISSION = {
    "Action": "lambda:InvokeFunctionUrl",
    "Principal": "*",
    "FunctionUrlAuthType": "NONE",
}
FUNCTION_PERMISSION = {
    "Action": "lambda:InvokeFunction",
    "Principal": "*",
    "InvokedViaFunctionUrl": True,
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


@pytest.fixture
def emulator(shared: Emulator) -> Iterator[Emulator]:
    """An emulator without any function of other tests."""
    yield shared
    client = shared.client("lambda")
    for function in client.list_functions()["Functions"]:
        client.delete_function(FunctionName=function["FunctionName"])


def make_function(emulator: Emulator, **more: Any) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    policy = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    name, archive = f"f-{uuid.uuid4().hex[:8]}", io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("code.py", HANDLER)
    role = emulator.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(policy)
    )["Role"]["Arn"]
    emulator.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="code.handler",
        Code={"ZipFile": archive.getvalue()},
        **more,
    )
    return name


def open_to_all(emulator: Emulator, name: str, *permissions: Mapping[str, Any]) -> None:
    client = emulator.client("lambda")
    client.create_function_url_config(FunctionName=name, AuthType="NONE")
    for number, permission in enumerate(permissions):
        client.add_permission(FunctionName=name, StatementId=f"s{number}", **permission)


def test_functions_are_found_with_their_logs(emulator: Emulator) -> None:
    plain = make_function(emulator)
    logging = make_function(emulator, LoggingConfig={"LogGroup": "/its/own"})
    found = {one.name: one for one in deployed_functions(emulator.client("lambda"))}
    assert found == {
        plain: DeployedFunction(name=plain, log_group=f"/aws/lambda/{plain}", url_host=None),
        logging: DeployedFunction(name=logging, log_group="/its/own", url_host=None),
    }


def test_what_is_handed_on_comes_back(emulator: Emulator) -> None:
    open_to_all(emulator, make_function(emulator), URL_PERMISSION, FUNCTION_PERMISSION)
    [function] = deployed_functions(emulator.client("lambda"))
    assert function.url_host is not None
    url = FunctionUrl(endpoint=emulator.endpoint, host=function.url_host)

    def ask(method: str, target: bytes, body: bytes = b"") -> PageAnswer:
        headers = (
            *((b"host", b"127.0.0.1:1"), (b"user-agent", b"test"), (b"connection", b"close")),
            *((b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"9")),
        )
        return url(PageRequest(method=method, target=target, headers=headers, body=body))

    page = ask("GET", b"/abc?x=1")
    event = json.loads(page.body)
    assert (event["rawPath"], event["rawQueryString"]) == ("/abc", "x=1")
    assert event["headers"]["host"] == function.url_host
    assert event["headers"]["user-agent"] == "test"
    assert (b"content-type", b"text/html") in page.headers

    binary = ask("GET", b"/binary")
    assert (binary.status, binary.body) == (404, bytes(range(256)))
    assert (b"x-a", b"b") in binary.headers

    sent = ask("POST", b"/abc", b"file=1")
    assert sent.status == 303
    cookies = [value for name, value in sent.headers if name.lower() == b"set-cookie"]
    assert cookies == [b"a=b", b"c=d"]

    head = ask("HEAD", b"/binary")
    assert (head.status, head.body) == (404, b"")
    assert {k.lower(): v for k, v in head.headers}[b"content-length"] == b"256"


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        ((), "lambda:InvokeFunctionUrl, lambda:InvokeFunction"),
        ((URL_PERMISSION,), "with lambda:InvokeFunction"),
        ((FUNCTION_PERMISSION,), "with lambda:InvokeFunctionUrl"),
        (
            ({**URL_PERMISSION, "Principal": "111122223333"}, FUNCTION_PERMISSION),
            "with lambda:InvokeFunctionUrl",
        ),
    ],
)
def test_a_url_that_aws_would_keep_shut_is_reported(
    emulator: Emulator, permissions: tuple[Mapping[str, Any], ...], missing: str
) -> None:
    name = make_function(emulator)
    open_to_all(emulator, name, *permissions)
    with pytest.raises(UnusableFunctionUrl, match=f"function {name} has a URL") as caught:
        deployed_functions(emulator.client("lambda"))
    assert str(caught.value).endswith(missing)


def test_a_url_that_asks_for_signatures_is_reported(emulator: Emulator) -> None:
    name = make_function(emulator)
    emulator.client("lambda").create_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    with pytest.raises(UnusableFunctionUrl, match="AWS_IAM"):
        deployed_functions(emulator.client("lambda"))


def test_there_is_one_address_and_so_one_url(emulator: Emulator) -> None:
    for _ in range(2):
        open_to_all(emulator, make_function(emulator), URL_PERMISSION, FUNCTION_PERMISSION)
    with pytest.raises(UnusableFunctionUrl, match="the sandbox serves only one"):
        deployed_functions(emulator.client("lambda"))


def test_a_permission_without_a_condition_is_enough() -> None:
    statements = [
        {"Effect": "Allow", "Action": action, "Principal": {"AWS": "*"}}
        for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
    ]
    assert missing_permissions({"Statement": statements}) == ()
    denied = [{**statement, "Effect": "Deny"} for statement in statements]
    assert len(missing_permissions({"Statement": denied})) == 2


def test_where_a_function_url_is_reached(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(
        data, worker_environment={}, region=REGION, front="http://127.0.0.1:1"
    ) as emulator:
        assert emulator.function_url("abc") == "http://127.0.0.1:1/"
    with Emulator.start(data, worker_environment={}, region=REGION) as emulator:
        expected = f"{emulator.endpoint}/_aws/lambda-url/abc/"
        assert emulator.function_url("abc") == expected
