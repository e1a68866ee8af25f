"""`relayctl replay`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.aws.sqs import Received
from relay_core.keys import RawKey
from relay_core.record.manifest import ManifestState
from tests.operate.commands.messages import LEASE, PENDING
from tests.operate.deployed import Deployed
from tests.operate.manifests import ANNA, manifest, to


class TestReplay:
    def test_a_raw_message_is_announced_under_every_name(self, deployed: Deployed) -> None:
        deployed.store_raw("incoming/a b+ü%41")
        deployed.store_raw("incoming/whole")
        deployed.store_raw("incoming/whole-2")
        answer = deployed.relayctl(
            "replay", "incoming/a b+ü%41", "whole", "whole-", "whole", "--yes"
        )
        assert (0, 3) == (answer.status, len(answer.stdout.splitlines())), answer.stderr
        keys = {one.raw_key for one in deployed.announced() if isinstance(one, Received)}
        assert {"incoming/a b+ü%41", "incoming/whole", "incoming/whole-2"} == keys
        assert 3 == len(deployed.announced())

    def test_an_id_means_the_raw_message_of_its_manifest(self, deployed: Deployed) -> None:
        odd = replace(manifest("a_b", to(ANNA, PENDING)), raw_key=RawKey("incoming/a b"))
        deployed.store(odd)
        assert 0 == deployed.relayctl("replay", "a_b", "--yes").status
        assert "incoming/a b" == getattr(deployed.announced()[0], "raw_key", None)

    @pytest.mark.parametrize(
        ("state", "after"),
        [
            (ManifestState.HELD, ManifestState.RELEASED),
            (ManifestState.REFUSED, ManifestState.RELEASED),
            (ManifestState.IGNORED, ManifestState.RELEASED),
            (ManifestState.FAILING, ManifestState.FAILING),
        ],
    )
    def test_what_has_ended_is_released_before(
        self, deployed: Deployed, state: ManifestState, after: ManifestState
    ) -> None:
        deployed.store(manifest("m1", state=state))
        assert 0 == deployed.relayctl("replay", "m1", "--yes").status
        assert after is deployed.manifest("m1").state
        assert 1 == len(deployed.announced())
        (noted,) = deployed.manifest("m1").interventions
        released = "released" if after is not state else ""
        assert ("replay", released) == (noted.what, noted.detail)

    def test_it_is_noted_while_a_worker_has_the_message(self, deployed: Deployed) -> None:
        message = manifest("m1", to(ANNA, PENDING), lease=LEASE)
        deployed.store(message)
        assert 0 == deployed.relayctl("replay", "m1", "--yes").status
        after = deployed.manifest("m1")
        assert ["replay"] == [one.what for one in after.interventions]
        assert message == replace(after, interventions=())

    def test_what_is_done_or_gone_stops_no_other(self, deployed: Deployed) -> None:
        deployed.store(manifest("done", to(ANNA)))
        deployed.store_raw("incoming/new")
        answer = deployed.relayctl("replay", "done", "incoming/gone", "gone", "new", "--yes")
        assert (1, "incoming/new: announced to the queue\n") == (answer.status, answer.stdout)
        for words in (
            "relayctl redeliver done",
            "incoming/gone is not in",
            "gone: no mail has this id",
        ):
            assert words in answer.stderr
        assert "incomingRetentionDays" not in answer.stderr
        assert 1 == len(deployed.announced())

    def test_the_short_id_of_a_list_is_enough_however_its_key_is_called(
        self, deployed: Deployed
    ) -> None:
        odd = replace(
            manifest("a_b=320e5c903cc83b98", to(ANNA, PENDING)), raw_key=RawKey("incoming/a b")
        )
        deployed.store(odd, manifest("a1"))
        deployed.store(manifest("old-one", to(ANNA, PENDING)), raw=False)
        answer = deployed.relayctl("replay", "a_b=320e5", "a", "old", "--yes")
        assert "incoming/a b: announced to the queue\n" == answer.stdout
        assert "a may mean a1, a_b=320e5c903cc83b98: give more" in answer.stderr
        assert "incoming/old-one is not in" in answer.stderr
        assert "it is deleted after incomingRetentionDays" in answer.stderr

    def test_a_mail_of_a_similar_key_is_not_mistaken_for_it(self, deployed: Deployed) -> None:
        deployed.store(manifest("a_b", to(ANNA, PENDING)))
        deployed.store_raw("incoming/a b")
        answer = deployed.relayctl("replay", "incoming/a b", "--yes")
        assert (0, "incoming/a b: announced to the queue\n") == (answer.status, answer.stdout)
        assert () == deployed.manifest("a_b").interventions

    def test_nor_is_one_for_a_manifest_that_an_older_version_named_alike(
        self, deployed: Deployed
    ) -> None:
        deployed.store(replace(manifest("a_b", to(ANNA, PENDING)), raw_key=RawKey("incoming/a b")))
        deployed.store_raw("incoming/a_b")
        answer = deployed.relayctl("replay", "incoming/a_b", "--yes")
        assert 1 == answer.status
        assert "incoming/a_b has the same message id as incoming/a b" in answer.stderr
        assert [] == deployed.announced()

    def test_a_dry_run_prints_and_changes_nothing(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", state=ManifestState.HELD))
        before = deployed.document("m1")
        answer = deployed.relayctl("replay", "m1", "--dry-run")
        assert 0 == answer.status
        assert "is released" in answer.stdout
        assert before == deployed.document("m1")
        assert [] == deployed.announced()

    def test_without_a_terminal_it_is_not_done_unasked(self, deployed: Deployed) -> None:
        deployed.store_raw("incoming/m1")
        assert 2 == deployed.relayctl("replay", "m1").status
        assert [] == deployed.announced()
