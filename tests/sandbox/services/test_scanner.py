"""The scan of stored attachments, as by GuardDuty."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.create import MalwarePlan
from sandbox.emulator.running import Emulator
from sandbox.events import AttachmentScanned, Event
from sandbox.services.scanner import STATUS_TAG, MalwareScanner, ScanStatus, find_threat
from sandbox.ses_verdicts import EICAR
from tests.waiting import eventually

REGION = "eu-central-1"


@given(before=st.binary(max_size=80), after=st.binary(max_size=80), data=st.data())
def test_a_threat_is_found_wherever_the_content_is_cut(
    before: bytes, after: bytes, data: st.DataObject
) -> None:
    content = before + EICAR + after
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    chunks = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    assert find_threat(chunks) is ScanStatus.THREAT


@given(chunks=st.lists(st.binary(max_size=80), max_size=6))
def test_anything_else_is_clean(chunks: list[bytes]) -> None:
    assert find_threat(chunks) is ScanStatus.CLEAN


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


@dataclass(slots=True)
class Bucket:
    """A bucket with its own scanner; `now` is the time."""

    emulator: Emulator
    delay: float = 0.0
    now: float = 0.0
    heard: list[Event] = field(default_factory=list)
    name: str = field(default_factory=lambda: f"bucket-{uuid.uuid4().hex[:8]}")
    scanner: MalwareScanner = field(init=False)

    def __post_init__(self) -> None:
        self.s3.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        plan = MalwarePlan(bucket=self.name, prefixes=("attachments/",), tags_objects=True)
        self.scanner = MalwareScanner(
            s3=self.s3,
            plans=(plan,),
            listener=self.heard.append,
            delay=timedelta(seconds=self.delay),
            clock=lambda: self.now,
        )

    @property
    def s3(self) -> Any:
        return self.emulator.client("s3")

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def tags(self, key: str) -> dict[str, str]:
        found = self.s3.get_object_tagging(Bucket=self.name, Key=key)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}


def test_what_is_stored_is_tagged_and_nothing_else(emulator: Emulator) -> None:
    bucket = Bucket(emulator)
    bucket.put("attachments/1/good.bin", b"good")
    bucket.put("attachments/1/bad.bin", b"x" * 3_000_000 + EICAR)
    bucket.put("manifests/1.json", EICAR)
    bucket.scanner.scan()
    assert bucket.tags("attachments/1/good.bin") == {STATUS_TAG: "NO_THREATS_FOUND"}
    assert bucket.tags("attachments/1/bad.bin") == {STATUS_TAG: "THREATS_FOUND"}
    assert bucket.tags("manifests/1.json") == {}
    assert bucket.heard == [
        AttachmentScanned(key="attachments/1/bad.bin", status="THREATS_FOUND"),
        AttachmentScanned(key="attachments/1/good.bin", status="NO_THREATS_FOUND"),
    ]


def test_a_version_is_scanned_once_and_other_tags_stay(emulator: Emulator) -> None:
    bucket = Bucket(emulator)
    bucket.put("attachments/a", b"good")
    bucket.s3.put_object_tagging(
        Bucket=bucket.name,
        Key="attachments/a",
        Tagging={"TagSet": [{"Key": "other", "Value": "1"}]},
    )
    bucket.scanner.scan()
    bucket.scanner.scan()
    assert len(bucket.heard) == 1
    assert bucket.tags("attachments/a") == {"other": "1", STATUS_TAG: "NO_THREATS_FOUND"}
    # On AWS, a new version has no tags.
    bucket.put("attachments/a", EICAR)
    bucket.scanner.scan()
    assert bucket.tags("attachments/a")[STATUS_TAG] == "THREATS_FOUND"


def test_a_tag_that_an_operator_set_later_stays(emulator: Emulator) -> None:
    bucket = Bucket(emulator)
    bucket.put("attachments/a", EICAR)
    bucket.scanner.scan()
    released = [{"Key": STATUS_TAG, "Value": "NO_THREATS_FOUND"}]
    bucket.s3.put_object_tagging(
        Bucket=bucket.name, Key="attachments/a", Tagging={"TagSet": released}
    )
    bucket.scanner.scan()
    assert bucket.tags("attachments/a") == {STATUS_TAG: "NO_THREATS_FOUND"}


def test_a_delay_is_kept_for_each_object(emulator: Emulator) -> None:
    bucket = Bucket(emulator, delay=10)
    bucket.put("attachments/a", b"a")
    bucket.scanner.scan()
    bucket.now = 9
    bucket.put("attachments/b", b"b")
    bucket.scanner.scan()
    assert bucket.tags("attachments/a") == {}
    bucket.now = 10
    bucket.scanner.scan()
    assert bucket.tags("attachments/a") == {STATUS_TAG: "NO_THREATS_FOUND"}
    assert bucket.tags("attachments/b") == {}
    bucket.now = 19
    bucket.scanner.scan()
    assert bucket.tags("attachments/b") == {STATUS_TAG: "NO_THREATS_FOUND"}


def test_it_scans_by_itself_until_it_is_closed(emulator: Emulator) -> None:
    bucket = Bucket(emulator)
    bucket.scanner.start()
    bucket.put("attachments/a", b"a")
    eventually(lambda: bucket.heard)
    bucket.scanner.close()
    bucket.put("attachments/b", b"b")
    assert bucket.tags("attachments/b") == {}


def test_a_plan_that_tags_nothing_is_no_work(emulator: Emulator) -> None:
    plan = MalwarePlan(bucket="absent", prefixes=(), tags_objects=False)
    scanner = MalwareScanner(s3=emulator.client("s3"), plans=(plan,), listener=lambda _: None)
    scanner.start()
    scanner.scan()
    scanner.close()
