"""Connections over TLS: the trusted authorities, and the cost of a connection."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
import trustme
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, SSLError

from adapters.aws import connections
from adapters.aws.connections import CA_BUNDLE, TRUST_STORE, share_context
from benchmarks.aws_stub import aws_stub

HOST = "127.0.0.1"
AT_ONCE = 4


class Authority:
    """A certificate authority, and a file with its own certificate."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        folder.mkdir()
        self.bundle = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.bundle))

    def issue(self, name: str) -> Path:
        """A key and a certificate for a server of that name."""
        pem = self._folder / f"{name}.pem"
        self._authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(pem))
        return pem


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "aws")


@pytest.fixture(scope="module")
def endpoint(authority: Authority) -> Iterator[str]:
    with aws_stub(pem=authority.issue(HOST)) as url:
        yield url


def client_of(endpoint: str) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=AT_ONCE),
    )
    share_context(client)
    return client


def put_and_get(client: Any) -> bytes:
    client.put_object(Bucket="bucket", Key="key", Body=b"content")
    content: bytes = client.get_object(Bucket="bucket", Key="key")["Body"].read()
    return content


def test_a_server_of_the_bundles_authority_is_spoken_to(
    authority: Authority, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CA_BUNDLE, str(authority.bundle))
    assert put_and_get(client_of(endpoint)) == b"content"


def test_without_a_bundle_botocores_own_store_is_trusted(
    authority: Authority, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CA_BUNDLE, raising=False)
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        put_and_get(client_of(endpoint))
    monkeypatch.setattr("botocore.httpsession.where", lambda: str(authority.bundle))
    assert put_and_get(client_of(endpoint)) == b"content"


def test_a_server_of_another_authority_is_refused(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CA_BUNDLE, str(Authority(tmp_path / "other").bundle))
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        put_and_get(client_of(endpoint))


def test_a_server_of_another_name_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CA_BUNDLE, str(authority.bundle))
    with (
        aws_stub(pem=authority.issue("s3.example.com")) as endpoint,
        pytest.raises(SSLError, match=HOST),
    ):
        put_and_get(client_of(endpoint))


def test_certificates_are_loaded_once_however_many_clients_and_connections(
    authority: Authority, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loaded = []
    load = ssl.SSLContext.load_verify_locations

    def counting(context: ssl.SSLContext, *locations: Any, **named: Any) -> None:
        loaded.append((locations, named))
        load(context, *locations, **named)

    bundle = tmp_path / "bundle.pem"  # a new path, so not in the cache of loaded bundles
    bundle.write_bytes(authority.bundle.read_bytes())
    monkeypatch.setenv(CA_BUNDLE, str(bundle))
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counting)
    for client in (client_of(endpoint), client_of(endpoint)):
        with ThreadPoolExecutor(AT_ONCE) as threads:
            assert [*threads.map(put_and_get, [client] * AT_ONCE)] == [b"content"] * AT_ONCE
    assert len(loaded) == 1


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_store_that_cannot_be_read_is_named_and_botocores_own_is_trusted(
    authority: Authority,
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    content: bytes | None,
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv(CA_BUNDLE, str(bundle))
    monkeypatch.setattr("botocore.httpsession.where", lambda: str(authority.bundle))
    for client in (client_of(endpoint), client_of(endpoint)):
        assert put_and_get(client) == b"content"
    (record,) = caplog.records
    assert ("WARNING", True) == (record.levelname, str(bundle) in record.getMessage())


def test_amazons_roots_beside_the_code_are_trusted_and_no_others(
    authority: Authority, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CA_BUNDLE, raising=False)
    monkeypatch.setenv(TRUST_STORE, "amazon")
    monkeypatch.setattr(connections, "_AMAZON_ROOTS", authority.bundle)
    assert put_and_get(client_of(endpoint)) == b"content"
    monkeypatch.setattr(connections, "_AMAZON_ROOTS", Authority(tmp_path / "other").bundle)
    monkeypatch.setattr("botocore.httpsession.where", lambda: str(authority.bundle))
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        put_and_get(client_of(endpoint))
    monkeypatch.setenv(TRUST_STORE, "system")
    assert put_and_get(client_of(endpoint)) == b"content"


def test_where_no_store_can_be_read_each_is_named(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CA_BUNDLE, str(tmp_path / "absent.pem"))
    monkeypatch.setattr("botocore.httpsession.where", lambda: str(tmp_path / "neither.pem"))
    with pytest.raises(BotoCoreError, match=r"AWS_CA_BUNDLE.*absent\.pem.*neither\.pem"):
        client_of(endpoint)


def test_where_there_is_no_tls_no_bundle_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CA_BUNDLE, str(tmp_path / "absent.pem"))
    with aws_stub() as endpoint:
        assert put_and_get(client_of(endpoint)) == b"content"


def test_errors_of_the_service_are_those_of_botocore(
    authority: Authority, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CA_BUNDLE, str(authority.bundle))
    with pytest.raises(ClientError, match="NoSuchKey"):
        client_of(endpoint).get_object(Bucket="bucket", Key="absent")
