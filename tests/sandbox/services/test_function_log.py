from __future__ import annotations

from datetime import UTC, datetime

from sandbox.emulator.running import Emulator
from sandbox.services.function_log import FunctionLogFollower
from tests.waiting import eventually


class TestFunctionLog:
    def test_every_line_is_given_once_the_late_ones_and_those_alike_too(
        self, emulator: Emulator
    ) -> None:
        logs = emulator.client("logs")
        logs.create_log_group(logGroupName="log")
        for stream in ("one", "other"):
            logs.create_log_stream(logGroupName="log", logStreamName=stream)
        now = int(datetime.now(UTC).timestamp() * 1000)

        def write(stream: str, at: int, *messages: str) -> None:
            events = [{"timestamp": at, "message": message} for message in messages]
            logs.put_log_events(logGroupName="log", logStreamName=stream, logEvents=events)

        given: list[str] = []
        follower = FunctionLogFollower(
            logs=logs, log_group="log", listener=lambda _event: None, on_lines=given.extend
        )
        try:
            write("one", now, "first", "alike", "alike")
            eventually(lambda: len(given) == 3)
            write("other", now - 500, "late")
            write("one", now, "alike")
            eventually(lambda: len(given) == 5)
            write("one", now + 1, "last")
            eventually(lambda: "last" in given)
        finally:
            follower.close()
        assert [given[:3], sorted(given[3:5]), given[5:]] == [
            ["first", "alike", "alike"],
            ["alike", "late"],
            ["last"],
        ]
