"""The function's log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from tests.sandbox.running import RunningSandbox


def logged_objects(relay: RunningSandbox) -> list[Mapping[str, Any]]:
    """Every line of the function's log that is a JSON object.

    The emulator returns no token when there are more events than one answer can contain, so the
    next ones are requested by time.
    """
    logs, group = relay.client("logs"), relay.ready["stack"]["logGroup"]
    lines, since, known = list[str](), 0, 0
    while True:
        events = logs.filter_log_events(logGroupName=group, startTime=since)["events"]
        new = events[known:]
        if not new:
            return list(_objects(lines))
        lines += (line for event in new for line in event["message"].splitlines())
        since = events[-1]["timestamp"]
        known = sum(event["timestamp"] == since for event in events)


def _objects(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found
