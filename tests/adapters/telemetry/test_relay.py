"""The log lines of a mail, by its outcome."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import replace

import pytest

from adapters.telemetry.relay import Telemetry
from relay_core.errors import Reason, Refusal
from relay_core.keys import RawKey, message_id_of
from relay_core.record.report import Outcome, RelayReport

KEY = RawKey("incoming/m1")
RELAYED = RelayReport(message_id=message_id_of(KEY), outcome=Outcome.RELAYED, submitted=1)
LEFT_OUT = Refusal(reason=Reason.LIMIT_EXCEEDED, detail="bob@example.net")


def log_of(report: RelayReport, raw_key: RawKey = KEY) -> dict[str, str]:
    """The log line of a report."""
    stream = io.StringIO()
    telemetry = Telemetry({"POWERTOOLS_SERVICE_NAME": f"relay-{uuid.uuid4()}"}, stream=stream)
    with telemetry.mail(raw_key):
        telemetry.reported(report)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (ending,) = (line for line in lines if "outcome" in line)
    return dict(ending)


def test_a_mail_that_all_have_got_once_is_nothing_to_look_at() -> None:
    assert "INFO" == log_of(RELAYED)["level"]


@pytest.mark.parametrize(
    "report",
    [
        replace(RELAYED, possibly_repeated=1),
        replace(RELAYED, failed=1),
        replace(RELAYED, left_out=(LEFT_OUT,)),
    ],
    ids=["perhaps twice", "not to all", "without some"],
)
def test_what_an_operator_should_look_at_is_a_warning(report: RelayReport) -> None:
    assert "WARNING" == log_of(report)["level"]


@pytest.mark.parametrize("key", ["incoming/m1", "incoming/a b", "elsewhere/m1", "m1"])
def test_the_line_names_the_mail_as_its_manifest_does(key: str) -> None:
    ending = log_of(RELAYED, RawKey(key))
    assert (key, message_id_of(RawKey(key))) == (ending["raw_key"], ending["correlation_id"])
