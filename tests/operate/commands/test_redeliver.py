"""`relayctl redeliver`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.aws.sqs import Received
from relay_core.keys import RawKey
from relay_core.record.manifest import DeliveryState, ManifestState
from tests.operate.commands.messages import FAILED, LEASE, PENDING
from tests.operate.commands.terminal import at_a_terminal
from tests.operate.deployed import Deployed
from tests.operate.manifests import ANNA, BEN, CARL, attached, manifest, to


class TestRedeliver:
    def test_those_who_failed_are_open_again_and_the_mail_is_announced(
        self, deployed: Deployed
    ) -> None:
        before = manifest("m1", to(ANNA), to(BEN, FAILED, "rejected"))
        deployed.store(before)
        answer = deployed.relayctl("redeliver", "m1", "--yes")
        assert (0, "m1: announced to the queue\n") == (answer.status, answer.stdout)
        assert f"{BEN} gets the mail: failed since" in answer.stderr
        assert ANNA not in answer.stderr
        after = deployed.manifest("m1")
        assert [DeliveryState.SUBMITTED, PENDING] == [one.state for one in after.deliveries]
        assert before.deliveries[0] == after.deliveries[0]
        arrived_at = deployed.stored_at("incoming/m1")
        expected = Received(raw_key=RawKey("incoming/m1"), arrived_at=arrived_at)
        assert [expected] == deployed.announced()
        assert [("redeliver", BEN)] == [(one.what, one.detail) for one in after.interventions]

    def test_who_is_named_gets_it_again_and_the_operator_knows(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA), to(BEN, FAILED), to(CARL, PENDING)))
        answer = deployed.relayctl("redeliver", "m1", "--recipient", "Anna@EXAMPLE.com", "--yes")
        assert 0 == answer.status
        assert f"{ANNA} gets the mail AGAIN" in answer.stderr
        assert f"{CARL} gets the mail: it was not sent yet" in answer.stderr
        states = [one.state for one in deployed.manifest("m1").deliveries]
        assert [PENDING, FAILED, PENDING] == states

    @pytest.mark.parametrize("state", [ManifestState.HELD, ManifestState.FAILING])
    def test_what_promised_nothing_is_released(
        self, deployed: Deployed, state: ManifestState
    ) -> None:
        deployed.store(manifest("m1", state=state, detail="why it was"))
        answer = deployed.relayctl("redeliver", "m1", "--yes")
        assert 0 == answer.status
        assert "why it was" in answer.stderr
        assert ManifestState.RELEASED is deployed.manifest("m1").state
        assert 1 == len(deployed.announced())

    def refused(self, deployed: Deployed, *arguments: str) -> str:
        before = deployed.document("m1")
        answer = deployed.relayctl("redeliver", "m1", "--yes", *arguments)
        assert (1, 1) == (answer.status, len(answer.stderr.splitlines()))
        assert before == deployed.document("m1")
        assert [] == deployed.announced()
        return answer.stderr

    def test_not_while_a_worker_has_it(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED), lease=LEASE))
        assert "worker w has it until" in self.refused(deployed)
        assert "worker w has it until" in self.refused(deployed, "--recipient", BEN)

    def test_not_without_its_raw_message(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED)), raw=False)
        deployed.store_raw("incoming/m1-another")
        assert "incoming/m1 is not in the incoming bucket" in self.refused(deployed)

    def test_not_to_who_is_no_recipient(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA)))
        assert f"{BEN} is no recipient of m1" in self.refused(deployed, "--recipient", BEN)

    def test_not_without_need(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA)))
        assert "every recipient has the mail" in self.refused(deployed)

    def test_a_dry_run_prints_and_changes_nothing(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED)))
        before = deployed.document("m1")
        answer = deployed.relayctl("redeliver", "m1", "--dry-run")
        assert 0 == answer.status
        assert f"{BEN} gets the mail" in answer.stdout
        assert before == deployed.document("m1")
        assert [] == deployed.announced()

    def test_the_operator_is_warned_before_expired_links_are_sent(
        self, deployed: Deployed
    ) -> None:
        created_at = datetime.now(UTC)
        message = manifest(
            "m1",
            to(BEN, FAILED),
            to(ANNA),
            attachments=(attached("a.jpg"),),
            created_at=created_at,
        )

        def confirmation(deployed: Deployed) -> str:
            return deployed.relayctl("redeliver", "m1", "--dry-run").stdout

        deployed.store(message)
        assert "its attachments were deleted" in confirmation(deployed)
        assert f"EXTENDS the links of {ANNA} too: they are valid until" in confirmation(deployed)
        deployed.store_files(message)
        assert "attachments" not in confirmation(deployed)
        assert f"EXTENDS the links of {ANNA} too: they are valid until" in confirmation(deployed)
        deployed.store(replace(message, expires_at=created_at))
        assert f"EXTENDS the links of {ANNA} too: they were valid until" in confirmation(deployed)
        assert "EXTENDS" not in confirmation(deployed.without_page())
        assert 0 == deployed.relayctl("revoke", "m1", "--recipient", ANNA, "--yes").status
        assert "WARNING" not in confirmation(deployed)
        assert 0 == deployed.relayctl("revoke", "m1", "--recipient", BEN, "--yes").status
        assert f"revoke m1 --recipient {BEN} --undo" in confirmation(deployed)

    def test_if_the_queue_does_not_take_it_the_same_command_does_it(
        self, deployed: Deployed, tmp_path: Path
    ) -> None:
        deployed.store(manifest("m1", to(ANNA), to(BEN, FAILED)))
        rights = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
        powerless = deployed.as_user(rights, tmp_path)
        answer = powerless.relayctl("redeliver", "m1", "--yes")
        assert 1 == answer.status
        assert "sqs:SendMessage" in answer.stderr
        assert "nothing is lost: run the same command again" in answer.stderr
        assert [] == deployed.announced()
        answer = deployed.relayctl("redeliver", "m1", "--yes")
        assert 0 == answer.status
        assert 1 == len(deployed.announced())
        states = [one.state for one in deployed.manifest("m1").deliveries]
        assert [DeliveryState.SUBMITTED, PENDING] == states

    def test_without_a_terminal_it_is_not_done_unasked(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED)))
        before = deployed.document("m1")
        answer = deployed.relayctl("redeliver", "m1")
        assert (2, "") == (answer.status, answer.stdout)
        assert "give --yes" in answer.stderr
        assert before == deployed.document("m1")

    @pytest.mark.parametrize(("reply", "status", "number"), [("y", 0, 1), ("n", 1, 0), ("", 1, 0)])
    def test_at_a_terminal_it_is_asked(
        self, deployed: Deployed, reply: str, status: int, number: int
    ) -> None:
        deployed.store(manifest("m1", to(BEN, FAILED)))
        result = at_a_terminal(deployed, reply, "redeliver", "m1")
        assert status == result.returncode
        assert b"Deliver it? [y/N]" in result.stderr
        assert number == len(deployed.announced())
