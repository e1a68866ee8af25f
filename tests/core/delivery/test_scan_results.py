"""Malware found after a mail was sent: one notice and a record, with any failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from relay_core.delivery.deaths import failing_manifest
from relay_core.delivery.scan_results import MAX_CHECKS, ScanCheck, check_scans
from relay_core.errors import Reason, TransientError
from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.links.download import Scan
from relay_core.record.manifest import Manifest, ManifestState, Threat
from relay_core.record.manifest_json import format_manifest, parse_manifest
from relay_core.settings import Settings
from tests.fakes import MemoryWorld

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
)
ID = MessageId("0abc")
FILE = "Content-Disposition: attachment; filename="
RAW = "\r\n".join(
    [
        "From: pump@plant.example",
        "Subject: Alarm",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "",
        ":Email_Rxers_Code:anna@example.com,ben@example.com:Email_Rxers_Code:",
        *("--b", f"{FILE}one.bin", "", "1"),
        *("--b", f"{FILE}two.bin", "", "2"),
        "--b--",
        "",
    ]
).encode()


@dataclass
class Results:
    """The scans of files by the part of their names before a dot; all others are pending."""

    known: dict[str, Scan] = field(default_factory=dict)

    def scan_each(self, keys: Sequence[AttachmentKey]) -> Sequence[Scan]:
        names = [key.rpartition("/")[2].partition(".")[0] for key in keys]
        return [self.known.get(name, Scan.UNDER_WAY) for name in names]


@pytest.fixture
def world() -> MemoryWorld:
    world = MemoryWorld()
    world.relay(RAW, SETTINGS)
    assert world.notices.published == []
    return world


def stored(world: MemoryWorld) -> Manifest:
    found = world.manifests.load(ID)
    assert found is not None
    return found.manifest


def look(world: MemoryWorld, results: Results, number: int = 1) -> ScanCheck:
    return check_scans(ID, number, results, SETTINGS, world.ports)


def test_what_is_clean_is_no_news(world: MemoryWorld) -> None:
    found = look(world, Results({"one": Scan.CLEAN, "two": Scan.CLEAN}))
    assert ScanCheck(malicious=0, is_last=True) == found
    assert ([], ()) == (world.notices.published, stored(world).threats)


def test_malware_is_reported_at_once_and_once_and_the_others_are_waited_for(
    world: MemoryWorld,
) -> None:
    results = Results({"one": Scan.MALICIOUS})
    assert ScanCheck(malicious=1, is_last=False) == look(world, results)
    [notice] = world.notices.published
    assert (Reason.VIRUS, 2) == (notice.reason, notice.relayed_to)
    assert notice.text.startswith("The malware scan blocks files of a mail that 2 recipients have")
    assert "attachment one[.]bin: the scan found malware in it" in notice.text
    [threat] = stored(world).threats
    assert (True, "one.bin") == (threat.is_malware, threat.key.rpartition("/")[2])
    assert ScanCheck(malicious=0, is_last=False) == look(world, results)
    results.known["two"] = Scan.CLEAN
    assert ScanCheck(malicious=0, is_last=True) == look(world, results, 2)
    assert 1 == len(world.notices.published)


@pytest.mark.parametrize("scan", [Scan.FAILED, Scan.UNDER_WAY])
def test_what_was_not_scanned_to_the_end_is_reported_at_the_end(
    world: MemoryWorld, scan: Scan
) -> None:
    results = Results({"one": scan, "two": Scan.CLEAN})
    for number in range(1, MAX_CHECKS):
        assert ScanCheck(malicious=0, is_last=False) == look(world, results, number)
    assert [] == world.notices.published
    assert ScanCheck(malicious=0, is_last=True) == look(world, results, MAX_CHECKS)
    assert 1 == len(world.notices.published)
    assert [False] == [one.is_malware for one in stored(world).threats]


@pytest.mark.parametrize("call", ["publish", "load", "replace"])
def test_a_look_that_fails_is_made_again(world: MemoryWorld, call: str) -> None:
    results = Results({"one": Scan.MALICIOUS, "two": Scan.CLEAN})
    error = TransientError(call=call, target="x", detail="SlowDown")
    faults = world.notices.faults if call == "publish" else world.manifests.faults
    faults.order(call, error)
    try:
        look(world, results)
    except TransientError:
        look(world, results)
    assert 1 == len(stored(world).threats)
    assert world.notices.published
    assert stored(world) == parse_manifest(format_manifest(stored(world)))


def test_a_mail_whose_manifest_is_gone_is_not_looked_for(world: MemoryWorld) -> None:
    world.now += timedelta(days=30)
    unknown = MessageId("other")
    found = check_scans(unknown, 1, Results(), SETTINGS, world.ports)
    assert ScanCheck(malicious=0, is_last=True) == found


def test_malware_in_a_file_reported_as_not_scanned_is_reported_too(world: MemoryWorld) -> None:
    results = Results({"two": Scan.CLEAN})
    look(world, results, MAX_CHECKS)
    assert ScanCheck(malicious=0, is_last=True) == look(world, results, MAX_CHECKS)
    assert 1 == len(world.notices.published)
    results.known["one"] = Scan.MALICIOUS
    assert ScanCheck(malicious=1, is_last=True) == look(world, results)
    assert ScanCheck(malicious=0, is_last=True) == look(world, results)
    assert 2 == len(world.notices.published)
    assert [True] == [one.is_malware for one in stored(world).threats]


def test_what_was_found_before_the_mail_went_out_stays_found() -> None:
    world = MemoryWorld()
    threats = (
        Threat(key=AttachmentKey("attachments/0abc/1/one.bin"), at=world.now, is_malware=True),
    )
    begun = failing_manifest(RawKey("incoming/0abc"), SETTINGS, world.now)
    world.manifests.create(replace(begun, threats=threats))
    world.relay(RAW, SETTINGS)
    assert (ManifestState.RELAYING, threats) == (stored(world).state, stored(world).threats)
