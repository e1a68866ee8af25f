"""`relayctl list|replay --unannounced` and `relayctl empty` on the emulator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.aws.sqs import Received
from adapters.operator.account import StoredObject
from operate.messages.unannounced import without_manifest
from relay_core.keys import MessageId
from relay_core.record.manifest import DeliveryState
from tests.operate.deployed import Deployed
from tests.operate.manifests import manifest, to

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOURS = st.integers(0, 400).map(lambda hours: timedelta(hours=hours))
NAMES = st.sampled_from(["a", "b", "c", "AMAZON_SES_SETUP_NOTIFICATION"])


@given(st.dictionaries(NAMES, HOURS), st.sets(NAMES), HOURS, HOURS)
def test_what_is_missed_is_stored_in_time_and_nowhere_written_down(
    ages: dict[str, timedelta], known: set[str], oldest: timedelta, youngest: timedelta
) -> None:
    raw = [
        StoredObject(key=f"incoming/{name}", size=1, stored_at=NOW - age)
        for name, age in ages.items()
    ]
    found = without_manifest(raw, {MessageId(one) for one in known}, NOW - oldest, NOW - youngest)
    assert [one.key for one in found] == [
        f"incoming/{name}"
        for name, age in ages.items()
        if name not in {*known, "AMAZON_SES_SETUP_NOTIFICATION"} and youngest < age <= oldest
    ]


@pytest.fixture
def missed(deployed: Deployed) -> Deployed:
    """A stack with a relayed mail, and two mails that were never announced."""
    deployed.keep_for(14)
    deployed.store(manifest("relayed", to("anna@example.org", DeliveryState.SUBMITTED)))
    for name in ("lost", "lost too", "AMAZON_SES_SETUP_NOTIFICATION"):
        deployed.store_raw(f"incoming/{name}")
    return deployed


def test_what_was_never_announced_is_listed(missed: Deployed) -> None:
    answer = missed.relayctl("list", "--unannounced", "--until", "0s", "--json")
    assert answer.status == 0
    assert {line["raw_key"] for line in answer.lines} == {"incoming/lost", "incoming/lost too"}
    assert all(line["size"] > 0 and line["arrived_at"] for line in answer.lines)
    shown = missed.relayctl("list", "--unannounced", "--until", "0s")
    assert len(shown.stdout.splitlines()) == 2


def test_what_came_just_now_is_not_missed_yet(missed: Deployed) -> None:
    answer = missed.relayctl("list", "--unannounced")
    assert (answer.status, answer.stdout) == (0, "")
    assert "no raw message without a manifest was found" in answer.stderr


def test_raw_mail_older_than_manifests_are_kept_is_not_taken_for_missed(
    missed: Deployed,
) -> None:
    missed.keep_for(1)  # a manifest may be deleted after a day, so a missing one proves nothing
    answer = missed.relayctl("list", "--unannounced", "--until", "0s")
    assert (answer.status, answer.stdout) == (0, "")


def test_what_was_never_announced_is_announced(missed: Deployed) -> None:
    answer = missed.relayctl("replay", "--unannounced", "--until", "0s", "--yes")
    assert answer.status == 0, answer.stderr
    keys = {one.raw_key for one in missed.announced() if isinstance(one, Received)}
    assert keys == {"incoming/lost", "incoming/lost too"}


def test_replay_without_a_key_announces_nothing_by_accident(missed: Deployed) -> None:
    answer = missed.relayctl("replay", "--yes")
    assert answer.status == 2
    assert "--unannounced" in answer.stderr
    assert missed.announced() == []


def test_both_buckets_are_emptied_once_that_is_confirmed(missed: Deployed) -> None:
    s3 = missed.emulator.client("s3")

    def count() -> int:
        return sum(
            s3.list_objects_v2(Bucket=bucket)["KeyCount"]
            for bucket in (missed.incoming, missed.attachments)
        )

    before = count()
    assert before > 3
    asked = missed.relayctl("empty")
    assert (asked.status, count()) == (2, before)
    shown = missed.relayctl("empty", "--dry-run")
    assert (shown.status, count()) == (0, before)
    assert f"{missed.incoming}: 4 objects" in shown.stdout
    done = missed.relayctl("empty", "--yes")
    assert (done.status, count()) == (0, 0)
    assert f"{before} objects deleted" in done.stdout
    assert missed.relayctl("empty", "--yes").status == 0
