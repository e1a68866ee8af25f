"""Programs deployed on the emulator: all declared resources exist, and no error is silent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.create.iam import smtp_password
from sandbox.deploy.mocked import load_config
from sandbox.deployers import Deployer
from sandbox.emulator.running import Emulator
from tests.sandbox.deploy.programs import PROJECT, REGION, Deploy
from tests.sandbox.deploying import both_deployers, deploy_by
from tests.waiting import eventually


@pytest.fixture(scope="module")
def exports(
    emulator: Emulator, deployer: Deployer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    config = load_config(PROJECT, {"people": "ann@example.org, bob@example.org"})
    return deploy_by(
        deployer,
        emulator,
        config,
        program=PROJECT / "__main__.py",
        project="small",
        folder=tmp_path_factory.mktemp("engine"),
    )


@both_deployers
class TestSmallProgram:
    """One program with every type of resource, deployed once."""

    def test_exports_are_plain_values(self, exports: dict[str, Any]) -> None:
        assert exports["where"] == f"aws/{REGION}/000000000000"
        assert exports["people"] == ["ann@example.org", "bob@example.org"]
        assert (exports["times"], exports["stack"]) == (3, "sandbox")
        assert exports["password"] == smtp_password(exports["secret"], REGION)
        assert len(exports["tokens"]) == 3

    def test_unnamed_resources_get_the_logical_name_and_random_digits(
        self, exports: dict[str, Any]
    ) -> None:
        logical, _, digits = exports["incoming"].partition("-")
        assert (logical, len(digits), int(digits, 16) >= 0) == ("incoming", 7, True)

    def test_a_bucket_is_as_declared(self, emulator: Emulator, exports: dict[str, Any]) -> None:
        s3, bucket = emulator.client("s3"), exports["incoming"]
        tags = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {
            "camelCase": "kept",
            "snake_case": "kept",
        }
        assert set(
            s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()
        ) == {True}
        (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert rule["Expiration"] == {"Days": 14}
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"][
            "Rules"
        ]
        assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}

    def test_outputs_flow_into_policies(self, emulator: Emulator, exports: dict[str, Any]) -> None:
        document = json.loads(
            emulator.client("s3").get_bucket_policy(Bucket=exports["incoming"])["Policy"]
        )
        # The denial of plain HTTP is left out: the emulator speaks nothing else.
        (statement,) = document["Statement"]
        assert statement["Resource"] == f"arn:aws:s3:::{exports['incoming']}/incoming/*"
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": emulator.account_id}
        }

    def test_a_queue_is_as_declared(self, emulator: Emulator, exports: dict[str, Any]) -> None:
        attributes = emulator.client("sqs").get_queue_attributes(
            QueueUrl=exports["queueUrl"], AttributeNames=["All"]
        )["Attributes"]
        assert attributes["VisibilityTimeout"] == "120"
        assert attributes["SqsManagedSseEnabled"] == "true"
        dead = exports["deadLetterQueueUrl"].rpartition("/")[2]
        assert json.loads(attributes["RedrivePolicy"]) == {
            "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{emulator.account_id}:{dead}",
            "maxReceiveCount": 5,
        }

    def test_a_function_is_as_declared(self, emulator: Emulator, exports: dict[str, Any]) -> None:
        found = emulator.client("lambda").get_function_configuration(
            FunctionName=exports["function"]
        )
        assert found["Environment"]["Variables"] == {
            "TARGET": exports["copies"],
            "GREETING": "hello",
        }
        assert (found["Timeout"], found["MemorySize"]) == (20, 256)
        assert found["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": exports["logGroup"]}

    def test_an_alarm_is_as_declared(self, emulator: Emulator, exports: dict[str, Any]) -> None:
        alarms = emulator.client("cloudwatch").describe_alarms(AlarmNamePrefix="dead-")
        (alarm,) = alarms["MetricAlarms"]
        assert alarm["Dimensions"] == [
            {"Name": "QueueName", "Value": exports["deadLetterQueueUrl"].rpartition("/")[2]}
        ]
        assert alarm["AlarmActions"] == [exports["alarmsTopicArn"]]
        assert (alarm["Threshold"], alarm["Period"]) == (2, 300)

    def test_mail_is_received_by_the_active_rules(
        self, emulator: Emulator, exports: dict[str, Any]
    ) -> None:
        active = emulator.client("ses").describe_active_receipt_rule_set()
        (rule,) = active["Rules"]
        assert rule["Recipients"] == ["devices@in.example"]
        assert rule["Actions"] == [
            {"S3Action": {"BucketName": exports["incoming"], "ObjectKeyPrefix": "incoming/"}}
        ]

    def test_secrets_are_stored_bare(self, emulator: Emulator, exports: dict[str, Any]) -> None:
        found = emulator.client("ssm").get_parameter(Name="/small/smtp", WithDecryption=True)
        assert json.loads(found["Parameter"]["Value"])["password"] == exports["password"]

    def test_it_works(self, emulator: Emulator, exports: dict[str, Any]) -> None:
        s3 = emulator.client("s3")
        s3.put_object(Bucket=exports["incoming"], Key="incoming/1", Body=b"body")
        found = eventually(
            lambda: s3.list_objects_v2(Bucket=exports["copies"]).get("Contents", [])
        )
        assert [item["Key"] for item in found] == ["copies/incoming/1"]
        copy = s3.get_object(Bucket=exports["copies"], Key="copies/incoming/1")
        assert copy["Body"].read() == b"body"


@both_deployers
def test_warnings_of_a_program_are_reported(
    emulator: Emulator, deployer: Deployer, tmp_path: Path
) -> None:
    program, heard = tmp_path / "__main__.py", list[str]()
    program.write_text("import pulumi\npulumi.log.warn('risky')\npulumi.log.info('fine')\n")
    for _ in range(2):
        deploy_by(deployer, emulator, {}, program=program, folder=tmp_path, warn=heard.append)
    assert ["risky", "risky"] == heard


@both_deployers
class TestArchives:
    def test_are_the_same_bytes_for_the_same_files(
        self, emulator: Emulator, deployed: Deploy, tmp_path: Path
    ) -> None:
        code = tmp_path / "code"
        (code / "package" / "__pycache__").mkdir(parents=True)
        (code / "package" / "__pycache__" / "x.pyc").write_bytes(b"")
        (code / "package" / "x.py").write_text("x = 1")
        (code / "app.py").write_text("def handler(event, context): return 'ok'")
        program = """
            role = aws.iam.Role("r", assume_role_policy=json.dumps({
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                               "Principal": {"Service": "lambda.amazonaws.com"}}]}))
            function = aws.lambda_.Function("f", role=role.arn, handler="app.handler",
                runtime="python3.13", code=pulumi.FileArchive("code"))
            pulumi.export("hash", function.code_sha256)
            pulumi.export("name", function.name)
            """
        first, second = deployed(program), deployed(program)
        assert first["hash"] == second["hash"]
        assert first["name"] != second["name"]
        location = emulator.client("lambda").get_function(FunctionName=first["name"])["Code"]
        assert location
