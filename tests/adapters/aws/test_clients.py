"""How often the functions' clients make a call."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from adapters.aws.clients import make_clients, single_attempts

CALLS: dict[str, tuple[str, dict[str, str]]] = {
    "s3": ("get_object", {"Bucket": "b", "Key": "k"}),
    "sesv2": ("get_account", {}),
    "sns": ("list_topics", {}),
    "sqs": ("list_queues", {}),
    "ssm": ("get_parameter", {"Name": "n"}),
}


@pytest.mark.parametrize("service", CALLS)
def test_a_call_is_retried_except_while_a_function_is_made(
    monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # a closed port
    session = boto3.Session(
        aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1"
    )
    client: Any = getattr(make_clients(session), service)
    attempts = []
    client.meta.events.register_first("before-send", lambda **_: attempts.append(1))

    def count() -> int:
        attempts.clear()
        name, parameters = CALLS[service]
        with pytest.raises(Exception, match="Could not connect"):
            getattr(client, name)(**parameters)
        return len(attempts)

    configured = client.meta.config.retries["total_max_attempts"]
    with single_attempts():
        assert count() == 1
    assert count() == configured > 1
    client.close()
