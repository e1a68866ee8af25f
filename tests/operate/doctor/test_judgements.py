"""Doctor's verdicts on facts, including those that the emulator cannot produce."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest

from operate.doctor.checks import Check, CheckContext
from operate.doctor.deployment import FactUnavailable, Outputs, queue_arn
from operate.doctor.functions import Concurrency, FunctionState, error_in, judge_concurrency
from operate.doctor.functions import judge_states as judge_functions
from operate.doctor.parameters import judge_parameters, read_parameters
from operate.doctor.posting import Feed, Posting, judge_posting
from operate.doctor.queues import DeadLetters, Queue, Waiting, judge_queue, judge_waiting
from operate.doctor.sending import (
    Identity,
    Sending,
    judge_account,
    judge_identities,
    judge_quota,
)
from operate.doctor.storage import Encrypted, Encryption, judge_encryption
from operate.doctor.suppression import Suppressed, judge_suppressed
from operate.doctor.topics_and_alarms import Alarms, Topic, judge_alarms, judge_topics, key_of
from tests.operate.doctor.statuses import statuses

NOW = datetime(2026, 1, 2, tzinfo=UTC)
IDENTITY = Identity(address="a.example", name="a.example", verified=True, dkim="SUCCESS")
SENDING = Sending(
    enabled=True,
    production=True,
    enforcement="HEALTHY",
    rate=14,
    daily=50_000,
    sent=0,
    budget=3600,
)
ACCOUNT = {
    "SendingEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": True,
}


class TestSending:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, ["ok"]),
            ({"SendingEnabled": False}, ["problem"]),
            ({"EnforcementStatus": "SHUTDOWN"}, ["problem"]),
            ({"EnforcementStatus": "PROBATION"}, ["warning"]),
            ({"ProductionAccessEnabled": False, "SendingEnabled": False}, ["problem", "problem"]),
        ],
    )
    def test_an_account(self, changes: dict[str, object], expected: list[str]) -> None:
        assert expected == statuses(judge_account({**ACCOUNT, **changes}))

    @pytest.mark.parametrize(
        ("sending", "expected"),
        [
            (SENDING, ["ok"]),
            (replace(SENDING, daily=-1, budget=36_000), ["ok"]),  # no limit
            (replace(SENDING, sent=40_000), ["warning"]),
            (replace(SENDING, sent=39_999), ["ok"]),
            (replace(SENDING, daily=3_599), ["warning"]),
            (replace(SENDING, rate=0.9), ["warning"]),
            (replace(SENDING, rate=1, production=False, daily=200, budget=0), ["ok"]),
        ],
    )
    def test_quotas(self, sending: Sending, expected: list[str]) -> None:
        assert expected == statuses(judge_quota(sending))

    @pytest.mark.parametrize(
        ("identity", "expected"),
        [
            (IDENTITY, ["ok"]),
            (Identity(address="a.example"), ["problem"]),
            (replace(IDENTITY, verified=False, dkim="PENDING"), ["problem"]),
            (replace(IDENTITY, dkim="TEMPORARY_FAILURE"), ["warning"]),
            (replace(IDENTITY, name="x@a.example", dkim="NOT_STARTED"), ["ok"]),
            (
                replace(IDENTITY, mail_from_domain="bounce.a.example", mail_from="PENDING"),
                ["warning"],
            ),
            (
                replace(IDENTITY, mail_from_domain="bounce.a.example", mail_from="SUCCESS"),
                ["ok"],
            ),
        ],
    )
    def test_identities(self, identity: Identity, expected: list[str]) -> None:
        assert expected == statuses(judge_identities([identity]))

    def test_a_list_that_was_not_read_to_its_end_is_reported(self) -> None:
        (verdict,) = judge_suppressed(Suppressed(found=(), is_cut=True))
        assert "first 10000 entries" in verdict.found


class TestPosting:
    def queue(self, *, waiting: int = 0, age: timedelta | None = None) -> Queue:
        return Queue(name="chat", depths={"waiting": waiting}, age=age)

    def posting(self, *queues: Queue, state: str = "Enabled", left: int = 0) -> Posting:
        return Posting(
            function="posting",
            feeds=tuple(Feed(queue=queue, mapping="u-1", state=state) for queue in queues),
            dead_letters=DeadLetters(name="posting-dead-letters", number=left),
        )

    def test_a_stack_without_receivers_has_nothing_to_say(self) -> None:
        assert [] == list(judge_posting(None))

    def test_receivers_that_get_everything_are_well(self) -> None:
        fresh = self.queue(waiting=3, age=timedelta(minutes=1))
        idle_since_then = self.queue(age=timedelta(hours=1))
        assert ["ok"] == statuses(judge_posting(self.posting(fresh, idle_since_then)))

    @pytest.mark.parametrize(
        ("state", "waiting", "left", "expected", "words"),
        [
            ("Disabled", 0, 0, "problem", "u-1 of posting is Disabled"),
            ("Enabled", 1, 0, "warning", "the oldest message of chat is 3600 seconds old"),
            ("Enabled", 0, 2, "problem", "in the dead-letter queue posting-dead-letters: 2"),
        ],
    )
    def test_what_is_not_posted_is_named(
        self, state: str, waiting: int, left: int, expected: str, words: str
    ) -> None:
        queue = self.queue(waiting=waiting, age=timedelta(hours=1))
        (verdict,) = judge_posting(self.posting(queue, state=state, left=left))
        assert expected == verdict.status
        assert words in verdict.found
        assert verdict.remedy

    def test_a_function_that_is_fed_by_nothing_is_named(self) -> None:
        (verdict,) = judge_posting(self.posting())
        assert "no queue is an event source of posting" in verdict.found


class TestTopicsAndAlarms:
    QUEUE = "arn:aws:sqs:eu-central-1:1:q"
    OWN = ("sqs", QUEUE, "arn:aws:sns:eu-central-1:1:t:1")
    PERSON = ("email", "a@example.org", "arn:aws:sns:eu-central-1:1:t:2")

    def test_the_url_of_a_receiver_is_not_shown(self) -> None:
        url = "https://hooks.example/secret-token"
        topic = Topic(
            arn="arn:aws:sns:eu-central-1:1:t",
            what="alarms",
            own=self.QUEUE,
            key="alarmEmails",
            wanted=(),
            subscriptions=(self.PERSON, ("https", url, "PendingConfirmation")),
        )
        (verdict,) = judge_topics([topic])
        assert verdict.status == "problem"
        assert "secret-token" not in f"{verdict.found} {verdict.remedy}"

    @pytest.mark.parametrize(
        ("subscriptions", "expected"),
        [
            ([OWN, ("email", "A@Example.org", "arn:aws:sns:eu-central-1:1:t:3")], ["ok"]),
            ([OWN, PERSON], ["ok"]),
            ([OWN], ["problem"]),
            ([], ["problem"]),
            ([(*PERSON[:2], "PendingConfirmation")], ["problem"]),
            ([PERSON, (*PERSON[:2], "Deleted")], ["ok"]),
            ([PERSON, ("email", "b@example.org", "Deleted")], ["problem"]),
            # Another address does not replace the configured one.
            ([OWN, ("email", "b@example.org", "arn:aws:sns:eu-central-1:1:t:3")], ["problem"]),
        ],
    )
    def test_each_configured_address_must_be_subscribed(
        self, subscriptions: list[tuple[str, str, str]], expected: list[str]
    ) -> None:
        topic = Topic(
            arn="arn:aws:sns:eu-central-1:1:t",
            what="alarms",
            own=self.QUEUE,
            key="alarmEmails",
            wanted=("a@example.org",),
            subscriptions=tuple(subscriptions),
        )
        assert expected == statuses(judge_topics([topic]))

    @pytest.mark.parametrize(
        ("state", "missing", "hours", "status"),
        [
            ("OK", "notBreaching", 5, "ok"),
            ("ALARM", "notBreaching", 0, "problem"),
            ("INSUFFICIENT_DATA", "notBreaching", 0, "ok"),
            ("INSUFFICIENT_DATA", "notBreaching", 5, "warning"),
            ("INSUFFICIENT_DATA", "ignore", 5, "ok"),
        ],
    )
    def test_an_alarm(self, state: str, missing: str, hours: int, status: str) -> None:
        alarm = {
            "AlarmName": "mail-relay-dev-queue-age-1a2b3c4",
            "StateValue": state,
            "TreatMissingData": missing,
            "StateUpdatedTimestamp": NOW - timedelta(hours=hours),
        }
        found = Alarms(prefix="mail-relay-dev-", alarms=(alarm,), now=NOW)
        assert [status] == statuses(judge_alarms(found))

    def test_an_alarm_has_its_heading_in_the_manual(self) -> None:
        assert "queue-age" == key_of("mail-relay-dev-queue-age-1a2b3c4", "mail-relay-dev-")

    def test_a_stack_without_alarms_is_a_problem(self) -> None:
        assert ["problem"] == statuses(judge_alarms(Alarms(prefix="x-", alarms=(), now=NOW)))


class TestFunctions:
    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("START RequestId: x", None),
            ('{"level": "INFO", "message": "a"}', None),
            ('{"level": "ERROR", "message": "a"}', "a"),
            ('{"type": "platform.report", "record": {"status": "success"}}', None),
            (
                json.dumps(
                    {
                        "type": "platform.report",
                        "record": {"status": "error", "errorType": "Runtime.OutOfMemory"},
                    }
                ),
                "an invocation ended with error Runtime.OutOfMemory",
            ),
            (
                "2026-01-02T00:00:00Z x Task timed out after 3.00 seconds",
                "2026-01-02T00:00:00Z x Task timed out after 3.00 seconds",
            ),
            ("[]", None),
        ],
    )
    def test_a_line_reports_an_error(self, line: str, text: str | None) -> None:
        assert text == error_in(line)

    @pytest.mark.parametrize(
        ("unreserved", "reserved", "status"),
        [(10, None, "ok"), (9, None, "warning"), (1000, 9, "warning"), (1000, 0, "problem")],
    )
    def test_there_must_be_room_for_all_workers(
        self, unreserved: int, reserved: int | None, status: str
    ) -> None:
        found = Concurrency(function="f", wanted=10, unreserved=unreserved, reserved=reserved)
        assert [status] == statuses(judge_concurrency(found))

    @pytest.mark.parametrize(
        ("state", "update", "status"),
        [
            ("Active", "Successful", "ok"),
            ("Inactive", "Successful", "ok"),
            ("Failed", "Successful", "problem"),
            ("Active", "Failed", "warning"),
        ],
    )
    def test_a_state(self, state: str, update: str, status: str) -> None:
        function = FunctionState(name="f", state=state, update=update, reason="")
        assert [status] == statuses(judge_functions([function]))


class TestMail:
    def test_old_mail_is_a_warning_where_there_is_mail(self) -> None:
        queue = Queue(name="q", depths={"waiting": 1}, age=timedelta(hours=1))
        assert ["warning"] == statuses(judge_queue(queue))
        assert ["ok"] == statuses(judge_queue(replace(queue, depths={"waiting": 0})))
        assert ["ok"] == statuses(judge_queue(replace(queue, age=None)))

    def test_parked_mail_is_a_problem_and_held_mail_a_warning(self) -> None:
        assert ["ok"] == statuses(judge_waiting(Waiting(parked=0, held=0)))
        assert ["problem", "warning"] == statuses(judge_waiting(Waiting(parked=1, held=1)))

    def test_a_key_that_cannot_be_used_is_a_problem(self) -> None:
        buckets = tuple(
            Encryption(bucket=name, algorithm="aws:kms", key="k") for name in ("in", "out")
        )
        found = Encrypted(buckets=buckets, key_states={"k": "Enabled"})
        assert ["ok"] == statuses(judge_encryption(found))
        pending = replace(found, key_states={"k": "PendingDeletion"})
        assert ["problem"] == statuses(judge_encryption(pending))


class TestOutputs:
    def test_what_pulumi_hides_is_not_shown(self) -> None:
        outputs = Outputs({"inboundAddress": "[secret]", "downloadUrl": ""})
        assert outputs.optional("inboundAddress") is None
        assert outputs.optional("downloadUrl") is None
        with pytest.raises(FactUnavailable, match="functionName is missing"):
            outputs.text("functionName")

    def test_the_stacks_prefix_is_that_of_its_log_group(self) -> None:
        outputs = Outputs({"logGroup": "/aws/lambda/mail-relay-dev-function"})
        assert "mail-relay-dev" == outputs.prefix

    def test_records_come_as_a_list_or_as_its_text(self) -> None:
        records = [{"name": "a", "type": "MX", "value": "10 b"}]
        assert records == Outputs({"dnsRecords": records}).dns_records
        assert records == Outputs({"dnsRecords": json.dumps(records)}).dns_records

    def test_a_queues_arn_is_in_its_url(self) -> None:
        url = "https://sqs.eu-central-1.amazonaws.com/123456789012/q"
        assert "arn:aws:sqs:eu-central-1:123456789012:q" == queue_arn(url, "eu-central-1")


class TestParameters:
    def test_a_page_that_an_interrupted_deployment_left_in_the_outputs_is_a_problem(self) -> None:
        """The function has no URL of the page any more, but the outputs still name the page."""
        ssm = Mock()
        ssm.get_paginator.return_value.paginate.return_value = [
            {"Parameters": [{"Name": "/mail-relay/dev/directory", "LastModifiedDate": NOW}]}
        ]
        function = Mock()
        function.get_function_configuration.return_value = {"Environment": {"Variables": {}}}
        context = CheckContext(
            outputs=Outputs(
                {
                    "functionName": "mail-relay-dev-function",
                    "directoryParameter": "/mail-relay/dev/directory",
                    "downloadUrl": "https://page.example/",
                }
            ),
            region="eu-central-1",
            client=lambda service: {"ssm": ssm, "lambda": function}[service],
            resolve=None,
            clock=lambda: NOW,
        )
        check = Check(name="parameters", read=read_parameters, judge=judge_parameters)
        (finding,) = check.run(context)
        assert finding.verdict.status == "problem"
        assert "downloadUrl" in finding.verdict.found
        assert "pulumi up" in finding.verdict.remedy
