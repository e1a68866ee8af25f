from __future__ import annotations

import re
from typing import Any

from sandbox.emulator.running import Emulator
from tests.sandbox.emulator.contract.resources import (
    REGION,
    allow,
    archive,
    invoke,
    make_bucket,
    make_function,
    make_role,
    unique,
)
from tests.waiting import eventually


class TestFunctions:
    def test_runs_under_its_role(self, emulator: Emulator) -> None:
        bucket = make_bucket(emulator)
        code = archive(
            app="""
import boto3, botocore.exceptions
def handler(event, context):
    s3 = boto3.client("s3")
    s3.put_object(Bucket=event, Key="mine/1", Body=b"")
    try:
        s3.get_object(Bucket=event, Key="mine/1")
    except botocore.exceptions.ClientError as error:
        refusal = error.response["Error"]["Code"]
    return [boto3.client("sts").get_caller_identity()["Arn"], refusal]
"""
        )
        role = make_role(emulator, allow("s3:PutObject", f"arn:aws:s3:::{bucket}/mine/*"))
        arn, refusal = invoke(emulator, make_function(emulator, role, code), bucket)
        assert arn.split(":assumed-role/")[1].split("/")[0] == role.rpartition("/")[2]
        assert refusal == "AccessDenied"

    def test_sees_its_variables_the_workers_and_its_context(self, emulator: Emulator) -> None:
        code = archive(
            app="""
import os
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return [os.environ["MINE"], os.environ["WORKER_SEES"], context.function_name,
            context.memory_limit_in_mb, 0 < left <= 20000, bool(context.aws_request_id),
            context.invoked_function_arn]
"""
        )
        name = make_function(
            emulator,
            make_role(emulator),
            code,
            Environment={"Variables": {"MINE": "yes"}},
            MemorySize=512,
        )
        arn = f"arn:aws:lambda:{REGION}:{emulator.account_id}:function:{name}"
        assert invoke(emulator, name) == ["yes", "this", name, 512, True, True, arn]

    def test_its_archive_stands_before_site_packages(self, emulator: Emulator) -> None:
        code = archive(
            app="import botocore, yaml\ndef handler(e, c): return [yaml.whose, botocore.__name__]",
            yaml="whose = 'the archive'",
        )
        name = make_function(emulator, make_role(emulator), code)
        assert invoke(emulator, name) == ["the archive", "botocore"]

    def test_a_warm_worker_is_used_again(self, emulator: Emulator) -> None:
        code = archive(app="n = []\ndef handler(e, c):\n  n.append(1)\n  return len(n)")
        name = make_function(emulator, make_role(emulator), code)
        assert [invoke(emulator, name) for _ in range(3)] == [1, 2, 3]

    def test_a_worker_whose_handler_raises_is_used_again(self, emulator: Emulator) -> None:
        code = archive(app="n = []\ndef handler(e, c):\n  n.append(1)\n  raise OSError(len(n))")
        name = make_function(emulator, make_role(emulator), code)
        failed = [invoke(emulator, name)["errorMessage"] for _ in range(3)]
        assert failed == ["1", "2", "3"]

    def test_what_it_prints_goes_to_its_log_group(self, emulator: Emulator) -> None:
        logs, group = emulator.client("logs"), unique("/relay/group")
        logs.create_log_group(logGroupName=group)
        code = archive(app='def handler(e, c): print(\'{"level": "INFO", "said": 1}\')')
        name = make_function(
            emulator,
            make_role(emulator),
            code,
            LoggingConfig={"LogFormat": "JSON", "LogGroup": group},
        )
        invoke(emulator, name)

        def said() -> list[str]:
            events = logs.filter_log_events(logGroupName=group)["events"]
            return [e["message"] for e in events if '"said": 1' in e["message"]]

        assert eventually(said) == ['{"level": "INFO", "said": 1}']

    def test_one_that_takes_more_memory_than_it_declares_dies_and_no_other(
        self, emulator: Emulator
    ) -> None:
        memory_user = MemoryUser(emulator, declared=128)
        other = MemoryUser(emulator, declared=512)
        waiting, neighbour = memory_user.take(0), other.take(300)
        assert "signal: killed" in memory_user.take(200, answers=False)["errorMessage"]
        assert waiting["pid"] != memory_user.take(0)["pid"], "its worker is a new one"
        assert neighbour["pid"] == other.take(0)["pid"]

    def test_it_dies_of_what_it_held_for_a_moment_too(self, emulator: Emulator) -> None:
        memory_user = MemoryUser(emulator, declared=128)
        before = memory_user.take(0)["pid"]
        assert "signal: killed" in memory_user.take(200)["errorMessage"]
        assert before != memory_user.take(0)["pid"]

    def test_memory_that_is_reserved_and_not_used_stops_no_worker(
        self, emulator: Emulator
    ) -> None:
        memory_user = MemoryUser(emulator, declared=128)
        assert 2_000 == memory_user.take(0, reserve=2_000)["reserved"]

    def test_its_report_contains_the_peak_of_its_memory(self, emulator: Emulator) -> None:
        memory_user = MemoryUser(emulator, declared=256)
        memory_user.take(0)
        memory_user.take(100)
        assert [256, 256] == memory_user.reported("Memory Size")
        [small, large] = memory_user.reported("Max Memory Used")
        assert 0 < small < 100 < large < 256


class MemoryUser:
    """A function that allocates the requested memory, in MB."""

    def __init__(self, emulator: Emulator, *, declared: int) -> None:
        self.emulator = emulator
        self.group = unique("/relay/hungry")
        emulator.client("logs").create_log_group(logGroupName=self.group)
        code = archive(
            app="""
import mmap, os, time
def handler(event, context):
    reserved = mmap.mmap(-1, 2**20 * (event["reserve"] or 1))
    block = b"x" * (2**20 * event["mb"])
    del block
    while not event["answers"]:
        block = b"x" * (2**20 * event["mb"])
        time.sleep(0.01)
    return {"pid": os.getpid(), "reserved": len(reserved) // 2**20}
"""
        )
        self.name = make_function(
            emulator,
            make_role(emulator),
            code,
            MemorySize=declared,
            LoggingConfig={"LogFormat": "JSON", "LogGroup": self.group},
        )

    def take(self, mb: int, *, reserve: int = 0, answers: bool = True) -> Any:
        event = {"mb": mb, "reserve": reserve, "answers": answers}
        return invoke(self.emulator, self.name, event)

    def reported(self, what: str) -> list[int]:
        """One figure of every report, oldest first."""
        events = self.emulator.client("logs").filter_log_events(logGroupName=self.group)["events"]
        reports = [one["message"] for one in events if one["message"].startswith("REPORT ")]
        return [int(re.findall(rf"{what}: (\d+) MB", report)[0]) for report in reports]
