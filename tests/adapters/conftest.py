"""An emulator for the session, and boto3 sessions that reach it and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from relay_core.keys import RawKey

pytest.register_assert_rewrite("tests.adapters.contracts")

from adapters.aws.clients import Clients, make_clients  # noqa: E402 - after register_assert_rewrite
from relay_core.keys import AttachmentKey, MessageId  # noqa: E402 - likewise
from relay_core.record.manifest import DeliveryRecord, Manifest, StoredAttachment  # noqa: E402 - likewise
from sandbox.emulator.running import Emulator  # noqa: E402 - likewise

REGION = "eu-central-1"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as started:
        yield started


@pytest.fixture
def aws_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables by which the SDK finds the emulator, as a function finds AWS."""
    for name, value in {
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": emulator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def session(aws_environment: None) -> boto3.Session:  # noqa: ARG001 - a fixture used for its effect
    return boto3.Session()


@pytest.fixture
def clients(session: boto3.Session) -> Iterator[Clients]:
    made = make_clients(session)
    yield made
    for client in (made.s3, made.sesv2, made.sns, made.sqs):
        client.close()


@pytest.fixture
def bucket(emulator: Emulator) -> str:
    name = f"bucket-{uuid.uuid4()}"
    emulator.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


@pytest.fixture
def manifest() -> Manifest:
    created_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return Manifest(
        message_id=MessageId("m1"),
        raw_key=RawKey("incoming/m1"),
        sender="cam@example.com",
        subject="Alarm: Tür offen",
        created_at=created_at,
        expires_at=created_at + timedelta(hours=36),
        attachments=(
            StoredAttachment(
                key=AttachmentKey("attachments/m1/0/a.bin"),
                filename="a.bin",
                content_type="application/octet-stream",
                size=3,
                sha256="0" * 64,
            ),
        ),
        deliveries=(
            DeliveryRecord(recipient="a@example.net"),
            DeliveryRecord(recipient="b@example.net"),
        ),
    )
