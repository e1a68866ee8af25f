"""A resource that cannot be deployed ends the deployment, with an error that says why."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import socket
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

from sandbox.deploy.mocked import DeployError
from sandbox.deployers import Deployer
from sandbox.emulator.running import Emulator
from sandbox.engine import inline_program
from tests.sandbox.deploy.programs import PROJECT, Deploy
from tests.sandbox.deploying import both_deployers, deploy_by, needs_engine


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
            "aws:sns/platformApplication:PlatformApplication p: the sandbox cannot create"
            " resources of this type; add it to sandbox/create"
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
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration b: the sandbox"
            " ignores input rules[0].filter.objectSizeGreaterThan; apply it in"
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
        with pytest.raises(DeployError, match="getVpc: the sandbox does not implement this"):
            deployed("aws.ec2.get_vpc(default=True)")

    def test_on_a_resource_that_should_exist_already(self, deployed: Deploy) -> None:
        with pytest.raises(DeployError, match="Bucket b: the sandbox cannot read or import"):
            deployed("aws.s3.Bucket.get('b', 'existing')")
        with pytest.raises(DeployError, match="Bucket b: the sandbox cannot read or import"):
            deployed("aws.s3.Bucket('b', opts=pulumi.ResourceOptions(import_='existing'))")

    def test_on_another_region(
        self, emulator: Emulator, deployer: Deployer, deployed: Deploy, tmp_path: Path
    ) -> None:
        with pytest.raises(
            DeployError, match="Topic t: region is us-west-2; the sandbox has only"
        ):
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
def test_a_failure_is_reported_where_log_lines_reach_no_engine(
    deployed: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = engine_pb2_grpc.EngineStub(grpc.insecure_channel("127.0.0.1:1"))

    def lost_engine() -> Any:
        engine: Any = get_engine()
        engine.Log = nobody.Log
        return engine

    monkeypatch.setattr(inline_program, "get_engine", lost_engine)
    with pytest.raises(DeployError, match=r"Topic t: region is us-west-2; the sandbox has only"):
        deployed("pulumi.log.info('here')\naws.sns.Topic('t', region='us-west-2')")
    # No event loop is left open: its warning would appear in another test.
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
    """An engine that records log lines."""

    def Log(self, _request: Any, _context: Any) -> Any:  # noqa: N802 (the protocol's name)
        return empty_pb2.Empty()


def log_to(engine: str) -> None:
    """One log line, as a program that the engine at this address runs would send it."""

    def log() -> None:
        reset_options(engine_address=engine)
        pulumi.log.debug("here")

    contextvars.copy_context().run(log)
