"""Programs deployed on the emulator: what is declared is there, and nothing goes unsaid."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import socket
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # comes with pulumi, without types
import pulumi
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # as grpc
from pulumi.runtime import reset_options
from pulumi.runtime.proto import engine_pb2_grpc
from pulumi.runtime.settings import get_engine

from sandbox.create.iam import smtp_password
from sandbox.create.policies import without_transport_denials
from sandbox.deploy.mocked import ConfigError, DeployError, load_config
from sandbox.deployers import Deployer
from sandbox.emulator.running import Emulator
from sandbox.engine import inline_program
from tests.sandbox.deploying import both_deployers, deploy_by, needs_engine
from tests.sandbox.waiting import eventually

REGION = "eu-central-1"
PROJECT = Path(__file__).parent.parent / "small_program"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory, deployer: Deployer) -> Iterator[Emulator]:
    """An account for what one of the deployers makes."""
    data = tmp_path_factory.mktemp(f"emulator-{deployer}")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


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


Deploy = Callable[[str], dict[str, Any]]


@pytest.fixture
def deployed(
    emulator: Emulator,
    deployer: Deployer,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Deploy:
    """Deploys the text of a program, which finds pulumi, aws and json imported."""

    def run(text: str) -> dict[str, Any]:
        program = tmp_path / "__main__.py"
        program.write_text(
            "import json\nimport pulumi\nimport pulumi_aws as aws\n" + textwrap.dedent(text)
        )
        folder = tmp_path_factory.mktemp("engine")
        return deploy_by(
            deployer, emulator, {"mail-relay:key": "value"}, program=program, folder=folder
        )

    return run


@both_deployers
def test_what_a_program_warns_of_is_heard(
    emulator: Emulator, deployer: Deployer, tmp_path: Path
) -> None:
    program, heard = tmp_path / "__main__.py", list[str]()
    program.write_text("import pulumi\npulumi.log.warn('risky')\npulumi.log.info('fine')\n")
    for _ in range(2):
        deploy_by(deployer, emulator, {}, program=program, folder=tmp_path, warn=heard.append)
    assert ["risky", "risky"] == heard


@both_deployers
class TestFailsClosed:
    def test_telling_problems_that_stand_in_lines_of_their_own_apart(
        self, deployed: Deploy
    ) -> None:
        with pytest.raises(DeployError) as caught:
            deployed("raise pulumi.RunError('2 problems:\\n  a = 1: too\\n  small\\n\\n  b: no')")
        assert str(caught.value) == "2 problems: a = 1: too; small; b: no"

    def test_on_a_type_it_cannot_make(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError) as caught:
            deployed("aws.sns.PlatformApplication('p', platform='APNS', platform_credential='x')")
        assert str(caught.value) == (
            "aws:sns/platformApplication:PlatformApplication p: the sandbox cannot make resources"
            " of this type; add it to sandbox/create"
        )

    def test_on_an_input_it_does_nothing_with(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError) as caught:
            deployed(
                """
                bucket = aws.s3.Bucket("b")
                aws.s3.BucketLifecycleConfiguration("b", bucket=bucket.id, rules=[{
                    "id": "x", "status": "Enabled",
                    "filter": {"object_size_greater_than": 5},
                    "expiration": {"days": 1}}])
                """
            )
        assert str(caught.value) == (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration b: the sandbox does"
            " nothing with input rules[0].filter.objectSizeGreaterThan; apply it in"
            " sandbox/create, or leave it out there with a reason"
        )

    def test_on_an_output_that_is_read_and_not_set(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError) as caught:
            deployed(
                """
                bucket = aws.s3.Bucket("b")
                aws.sns.Topic("t", display_name=pulumi.Output.concat(bucket.hosted_zone_id))
                """
            )
        assert str(caught.value) == (
            "aws:sns/topic:Topic t: displayName reads hostedZoneId of aws:s3/bucket:Bucket b,"
            " which is not set; set it in sandbox/create"
        )

    def test_on_an_exported_output_that_is_not_set(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError, match=r"export zone: value reads hostedZoneId of .* b,"):
            deployed("pulumi.export('zone', aws.s3.Bucket('b').hosted_zone_id)")

    def test_on_an_output_formatted_as_text(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError) as caught:
            deployed(
                """
                queue = aws.sqs.Queue("q")
                aws.sns.Topic("t", tags={"queue": f"{queue.arn}"})
                """
            )
        assert str(caught.value) == (
            "aws:sns/topic:Topic t: tags.queue holds an output formatted as text; use apply,"
            " concat or json_dumps"
        )

    def test_on_what_the_emulator_refuses(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError) as caught:
            deployed("aws.s3.Bucket('b', bucket='Not_A_Name')")
        assert str(caught.value) == (
            "aws:s3/bucket:Bucket b: CreateBucket: InvalidBucketName: The specified bucket is not"
            " valid."
        )

    def test_on_a_notification_that_does_not_wait_for_the_queues_policy(
        self, deployed: Deploy
    ) -> None:
        with pytest.raises(DeployError, match=r"BucketNotification n: .* InvalidArgument"):
            deployed(
                """
                bucket, queue = aws.s3.Bucket("b"), aws.sqs.Queue("q")
                aws.s3.BucketNotification("n", bucket=bucket.id, queues=[
                    {"queue_arn": queue.arn, "events": ["s3:ObjectCreated:*"]}])
                """
            )

    def test_on_a_receipt_rule_that_may_not_write_to_its_bucket(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError, match=r"ReceiptRule r: InvalidS3Configuration: .*"):
            deployed(
                """
                bucket = aws.s3.Bucket("b")
                rules = aws.ses.ReceiptRuleSet("s", rule_set_name="set")
                aws.ses.ReceiptRule("r", rule_set_name=rules.id, recipients=["in.example"],
                    s3_actions=[{"bucket_name": bucket.id, "position": 1}])
                """
            )

    def test_on_a_mapping_whose_role_may_not_read_the_queue(
        self, deployed: Deploy, tmp_path: Path
    ) -> None:
        (tmp_path / "app.py").write_text("def handler(event, context): ...")
        with pytest.raises(DeployError) as caught:
            deployed(
                """
                role = aws.iam.Role("r", assume_role_policy=json.dumps({
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                   "Principal": {"Service": "lambda.amazonaws.com"}}]}))
                queue = aws.sqs.Queue("q", name="unreadable")
                function = aws.lambda_.Function("f", role=role.arn, handler="app.handler",
                    runtime="python3.13", code=pulumi.FileArchive("."))
                aws.lambda_.EventSourceMapping("m", event_source_arn=queue.arn,
                    function_name=function.name)
                """
            )
        assert "EventSourceMapping m: the function's role may not call sqs:Rec" in str(
            caught.value
        )

    def test_on_a_function_of_the_provider_it_cannot_answer(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError, match="aws:ec2/getVpc:getVpc: the sandbox cannot answer"):
            deployed("aws.ec2.get_vpc(default=True)")

    def test_on_a_resource_that_should_exist_already(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError, match="Bucket b: existing resources cannot be read or"):
            deployed("aws.s3.Bucket.get('b', 'existing')")
        with pytest.raises(DeployError, match="Bucket b: existing resources cannot be read or"):
            deployed("aws.s3.Bucket('b', opts=pulumi.ResourceOptions(import_='existing'))")

    def test_on_another_region(
        self, emulator: Emulator, deployer: Deployer, deployed: Deploy, tmp_path: Path
    ) -> None:
        with pytest.raises(DeployError, match="Topic t: region is us-west-2; here is only eu-"):
            deployed("aws.sns.Topic('t', region='us-west-2')")
        with pytest.raises(DeployError, match="aws:region is us-west-2, but the emulator runs"):
            deploy_by(
                deployer,
                emulator,
                {"aws:region": "us-west-2"},
                program=PROJECT / "__main__.py",
                folder=tmp_path,
            )

    def test_on_a_program_that_raises(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError) as caught:
            deployed("raise pulumi.RunError('bad:\\n  key: value')")
        assert str(caught.value) == "bad: key: value"
        with pytest.raises(DeployError) as caught:
            deployed("aws.s3.Bucket('b').arn.apply(lambda arn: arn.nothing)")
        assert str(caught.value) == (
            "__main__.py: AttributeError: 'str' object has no attribute 'nothing'"
        )

    def test_with_the_first_error_only_and_quietly(
        self, deployed: Deploy, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(DeployError, match=r"^aws:s3/bucket:Bucket b: CreateBucket: "):
            deployed(
                """
                bad = aws.s3.Bucket("b", bucket="Not_A_Name")
                for number in range(20):
                    aws.sns.Topic(f"t{number}", display_name=bad.arn)
                """
            )
        assert capfd.readouterr() == ("", "")


@needs_engine
@pytest.mark.parametrize("deployer", ["engine"], scope="module")
def test_a_failure_is_told_where_log_lines_reach_no_engine(
    deployed: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = engine_pb2_grpc.EngineStub(grpc.insecure_channel("127.0.0.1:1"))

    def lost_engine() -> Any:
        engine: Any = get_engine()
        engine.Log = nobody.Log
        return engine

    monkeypatch.setattr(inline_program, "get_engine", lost_engine)
    with pytest.raises(DeployError, match=r"Topic t: region is us-west-2; here is only eu-"):
        deployed("aws.sns.Topic('t', region='us-west-2')")
    # Nothing that the program was run with is left open, to be told of in another test.
    loops = [one for one in gc.get_objects() if isinstance(one, asyncio.AbstractEventLoop)]
    assert [] == [loop for loop in loops if not loop.is_closed()]


def test_an_engine_is_reached_on_the_port_of_one_that_has_ended() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
        log_to(address)
    server = grpc.server(ThreadPoolExecutor())
    engine_pb2_grpc.add_EngineServicer_to_server(_Listener(), server)
    server.add_insecure_port(address)
    server.start()
    try:
        log_to(address)
    finally:
        server.stop(None).wait()


class _Listener(engine_pb2_grpc.EngineServicer):
    """An engine that hears log lines."""

    def Log(self, _request: Any, _context: Any) -> Any:  # noqa: N802 (the protocol's name)
        return empty_pb2.Empty()


def log_to(engine: str) -> None:
    """One log line, as a program that the engine at this address runs would send it."""

    def log() -> None:
        reset_options(engine_address=engine)
        pulumi.log.debug("here")

    contextvars.copy_context().run(log)


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


def test_denials_of_plain_http_are_left_out_and_nothing_else() -> None:
    tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    other = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}
    with_more = {**tls, "Condition": {**tls["Condition"], "Null": {"aws:TokenIssueTime": "true"}}}  # type: ignore[dict-item]  # a literal's type is joined to object
    document = json.dumps({"Version": "2012-10-17", "Statement": [tls, other, with_more]})
    kept = without_transport_denials(document)
    assert kept is not None
    assert json.loads(kept) == {"Version": "2012-10-17", "Statement": [other, with_more]}
    assert without_transport_denials(json.dumps({"Statement": tls})) is None


@pytest.mark.parametrize(
    ("secret", "password"),
    [
        ("some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
    ],
)
def test_smtp_passwords_are_those_of_the_provider(secret: str, password: str) -> None:
    # Both pairs stand in the tests of Terraform's AWS provider, which pulumi-aws is built on.
    assert smtp_password(secret, "eu-central-1") == password


class TestConfig:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
            (tmp_path / name).write_text((PROJECT / name).read_text())
        return tmp_path

    def test_is_the_stacks_over_the_projects_defaults(self) -> None:
        assert load_config(PROJECT) == {
            "aws:region": "eu-central-1",
            "small:greeting": "hello",
            "small:people": ["ann@example.org"],
            "small:times": 3,
            "small:loud": False,
            "small:groups": {},
        }

    def test_overrides_are_read_by_the_keys_type(self) -> None:
        config = load_config(
            PROJECT,
            {
                "greeting": "a,b",
                "people": "example.net, ops@example.org",
                "small:times": "7",
                "loud": "true",
                "groups": '{"ops": ["a@example.org"]}',
                "aws:region": "us-east-1",
            },
        )
        assert config == {
            "aws:region": "us-east-1",
            "small:greeting": "a,b",
            "small:people": ["example.net", "ops@example.org"],
            "small:times": 7,
            "small:loud": True,
            "small:groups": {"ops": ["a@example.org"]},
        }

    def test_an_empty_list_can_be_given(self) -> None:
        assert load_config(PROJECT, {"people": ""})["small:people"] == []

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("greetings=x", "greetings is not a key of Pulumi.yaml; did you mean greeting?"),
            ("zzz=x", "zzz is not a key of Pulumi.yaml"),
            (
                "other:greeting=x",
                "other:greeting is not a key of Pulumi.yaml; did you mean greeting?",
            ),
            ("small:tims=1", "small:tims is not a key of Pulumi.yaml; did you mean times?"),
            ("times=many", "times must be of type integer; found 'many'"),
            ("loud=perhaps", "loud must be of type boolean; found 'perhaps'"),
            ("groups={", "groups must be of type object; found '{'"),
            ("groups=[]", "small:groups must be of type object; found []"),
        ],
    )
    def test_a_wrong_override_is_an_error_that_names_it(self, override: str, message: str) -> None:
        key, _, value = override.partition("=")
        with pytest.raises(ConfigError) as caught:
            load_config(PROJECT, {key: value})
        assert str(caught.value) == message

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("small:nonsense: 1", "small:nonsense in Pulumi.dev.yaml is not a key of Pulumi.yaml"),
            (
                "small:greting: hi",
                (
                    "small:greting in Pulumi.dev.yaml is not a key of Pulumi.yaml;"
                    " did you mean greeting?"
                ),
            ),
            ("small:people: ann", "small:people must be of type array; found 'ann'"),
            ("small:times: true", "small:times must be of type integer; found True"),
            (
                "small:greeting: {secure: v1:x}",
                "small:greeting in Pulumi.dev.yaml is encrypted; set it with --config",
            ),
        ],
    )
    def test_a_wrong_stack_file_is_an_error_that_names_the_key(
        self, project: Path, line: str, message: str
    ) -> None:
        (project / "Pulumi.dev.yaml").write_text(
            f"config:\n  {line}\n" + ("" if "people" in line else "  small:people: []\n")
        )
        with pytest.raises(ConfigError) as caught:
            load_config(project)
        assert str(caught.value) == message

    def test_a_key_without_a_default_must_be_set(self, project: Path) -> None:
        (project / "Pulumi.dev.yaml").write_text("config: {}\n")
        with pytest.raises(ConfigError) as caught:
            load_config(project)
        assert str(caught.value) == (
            "small:people is not set, and Pulumi.yaml gives it no default"
        )

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"Pulumi\.yaml cannot be read: No such file"):
            load_config(tmp_path)
