"""Finding the stack."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from operate.stack.access import open_access
from operate.stack.outputs import (
    OUTPUTS_VARIABLE,
    READY_FILE_VARIABLE,
    Endpoint,
    Stack,
    StackSelector,
    StackUnknown,
    parse_outputs,
    region_of,
)
from tests.infra.program import deployed, dev_config

OUTPUTS = {
    "incomingBucket": "in",
    "attachmentsBucket": "att",
    "queueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/q",
    "deadLetterQueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/dlq",
    "fallbackTopicArn": "arn:aws:sns:eu-west-1:123456789012:t",
    "logGroup": "/aws/lambda/f",
    "inboundAddress": "[secret]",
}
STACK = Stack(
    incoming_bucket="in",
    attachments_bucket="att",
    queue_url=OUTPUTS["queueUrl"],
    dead_letter_queue_url=OUTPUTS["deadLetterQueueUrl"],
    log_group="/aws/lambda/f",
    region="eu-central-1",
)
AWS = {
    "endpoint": "http://127.0.0.1:4566",
    "region": "eu-north-1",
    "access_key_id": "a",
    "secret_access_key": "b",
}
SANDBOX = replace(
    STACK,
    region="eu-north-1",
    endpoint=Endpoint(url=AWS["endpoint"], access_key_id="a", secret_access_key="b"),
)


def written(folder: Path, name: str, document: object) -> str:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


@pytest.fixture
def outputs(tmp_path: Path) -> str:
    return written(tmp_path, "outputs.json", OUTPUTS)


@pytest.fixture
def ready_file(tmp_path: Path) -> str:
    return written(tmp_path, "ready.json", {"aws": AWS, "stack": OUTPUTS})


def test_the_stack_is_found_in_a_file(outputs: str, ready_file: str) -> None:
    assert STACK == StackSelector(outputs=outputs).find({})
    assert SANDBOX == StackSelector(ready_file=ready_file).find({})


@pytest.mark.parametrize(
    ("more", "url", "parameter"),
    [
        ({}, None, None),
        ({"downloadUrl": "", "directoryParameter": "/p/s/recipients"}, None, "/p/s/link-keys"),
        (
            {"downloadUrl": "https://d", "directoryParameter": "/p/s/recipients"},
            "https://d",
            "/p/s/link-keys",
        ),
        (
            {"directoryParameter": "/p/s/recipients", "linkKeysParameter": "/k"},
            None,
            "/k",
        ),
    ],
)
def test_the_download_page(more: dict[str, str], url: str | None, parameter: str | None) -> None:
    stack = parse_outputs(json.dumps({**OUTPUTS, **more}), "x")
    assert replace(STACK, download_url=url, link_keys_parameter=parameter) == stack


def test_where_the_program_puts_the_keys_they_are_looked_for() -> None:
    made = deployed({**dev_config(), "mail-relay:linkMode": "page"})
    parameter = made.one("aws:ssm/parameter:Parameter", "link-keys").inputs["name"]
    stack = parse_outputs(json.dumps(made.exports), "x")
    assert parameter == stack.link_keys_parameter
    assert made.exports["downloadUrl"] == stack.download_url


def test_the_stack_is_found_in_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(OUTPUTS)))
    assert STACK == StackSelector(outputs="-").find({})


def test_what_is_given_counts_before_the_environment(outputs: str, ready_file: str) -> None:
    environment = {READY_FILE_VARIABLE: ready_file}
    assert SANDBOX == StackSelector().find(environment)
    assert STACK == StackSelector(outputs=outputs).find(environment)
    assert STACK == StackSelector().find({OUTPUTS_VARIABLE: outputs, READY_FILE_VARIABLE: ""})


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for pulumi: a script that the test writes."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def test_the_stack_is_found_by_pulumi(pulumi: Path, outputs: str, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    pulumi.write_text(f'#!/bin/sh\necho "$PWD" "$@" > {asked}\ncat {outputs}\n')
    assert STACK == StackSelector(stack_name="prod").find({READY_FILE_VARIABLE: "none"})
    project = Path(__file__).parent.parent.parent.parent
    expected = f"{project} stack output --json --non-interactive --stack prod\n"
    assert expected == asked.read_text()


def test_what_pulumi_complains_of_is_reported_in_one_line(pulumi: Path) -> None:
    pulumi.write_text("#!/bin/sh\necho 'error: no stack\n selected' >&2\nexit 255\n")
    with pytest.raises(StackUnknown, match=r"stack output .* failed: error: no stack selected\Z"):
        StackSelector().find({})


def test_without_anything_it_is_said_what_to_give(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackUnknown, match=r"give --ready-file FILE .* or --outputs FILE"):
        StackSelector().find({})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "does not have a JSON object"),
        ({}, "'incomingBucket' is missing"),
        ({**OUTPUTS, "queueUrl": None}, "queueUrl is None"),
        ({**OUTPUTS, "incomingBucket": ""}, "incomingBucket is ''"),
    ],
)
def test_what_is_no_stack_is_named(document: Any, words: str, tmp_path: Path) -> None:
    outputs = written(tmp_path, "x.json", document)
    with pytest.raises(StackUnknown, match=words) as error:
        StackSelector(outputs=outputs).find({})
    assert outputs in str(error.value)
    for ready in (document, {"aws": AWS, "stack": document}, {"aws": None, "stack": OUTPUTS}):
        with pytest.raises(StackUnknown, match=r"x\.json"):
            StackSelector(ready_file=written(tmp_path, "x.json", ready)).find({})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"\xff{")
    for file, words in (("/nowhere/x", "No such file"), (str(bad), "cannot be read")):
        with pytest.raises(StackUnknown, match=words):
            StackSelector(ready_file=file).find({})
    bad.write_text("{", encoding="utf-8")
    with pytest.raises(StackUnknown, match="is not JSON"):
        StackSelector(outputs=str(bad)).find({})


def test_two_answers_are_none(outputs: str, ready_file: str) -> None:
    with pytest.raises(StackUnknown, match=r"--ready-file and --outputs .* give only one of them"):
        StackSelector(outputs=outputs, ready_file=ready_file).find({})


@pytest.mark.parametrize(
    ("queue", "topic", "region"),
    [
        ("https://sqs.us-gov-west-1.amazonaws.com/1/q", "", "us-gov-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "", "cn-north-1"),
        ("https://eu-west-1.queue.amazonaws.com/1/q", "", "eu-west-1"),
        ("http://127.0.0.1:4566/1/q", "arn:aws:sns:eu-west-3:1:t", "eu-west-3"),
        ("http://127.0.0.1:4566/1/q", "t", None),
    ],
)
def test_the_region(queue: str, topic: str, region: str | None) -> None:
    assert region == region_of({"queueUrl": queue, "fallbackTopicArn": topic})


class TestReach:
    @pytest.fixture(autouse=True)
    def _no_configuration(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, os.devnull)

    def test_a_sandbox_is_reached_whatever_the_caller_has_set(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere.invalid")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
        client: Any = open_access(SANDBOX, None).incoming.client
        assert AWS["endpoint"] == client.meta.endpoint_url
        assert "eu-north-1" == client.meta.region_name
        assert "a" == client._request_signer._credentials.access_key

    def test_the_region_is_that_of_the_stack(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        assert "eu-central-1" == open_access(STACK, None).notifications.client.meta.region_name
        access = open_access(replace(STACK, region=None), None)
        assert "us-east-1" == access.notifications.client.meta.region_name

    def test_what_is_missing_is_named(self) -> None:
        with pytest.raises(StackUnknown, match="set AWS_REGION"):
            open_access(replace(STACK, region=None), None)
        with pytest.raises(StackUnknown, match="nobody"):
            open_access(STACK, "nobody")
        with pytest.raises(StackUnknown, match="--profile cannot be used with a ready file"):
            open_access(SANDBOX, "nobody")
