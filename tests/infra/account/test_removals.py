"""A warning reports each parameter in use that a changed key deletes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.infra.account.deployments import deploy_in
from tests.infra.mocked_aws import InAccount

LINK_KEYS, CREDENTIALS = "/mail-relay/dev/link-keys", "/mail-relay/dev/smtp-credentials"
PRESIGNED = {"linkMode": "presigned", "linkExpiryHours": 12}
USER = f"{CREDENTIALS}/hall-3"
HELD = {LINK_KEYS: "secret-of-links", CREDENTIALS: "secret-of-devices"}


def warnings(parameters: Mapping[str, str], **changes: object) -> tuple[str, ...]:
    # The rule set is active: otherwise there would be another warning.
    account = InAccount(
        active_rule_set="mail-relay-dev",
        parameters={**parameters, "/mail-relay/dev/holdings": "{}"},
    )
    return deploy_in(account, **changes).warnings


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        (PRESIGNED, "linkMode is presigned", (LINK_KEYS, "page", "log group")),
        (
            {"createSmtpUser": False},
            "createSmtpUser is false",
            (CREDENTIALS, "Devices can no longer log in"),
        ),
    ],
)
def test_what_goes_is_reported_with_its_key_and_what_ends(
    changes: Mapping[str, object], key: str, words: tuple[str, ...]
) -> None:
    (warning,) = warnings(HELD, **changes)
    assert warning.startswith(key)
    assert all(word in warning for word in words)
    assert "secret-of" not in warning


@pytest.mark.parametrize("changes", [PRESIGNED, {"createSmtpUser": False}])
def test_what_is_not_there_does_not_go(changes: Mapping[str, object]) -> None:
    assert warnings({}, **changes) == ()


def test_what_stays_is_not_reported() -> None:
    assert warnings(HELD) == ()


def test_each_smtp_user_that_is_no_longer_named_is_reported_with_what_its_devices_lose() -> None:
    held = {**HELD, USER: "secret-of-hall", f"{CREDENTIALS}/gate": "secret-of-gate"}
    (warning,) = warnings(held, smtpUsers=["gate:2", "roof"])
    assert warning.startswith("smtpUsers does not name hall-3")
    assert all(word in warning for word in (USER, "Devices can no longer log in"))
    assert warnings(held, smtpUsers=["gate", "hall-3:7"]) == ()


def test_smtp_users_that_may_not_be_read_stop_no_deployment() -> None:
    account = InAccount(
        active_rule_set="mail-relay-dev",
        parameters={"/mail-relay/dev/holdings": "{}"},
        errors={"getParametersByPath": "AccessDeniedException"},
    )
    (warning,) = deploy_in(account).warnings
    assert "the parameters of smtpUsers could not be read: " in warning
    assert "AccessDenied" in warning
