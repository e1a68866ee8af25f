"""`relayctl doctor` on a running sandbox: reports exactly each fault; none without a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from operate.cli import app
from operate.commands import doctor as command
from operate.doctor.examination import CHECKS
from operate.doctor.parameters import OLD
from operate.doctor.verdicts import Status
from tests.operate.dns_server import serving, zone_of
from tests.sandbox.doctor.examined_stack import ExaminedStack
from tests.sandbox.doctor.faults import FAULTS, disabled_rule, rule_without_scan
from tests.sandbox.running import RunningSandbox, running_sandbox


@pytest.fixture(scope="module")
def examined_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExaminedStack]:
    config = ("smtpUsers=hall-3", "eventBus=default", "watchSubscriptions=true")
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), config) as relay:
        zone = zone_of(relay.ready["stack"]["dnsRecords"])
        with serving(zone) as dns:
            yield ExaminedStack.of(relay, zone, dns)


def test_a_whole_stack_has_nothing(examined_stack: ExaminedStack) -> None:
    found = examined_stack.look()
    assert [] == [one for one in found if one.verdict.status is not Status.OK]
    assert {check.name for check in CHECKS} == {one.check for one in found}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_and_no_other(examined_stack: ExaminedStack, fault: str) -> None:
    check, words, make = FAULTS[fault]
    with make(examined_stack):
        found = examined_stack.problems()
    assert [check] == [one.check for one in found], found
    verdict = found[0].verdict
    assert words in verdict.found
    assert verdict.status in {Status.PROBLEM, Status.WARNING}
    assert verdict.remedy


def test_once_they_are_corrected_there_is_nothing_again(examined_stack: ExaminedStack) -> None:
    assert [] == examined_stack.problems()


def test_old_credentials_are_named(examined_stack: ExaminedStack) -> None:
    def clock() -> datetime:
        return datetime.now(UTC) + OLD

    found = examined_stack.problems(replace(examined_stack.access, clock=clock))
    assert ["smtp-credentials"] * 2 == [one.check for one in found]
    of_all, of_one = (one.verdict for one in found)
    assert "credentials are 365 days old" in of_all.found
    assert "raise smtpCredentialsVersion by one" in of_all.remedy
    assert "of hall-3 are 365 days old" in of_one.found
    assert "raise its number in smtpUsers by one" in of_one.remedy


class TestCommand:
    def run(self, examined_stack: ExaminedStack, folder: Path, *arguments: str) -> Any:
        ready_file = folder / "ready.json"
        ready_file.write_text(json.dumps(examined_stack.relay.ready))
        where = ("--ready-file", str(ready_file), "--dns", examined_stack.dns)
        return CliRunner().invoke(app, ["doctor", *arguments, *where])

    def test_json_is_an_object_a_line_and_a_problem_the_status(
        self, examined_stack: ExaminedStack, tmp_path: Path
    ) -> None:
        whole = self.run(examined_stack, tmp_path, "--json")
        lines = [json.loads(line) for line in whole.stdout.splitlines()]
        assert 0 == whole.exit_code
        assert {("check", "status", "found", "remedy")} == {tuple(line) for line in lines}
        assert {"ok"} == {line["status"] for line in lines}
        with disabled_rule(examined_stack):
            assert 1 == self.run(examined_stack, tmp_path, "--json").exit_code
        with rule_without_scan(examined_stack):  # a warning does not change the exit status
            assert 0 == self.run(examined_stack, tmp_path, "--json").exit_code

    def test_the_output_states_what_to_do(
        self, examined_stack: ExaminedStack, tmp_path: Path
    ) -> None:
        with disabled_rule(examined_stack):
            result = self.run(examined_stack, tmp_path)
        assert "receipt-rule" in result.stdout
        assert "→ 'pulumi refresh', then 'pulumi up'" in result.stdout
        assert "27 of 28 are ok, 1 problem" in result.stderr

    def test_without_dns_its_records_are_unknown(self, examined_stack: ExaminedStack) -> None:
        found = tuple(command.examined(examined_stack.access, None))
        unknown = {one.check for one in found if one.verdict.status is Status.UNKNOWN}
        # Links at a function URL need no DNS record.
        assert {one.check for one in found if "dns" in one.check} - {"dns-links"} == unknown

    def test_watching_ends_when_all_is_well(
        self, examined_stack: ExaminedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fault = disabled_rule(examined_stack)
        fault.__enter__()

        def mend(_seconds: float) -> None:
            fault.__exit__(None, None, None)

        monkeypatch.setattr("time.sleep", mend)
        result = self.run(examined_stack, tmp_path, "--watch", "--json")
        statuses = [
            line["status"]
            for line in map(json.loads, result.stdout.splitlines())
            if line["check"] == "receipt-rule"
        ]
        assert (["problem", "ok"], 0) == (statuses, result.exit_code)
        assert "1 problem; again in 15 seconds" in result.stderr


POLICY: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[3] / "docs" / "doctor-policy.json").read_text("utf-8")
)
UNCALLED = {
    # Action → why no call needs it on this stack
    "kms:DescribeKey": "the stack has no key of its own",
}
NAMED_OTHERWISE = {
    # Calls of S3 whose actions have other names (Service Authorization Reference, Amazon S3)
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
}
# The row of device-sheet in docs/relayctl.md
SHEET_ACTIONS = ("lambda:GetFunctionConfiguration", "ssm:GetParameter")
EMULATOR_ASKS_FOR = {
    # ministack checks GetFunctionConcurrency by the action of PutFunctionConcurrency.
    "Effect": "Allow",
    "Action": "lambda:PutFunctionConcurrency",
    "Resource": "*",
}


class TestRights:
    def as_user(
        self, examined_stack: ExaminedStack, name: str, statements: list[Any]
    ) -> ExaminedStack:
        iam = examined_stack.relay.client("iam")
        iam.create_user(UserName=name)
        document = json.dumps(
            {"Version": "2012-10-17", "Statement": [*statements, EMULATOR_ASKS_FOR]}
        )
        iam.put_user_policy(UserName=name, PolicyName="doctor", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        aws = {
            **examined_stack.relay.ready["aws"],
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
        }
        relay = RunningSandbox({**examined_stack.relay.ready, "aws": aws})
        return ExaminedStack.of(relay, examined_stack.zone, examined_stack.dns)

    def test_the_policy_to_paste_is_enough(self, examined_stack: ExaminedStack) -> None:
        assert [] == self.as_user(examined_stack, "doctor", POLICY["Statement"]).problems()

    @pytest.mark.parametrize("missing", [None, *SHEET_ACTIONS])
    def test_the_sheet_of_devices_needs_what_is_documented(
        self, examined_stack: ExaminedStack, tmp_path: Path, missing: str | None
    ) -> None:
        statement = {
            "Effect": "Allow",
            "Action": ["sts:GetCallerIdentity", *(one for one in SHEET_ACTIONS if one != missing)],
            "Resource": "*",
        }
        user = self.as_user(examined_stack, f"without-{missing}".replace(":", "-"), [statement])
        ready_file = tmp_path / "ready.json"
        ready_file.write_text(json.dumps(user.relay.ready))
        result = CliRunner().invoke(app, ["device-sheet", "--ready-file", str(ready_file)])
        assert (1 if missing else 0) == result.exit_code, result.stderr
        assert (missing or "") in result.stderr

    def test_it_has_no_right_that_is_not_used(self, examined_stack: ExaminedStack) -> None:
        access, called = examined_stack.access, set()

        def client(service: str) -> Any:
            made = access.client(service)
            made.meta.events.register("before-call", remember)
            return made

        def remember(model: Any, **_: Any) -> None:
            prefix = {"sesv2": "ses", "monitoring": "cloudwatch"}.get(
                model.service_model.signing_name, model.service_model.signing_name
            )
            action = f"{prefix}:{model.name}"
            called.add(NAMED_OTHERWISE.get(action, action))

        examined_stack.look(replace(access, client=client))
        allowed = {action for one in POLICY["Statement"] for action in one["Action"]}
        assert allowed - UNCALLED.keys() == called

    def test_a_missing_right_is_named_and_hides_nothing_else(
        self, examined_stack: ExaminedStack
    ) -> None:
        missing = {"sns:ListSubscriptionsByTopic", "cloudwatch:DescribeAlarms"}
        statements = [
            {**one, "Action": actions}
            for one in POLICY["Statement"]
            if (actions := [action for action in one["Action"] if action not in missing])
        ]
        found = self.as_user(examined_stack, "without-topics", statements).problems()
        assert {"subscriptions", "alarms"} == {one.check for one in found}
        assert {Status.UNKNOWN} == {one.verdict.status for one in found}
        remedies = " ".join(one.verdict.remedy for one in found)
        assert "allow sns:ListSubscriptionsByTopic" in remedies
        assert "allow cloudwatch:DescribeAlarms" in remedies
