"""The resources of a download page are created as declared: keys, a URL, and a scan plan."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.create import DeclarationError, Declared, MalwarePlan
from sandbox.create.guardduty import malware_protection_plan
from sandbox.create.random import random_bytes
from sandbox.deploy.mocked import DeployError, deploy
from sandbox.emulator.running import Emulator

REGION = "eu-central-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ],
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


def test_random_bytes_are_as_many_as_declared_and_never_the_same(emulator: Emulator) -> None:
    declared = Declared("key", {"length": 32})
    first, second = (random_bytes(declared, emulator).outputs for _ in range(2))
    assert declared.unhandled() == []
    assert len(base64.b64decode(first["base64"])) == 32
    assert first["hex"] == base64.b64decode(first["base64"]).hex()
    assert first["base64"] != second["base64"]


def test_they_flow_into_a_parameter(emulator: Emulator, tmp_path: Path) -> None:
    program = tmp_path / "__main__.py"
    program.write_text(
        "import pulumi\n"
        "import pulumi_aws as aws\n"
        "import pulumi_random as random\n"
        "key = random.RandomBytes('key', length=32)\n"
        "aws.ssm.Parameter('keys', name='/keys', type='SecureString',\n"
        "    value=pulumi.Output.json_dumps({'current': key.base64, 'previous': None}))\n"
    )
    deploy(emulator, {}, program=program)
    found = emulator.client("ssm").get_parameter(Name="/keys", WithDecryption=True)
    document = json.loads(found["Parameter"]["Value"])
    assert len(base64.b64decode(document["current"])) == 32
    assert document["previous"] is None


def test_nothing_else_of_that_provider_is_made(emulator: Emulator, tmp_path: Path) -> None:
    program = tmp_path / "__main__.py"
    program.write_text("import pulumi_random as random\nrandom.RandomPet('pet')\n")
    with pytest.raises(DeployError, match="RandomPet pet: the sandbox cannot create resources of"):
        deploy(emulator, {}, program=program)


PROGRAM = """\
import json
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("page", assume_role_policy=json.dumps({trust}))
function = aws.lambda_.Function(
    "page",
    role=role.arn,
    handler="app.handler",
    runtime="python3.13",
    reserved_concurrent_executions=3,
    code=pulumi.FileArchive("code"),
)
url = aws.lambda_.FunctionUrl(
    "page", function_name=function.name, authorization_type="NONE"
)
aws.lambda_.Permission(
    "asking",
    function=function.name,
    statement_id="Asking",
    action="lambda:InvokeFunctionUrl",
    principal="*",
    function_url_auth_type="NONE",
)
aws.lambda_.Permission(
    "answering",
    function=function.name,
    action="lambda:InvokeFunction",
    principal="*",
    invoked_via_function_url=True,
)
pulumi.export("url", url.function_url)
pulumi.export("name", function.name)
"""


def deployed_page(emulator: Emulator, folder: Path) -> dict[str, Any]:
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text("def handler(event, context): return event['rawPath']")
    program = folder / "__main__.py"
    program.write_text(PROGRAM.format(trust=TRUST))
    return deploy(emulator, {}, program=program)


def test_a_functions_url_is_where_the_emulator_answers_it(
    emulator: Emulator, tmp_path: Path
) -> None:
    exports = deployed_page(emulator, tmp_path)
    client = emulator.client("lambda")
    config = client.get_function_url_config(FunctionName=exports["name"])
    url_id = config["FunctionUrl"].removeprefix("https://").partition(".")[0]
    assert config["AuthType"] == "NONE"
    assert exports["url"] == f"{emulator.endpoint}/_aws/lambda-url/{url_id}/"
    concurrency = client.get_function_concurrency(FunctionName=exports["name"])
    assert concurrency["ReservedConcurrentExecutions"] == 3


def test_or_where_its_front_does(tmp_path: Path) -> None:
    front = "http://127.0.0.1:8025"
    (tmp_path / "data").mkdir()
    with Emulator.start(
        tmp_path / "data", worker_environment={}, region=REGION, front=front
    ) as emulator:
        assert deployed_page(emulator, tmp_path)["url"] == f"{front}/"


def test_a_functions_policy_is_kept_as_declared(emulator: Emulator, tmp_path: Path) -> None:
    exports = deployed_page(emulator, tmp_path)
    found = emulator.client("lambda").get_policy(FunctionName=exports["name"])["Policy"]
    asking, answering = sorted(json.loads(found)["Statement"], key=lambda one: one["Sid"])
    assert (asking["Sid"], asking["Action"]) == ("Asking", "lambda:InvokeFunctionUrl")
    assert asking["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    assert answering["Sid"].startswith("answering-")
    assert answering["Action"] == "lambda:InvokeFunction"
    assert answering["Condition"] == {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}


BUCKET = "arn:aws:s3:::files"
RIGHTS = {
    "s3:ListBucket": BUCKET,
    "s3:PutObject": f"{BUCKET}/malware-protection-resource-validation-object",
    "s3:GetObject": f"{BUCKET}/attachments/*",
    "s3:PutObjectTagging": f"{BUCKET}/attachments/*",
}


def plan_with(emulator: Emulator, name: str, rights: dict[str, str]) -> Declared:
    """A plan of the bucket `files`, with a new role that has these rights."""
    iam = emulator.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in rights.items()
        ],
    }
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
    return Declared(
        name,
        {
            "role": role["Arn"],
            "protectedResource": {
                "s3Bucket": {"bucketName": "files", "objectPrefixes": ["attachments/"]}
            },
            "actions": [{"taggings": [{"status": "ENABLED"}]}],
        },
    )


def test_a_malware_protection_plan_is_recorded_in_the_account_for_the_scanner(
    emulator: Emulator,
) -> None:
    declared = plan_with(emulator, "scans", RIGHTS)
    outputs = malware_protection_plan(declared, emulator).outputs
    assert declared.unhandled() == []
    assert outputs["status"] == "ACTIVE"
    assert emulator.malware_plans[-1] == MalwarePlan(
        bucket="files", prefixes=("attachments/",), tags_objects=True
    )


@pytest.mark.parametrize("missing", RIGHTS)
def test_a_plan_whose_role_lacks_a_right_is_refused(emulator: Emulator, missing: str) -> None:
    rights = {action: arn for action, arn in RIGHTS.items() if action != missing}
    declared = plan_with(emulator, f"lacks-{missing.partition(':')[2]}", rights)
    before = list(emulator.malware_plans)
    with pytest.raises(DeclarationError, match=f"the role of the plan may not call {missing} on"):
        malware_protection_plan(declared, emulator)
    assert before == emulator.malware_plans


@pytest.fixture(scope="module")
def reader(emulator: Emulator) -> Any:
    """S3 with a role that may only read files that were scanned and clean."""
    s3, iam = emulator.client("s3"), emulator.client("iam")
    s3.create_bucket(Bucket="gated", CreateBucketConfiguration={"LocationConstraint": REGION})
    for name in ("clean", "unscanned", "malicious"):
        s3.put_object(Bucket="gated", Key=name, Body=name.encode())
    for name, status in (("clean", "NO_THREATS_FOUND"), ("malicious", "THREATS_FOUND")):
        tag = {"Key": "GuardDutyMalwareScanStatus", "Value": status}
        s3.put_object_tagging(Bucket="gated", Key=name, Tagging={"TagSet": [tag]})
    user = iam.create_user(UserName="reader")["User"]["UserName"]
    clean = {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"}
    allowed = {"Effect": "Allow", "Resource": "arn:aws:s3:::gated/*"}
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {**allowed, "Action": "s3:GetObject", "Condition": {"StringEquals": clean}},
            {**allowed, "Action": "s3:GetObjectTagging"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::gated"},
        ],
    }
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return boto3.client(
        "s3",
        endpoint_url=emulator.endpoint,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, proxies={}),
    )


def presigned(reader: Any, name: str) -> str:
    url: str = reader.generate_presigned_url(
        "get_object", Params={"Bucket": "gated", "Key": name}, ExpiresIn=60
    )
    return url


def test_what_was_found_clean_is_read_and_handed_out(reader: Any) -> None:
    assert reader.get_object(Bucket="gated", Key="clean")["Body"].read() == b"clean"
    url = presigned(reader, "clean")
    with urllib.request.urlopen(url) as answer:  # noqa: S310 (the emulator's)
        assert answer.read() == b"clean"


@pytest.mark.parametrize("name", ["unscanned", "malicious"])
def test_what_was_not_is_refused_to_the_role_and_to_whom_it_signs_for(
    reader: Any, name: str
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.get_object(Bucket="gated", Key=name)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(presigned(reader, name))  # noqa: S310 (the emulator's)
    with refused.value:
        assert refused.value.code == 403


def test_tags_tell_what_is_gone(reader: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        reader.get_object_tagging(Bucket="gated", Key="gone")
