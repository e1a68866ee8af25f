"""A stored message, and visitors of the stack that has it."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from relay_core.resources import PageResources
from sandbox.emulator.running import Emulator
from tests.adapters.download_function.page_visitor import FILES, Visitor
from tests.adapters.stored_message import StoredMessage, store_keys, store_message


@pytest.fixture
def message(emulator: Emulator, bucket: str) -> StoredMessage:
    return store_message(emulator, bucket, FILES)


@pytest.fixture(scope="session")
def keys_parameter(emulator: Emulator) -> str:
    return store_keys(emulator)


@pytest.fixture(scope="session")
def one_session(emulator: Emulator) -> boto3.Session:
    """A session for all tests, which reads the services' models once."""
    return boto3.Session(
        aws_access_key_id=emulator.access_key_id,
        aws_secret_access_key=emulator.secret_access_key,
        region_name=emulator.region,
    )


@pytest.fixture
def visitor(
    one_session: boto3.Session,
    aws_environment: None,  # noqa: ARG001 - a fixture used for its effect
    bucket: str,
    keys_parameter: str,
) -> Visitor:
    return Visitor(
        one_session, PageResources(attachments_bucket=bucket, link_keys_parameter=keys_parameter)
    )


@pytest.fixture
def guarded(visitor: Visitor) -> Visitor:
    """A visitor of a stack whose files are scanned."""
    visitor.function = visitor.compose(replace(visitor.resources, malware_protection=True))
    return visitor
