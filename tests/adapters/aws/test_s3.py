from __future__ import annotations

import threading
import tracemalloc
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.aws.clients import Clients, make_clients
from adapters.aws.s3 import (
    MAX_LIFETIME_OF_KEYS,
    MAX_LIFETIME_OF_SESSION,
    SPOOL_MEMORY,
    S3AttachmentLinks,
    S3AttachmentStore,
    S3IncomingMessages,
    S3Manifests,
    S3Windows,
    sender_windows,
)
from relay_core.errors import PermanentError, TransientError
from relay_core.keys import AttachmentKey, MessageId, RawKey, WindowKey, manifest_key, window_key
from relay_core.limits.sender_limit import SenderWindow
from relay_core.record.report import Outcome
from relay_core.relay import relay_message
from relay_core.settings import Settings
from sandbox.emulator.running import Emulator
from tests.adapters.contracts import (
    AttachmentLinksContract,
    AttachmentStoreContract,
    IncomingMessagesContract,
    ManifestsContract,
    SenderWindowsContract,
    Stored,
    store_one,
)
from tests.fakes import MemoryWorld
from tests.receipt import received

THREADS = ThreadPoolExecutor(8)

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


class TestS3IncomingMessages(IncomingMessagesContract):
    @pytest.fixture
    def incoming(self, clients: Clients, bucket: str) -> S3IncomingMessages:
        return S3IncomingMessages(client=clients.s3, bucket=bucket)

    @pytest.fixture
    def arrive(self, emulator: Emulator, bucket: str) -> Callable[[RawKey, bytes], None]:
        def put(key: RawKey, raw: bytes) -> None:
            emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=raw)

        return put

    def test_a_missing_bucket_is_transient_because_the_deployment_can_be_corrected(
        self, clients: Clients
    ) -> None:
        incoming = S3IncomingMessages(client=clients.s3, bucket="no-such-bucket")
        with pytest.raises(TransientError, match=r"NoSuchBucket .*fix the deployment"):
            incoming.fetch(RawKey("incoming/m1"))


class TestS3AttachmentStore(AttachmentStoreContract):
    @pytest.fixture
    def store(self, clients: Clients, bucket: str) -> S3AttachmentStore:
        return S3AttachmentStore(client=clients.s3, bucket=bucket, threads=THREADS)

    @pytest.fixture
    def stored(self, emulator: Emulator, bucket: str) -> Callable[[AttachmentKey], Stored]:
        def read(key: AttachmentKey) -> Stored:
            answer = emulator.client("s3").get_object(Bucket=bucket, Key=key)
            return Stored(content=answer["Body"].read(), content_type=answer["ContentType"])

        return read

    def test_the_file_name_is_stored_for_the_download(
        self, store: S3AttachmentStore, emulator: Emulator, bucket: str
    ) -> None:
        store_one(store, self.KEY, [b"x"], content_type="text/plain", filename="Tür 1.txt")
        answer = emulator.client("s3").head_object(Bucket=bucket, Key=self.KEY)
        expected = "attachment; filename=\"T_r 1.txt\"; filename*=UTF-8''T%C3%BCr%201.txt"
        assert expected == answer["ContentDisposition"]

    @pytest.mark.parametrize(
        ("content_type", "expected"),
        [
            ("image/svg+xml", "image/svg+xml"),
            ("text/plain; charset=utf-8", "text/plain"),
            ("image/image/png", "application/octet-stream"),
            ("", "application/octet-stream"),
            ("text/plain\r\nx-amz-acl: public-read", "application/octet-stream"),
            ("text/plain\n", "text/plain"),
            ("tëxt/plain", "application/octet-stream"),
            ("a" * 300 + "/b", "application/octet-stream"),
        ],
    )
    def test_a_content_type_cannot_bring_headers_of_its_own(
        self,
        store: S3AttachmentStore,
        stored: Callable[[AttachmentKey], Stored],
        content_type: str,
        expected: str,
    ) -> None:
        store_one(store, self.KEY, [b"x"], content_type=content_type, filename="a\r\nb")
        assert expected == stored(self.KEY).content_type

    def test_an_attachment_of_any_size_is_stored_in_bounded_memory(
        self, store: S3AttachmentStore, emulator: Emulator, bucket: str
    ) -> None:
        chunk, count = bytes(64 * 1024), 24 * 16

        def chunks() -> Iterator[bytes]:
            for _ in range(count):
                yield bytes(chunk)

        store_one(store, AttachmentKey("warm-up"), [b"x"], content_type="text/plain", filename="a")
        tracemalloc.start()
        try:
            store_one(store, self.KEY, chunks(), content_type="video/mp4", filename="a.mp4")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        answer = emulator.client("s3").head_object(Bucket=bucket, Key=self.KEY)
        assert len(chunk) * count == answer["ContentLength"]
        assert peak < 4 * SPOOL_MEMORY


class TestS3AttachmentLinks(AttachmentLinksContract):
    @pytest.fixture
    def links(self, clients: Clients, bucket: str) -> S3AttachmentLinks:
        return S3AttachmentLinks(
            client=clients.s3,
            bucket=bucket,
            credentials=Credentials("key", "secret"),
            clock=lambda: self.NOW,
        )

    def test_a_link_downloads_the_bytes_under_the_name_and_type_it_was_issued_for(
        self, links: S3AttachmentLinks, clients: Clients, bucket: str
    ) -> None:
        content = bytes(range(256))
        store = S3AttachmentStore(client=clients.s3, bucket=bucket, threads=THREADS)
        store_one(store, self.KEY, [content], content_type="text/html", filename="other.html")
        link = links.issue(
            self.KEY,
            filename='Tür "1".png',
            content_type="image/png",
            lifetime=timedelta(hours=1),
        )
        with urllib.request.urlopen(link.url, timeout=10) as answer:  # noqa: S310 - a loopback URL
            assert content == answer.read()
            assert answer.headers["Content-Type"] == "image/png"
            expected = (
                "attachment; filename=\"T_r _1_.png\"; filename*=UTF-8''T%C3%BCr%20%221%22.png"
            )
            assert expected == answer.headers["Content-Disposition"]

    def test_a_link_leads_to_its_own_attachment_only(
        self, links: S3AttachmentLinks, clients: Clients, bucket: str
    ) -> None:
        store = S3AttachmentStore(client=clients.s3, bucket=bucket, threads=THREADS)
        for name in ("one", "two"):
            key = AttachmentKey(f"attachments/{name}")
            store_one(store, key, [b"x"], content_type="text/plain", filename="a")
        link = links.issue(
            AttachmentKey("attachments/one"),
            filename="a",
            content_type="text/plain",
            lifetime=timedelta(hours=1),
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(link.url.replace("/one?", "/two?"), timeout=10)  # noqa: S310 - a loopback URL
        caught.value.close()
        assert caught.value.code == 403

    @pytest.mark.parametrize(
        ("token", "cap"), [(None, MAX_LIFETIME_OF_KEYS), ("token", MAX_LIFETIME_OF_SESSION)]
    )
    def test_a_link_promises_no_more_than_its_credentials_can_keep(
        self, clients: Clients, token: str | None, cap: timedelta
    ) -> None:
        links = S3AttachmentLinks(
            client=clients.s3,
            bucket="b",
            credentials=Credentials("key", "secret", token),
            clock=lambda: NOW,
        )
        link = self.issue(links, timedelta(days=14))
        assert NOW.replace(microsecond=0) + cap == link.expires_at
        query = parse_qs(urlsplit(link.url).query)
        assert [str(int(cap.total_seconds()))] == query["X-Amz-Expires"]

    @given(lifetime=st.timedeltas(timedelta(0), timedelta(days=30)))
    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_the_url_ends_when_the_link_says(self, clients: Clients, lifetime: timedelta) -> None:
        links = S3AttachmentLinks(
            client=clients.s3,
            bucket="b",
            credentials=Credentials("key", "secret"),
            clock=lambda: NOW,
        )
        link = self.issue(links, lifetime)
        seconds = int(parse_qs(urlsplit(link.url).query)["X-Amz-Expires"][0])
        assert NOW.replace(microsecond=0) + timedelta(seconds=seconds) == link.expires_at
        assert seconds <= max(1, lifetime.total_seconds())

    @pytest.mark.parametrize(
        ("region", "host"),
        [
            ("us-east-1", "my-bucket.s3.amazonaws.com"),
            ("eu-central-1", "my-bucket.s3.eu-central-1.amazonaws.com"),
            ("cn-north-1", "my-bucket.s3.cn-north-1.amazonaws.com.cn"),
        ],
    )
    def test_at_aws_a_link_names_the_regional_host_of_the_bucket(
        self, region: str, host: str
    ) -> None:
        session = boto3.Session(
            aws_access_key_id="a", aws_secret_access_key="b", region_name=region
        )
        links = S3AttachmentLinks(
            client=make_clients(session).s3,
            bucket="my-bucket",
            credentials=Credentials("a", "b"),
            clock=lambda: NOW,
        )
        assert host == urlsplit(self.issue(links, timedelta(hours=1)).url).netloc


class TestS3Manifests(ManifestsContract):
    @pytest.fixture
    def manifests(self, clients: Clients, bucket: str) -> S3Manifests:
        return S3Manifests(client=clients.s3, bucket=bucket)

    @pytest.fixture
    def damage(self, emulator: Emulator, bucket: str) -> Callable[[MessageId], None]:
        def overwrite(message_id: MessageId) -> None:
            emulator.client("s3").put_object(
                Bucket=bucket, Key=manifest_key(message_id), Body=b"\xff no JSON"
            )

        return overwrite

    def test_the_error_of_a_damaged_manifest_names_the_key_and_what_to_do(
        self, manifests: S3Manifests, damage: Callable[[MessageId], None]
    ) -> None:
        damage(MessageId("m1"))
        with pytest.raises(PermanentError, match=r"manifests/m1\.json: .*repair or delete"):
            manifests.load(MessageId("m1"))


class TestS3SenderWindows(SenderWindowsContract):
    @pytest.fixture
    def windows(self, clients: Clients, bucket: str) -> S3Windows[SenderWindow]:
        return sender_windows(clients.s3, bucket)

    @pytest.fixture
    def damage_window(self, emulator: Emulator, bucket: str) -> Callable[[WindowKey], None]:
        def overwrite(key: WindowKey) -> None:
            emulator.client("s3").put_object(Bucket=bucket, Key=window_key(key), Body=b"no JSON")

        return overwrite

    def test_ten_workers_at_one_sender_let_through_as_many_as_the_limit(
        self, clients: Clients, bucket: str
    ) -> None:
        """Real races for one object: no count is lost, and exactly one worker sends the notice."""
        limit, world = 3, MemoryWorld()
        settings = Settings(
            stack="test",
            sender_address="relay@mail.example.com",
            inbound_address="secret@in.example.com",
            allowed_recipients=("example.com",),
            sender_message_limit=limit,
        )
        ports = replace(
            world.ports,
            windows=sender_windows(clients.s3, bucket),
            manifests=S3Manifests(client=clients.s3, bucket=bucket),
        )
        raw = (
            b"From: pump@plant.example\r\n\r\n"
            b":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:\r\n"
        )
        start = threading.Barrier(10)

        def work(number: int) -> Outcome:
            start.wait(30)
            key = RawKey(f"incoming/m{number}")
            world.incoming.messages[key] = received(raw)
            return relay_message(key, settings, ports, world.worker(), arrived_at=NOW).outcome

        with ThreadPoolExecutor(10) as pool:
            outcomes = list(pool.map(work, range(10)))
        assert Counter({Outcome.RELAYED: limit, Outcome.HELD: 10 - limit}) == Counter(outcomes)
        assert limit == len(world.submission.outbox)
        assert 1 == len(world.notices.published)
