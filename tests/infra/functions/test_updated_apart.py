"""An update changes a function's configuration first, then its code: in between, both must fit.

The provider calls UpdateFunctionConfiguration, then UpdateFunctionCode. So for some seconds the
old code runs in the new environment, and after a rollback that stopped half-way the new code in
the old one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import trustme

from benchmarks.aws_stub import aws_stub
from benchmarks.function import REGION, RESOURCES, SETTINGS
from infra.configuration.environment import LogLevel, TrustStore, common_variables
from infra.functions import posting_function, watch_function
from infra.functions.archive import AMAZON_ROOTS_FILE, function_archive
from infra.functions.download_function import HANDLER as PAGE
from infra.functions.relay_function import HANDLER as RELAY
from tests.infra.program import ROOT

BOTOCORES_STORE = "botocore/cacert.pem"
NEW = common_variables(service="dev", log_level=LogLevel.INFO, trust_store=TrustStore.AMAZON)
OLD_BUNDLE = {"AWS_CA_BUNDLE": "/var/task/amazon-roots.pem"}

SETUP = {
    "s3": {
        "bucket": {"name": RESOURCES.incoming_bucket},
        "object": {"key": "incoming/AMAZON_SES_SETUP_NOTIFICATION"},
    },
    "eventName": "ObjectCreated:Put",
}
EVENTS: dict[str, tuple[object, object]] = {
    # handler → an event, and the part of the answer that shows that the function works
    RELAY: (
        {
            "Records": [
                {
                    "messageId": "sqs-1",
                    "receiptHandle": "handle",
                    "body": json.dumps({"Records": [SETUP]}),
                    "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:incoming",
                }
            ]
        },
        {"batchItemFailures": []},
    ),
    PAGE: (
        {
            "rawPath": "/no-such-token",
            "headers": {},
            "requestContext": {"http": {"method": "GET", "path": "/no-such-token"}},
        },
        {"statusCode": 404},
    ),
}
START = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib, json
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(importlib.import_module(module), name)
class Context:
    aws_request_id = "request-1"
    @staticmethod
    def get_remaining_time_in_millis():
        return 120_000
print("prepared")
print(json.dumps(handler(json.loads(sys.argv[3]), Context())))
"""


def test_the_handlers_are_where_every_version_has_them() -> None:
    # A renamed handler does not exist in the old code of a deployed function.
    assert (RELAY, PAGE, posting_function.HANDLER, watch_function.HANDLER) == (
        "adapters.relay_function.handler",
        "adapters.download_function.handler",
        "adapters.posting_function.handler",
        "adapters.watch_function.handler",
    )


@pytest.mark.parametrize("trust_store", TrustStore)
def test_no_variable_names_a_file_that_older_code_does_not_have(trust_store: TrustStore) -> None:
    variables = common_variables(service="dev", log_level=LogLevel.INFO, trust_store=trust_store)
    assert not [value for value in variables.values() if value.startswith("/")]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(function_archive(ROOT).path) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The certificate authority of this test's AWS."""
    return trustme.CA()


@pytest.fixture(scope="module")
def endpoint(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
    with aws_stub(pem=pem) as url:
        yield url


def start(
    code: Path, handler: str, endpoint: str, variables: Mapping[str, str]
) -> tuple[str, str, str]:
    """The logs of a new container, of its init and after it, and the answer to its first event."""
    finished = subprocess.run(
        [sys.executable, "-S", "-s", "-c", START, code, handler, json.dumps(EVENTS[handler][0])],
        env={
            "PATH": os.defpath,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_LAMBDA_FUNCTION_NAME": "mail-relay-dev",
            "AWS_ENDPOINT_URL": endpoint,
            **SETTINGS.to_environment(),
            **RESOURCES.to_environment(),
            **variables,
        },
        cwd=code,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    before, _, after = finished.stdout.partition("prepared\n")
    *log, answer = after.splitlines()
    return before, "\n".join([*log, finished.stderr]), answer


@pytest.mark.parametrize("handler", [RELAY, PAGE])
@pytest.mark.parametrize(
    ("roots", "variables", "warned"),
    [
        pytest.param(True, NEW, "", id="new code, new environment"),
        pytest.param(False, NEW, AMAZON_ROOTS_FILE, id="code without roots, new environment"),
        pytest.param(True, OLD_BUNDLE, OLD_BUNDLE["AWS_CA_BUNDLE"], id="new code, old bundle"),
        pytest.param(True, {}, "", id="new code, oldest environment"),
    ],
)
def test_a_function_works_whichever_of_code_and_environment_is_older(
    unpacked: Path,
    authority: trustme.CA,
    endpoint: str,
    *,
    handler: str,
    roots: bool,
    variables: Mapping[str, str],
    warned: str,
) -> None:
    foreign = trustme.CA()
    is_narrow = roots and variables is NEW
    trusted = {AMAZON_ROOTS_FILE: is_narrow, BOTOCORES_STORE: not is_narrow}
    for file, is_trusted in trusted.items():
        pem = (authority if is_trusted else foreign).cert_pem
        (unpacked / file).write_bytes(pem.bytes())
    if not roots:
        (unpacked / AMAZON_ROOTS_FILE).unlink()
    prepared, logged, answer = start(unpacked, handler, endpoint, variables)
    # The first call over TLS was made at init, and found the trusted authorities.
    assert '"level":"ERROR"' not in prepared + logged
    expected = EVENTS[handler][1]
    assert isinstance(expected, dict)
    assert expected.items() <= json.loads(answer).items()
    assert warned in logged
    assert bool(warned) == ("certificates" in logged)
