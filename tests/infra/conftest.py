"""Fixtures: the program as deployed, with the dev stack's configuration or a changed one."""

from __future__ import annotations

from typing import Protocol

import pytest

from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment, changed_config, deployed

WEBHOOKS = {
    "chat": {"kind": "slack", "url": "https://hooks.slack.example/services/T0/B0/secret-of-slack"},
    "room": {
        "kind": "teams",
        "url": "https://teams.example:443/workflows/1/run?sig=secret-of-teams",
        "sends": "alarms",
    },
    "desk": {
        "kind": "json",
        "url": "https://desk.example/in?secret-of-desk",
        "signingKey": "whsec_c2VjcmV0IG9mIHRoZSBzaWduYXR1cmUgb2YgZGVzaw==",
        "sends": "notices",
    },
}


class Deploy(Protocol):
    """`deploy(stack=…, key=value…)`: the program on `changed_config`, run once for each."""

    def __call__(self, *, stack: str = "dev", **changes: object) -> Deployment: ...


@pytest.fixture(scope="session")
def deploy() -> Deploy:
    def run(*, stack: str = "dev", **changes: object) -> Deployment:
        return deployed(changed_config(changes), stack=stack)

    return run


@pytest.fixture(scope="session")
def dev(deploy: Deploy) -> Deployment:
    """The dev stack, unchanged."""
    return deploy()


@pytest.fixture(scope="session")
def presigned(deploy: Deploy) -> Deployment:
    """The dev stack without a download page."""
    return deploy(linkMode="presigned")


@pytest.fixture(scope="session")
def scanned(deploy: Deploy) -> Deployment:
    """The dev stack, its attachments scanned for malware."""
    return deploy(linkMode="page", malwareProtection=True)


@pytest.fixture(scope="session")
def hardened(deploy: Deploy) -> Deployment:
    """The dev stack with everything that an account with rules may ask for."""
    return deploy(
        linkMode="page",
        malwareProtection=True,
        customerManagedKey=True,
        permissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        protect=True,
        forceDestroy=False,
        hostedZoneId="Z123",
        smtpCredentialsVersion=2,
        linkKeyVersion=2,
    )


@pytest.fixture(scope="session")
def posted(deploy: Deploy) -> Deployment:
    """The dev stack with receivers of all kinds, and with the check of subscriptions."""
    return deploy(webhooks=WEBHOOKS, eventBus="operations", watchSubscriptions=True)


@pytest.fixture(scope="session")
def renewing(deploy: Deploy) -> Deployment:
    """The dev stack, whose page sends new links."""
    return deploy(linkRenewal=True)


@pytest.fixture(scope="session")
def in_domain(deploy: Deploy) -> Deployment:
    """The dev stack, its links under a domain of the operator's."""
    return deploy(downloadDomain="files.example.com", hostedZoneId="Z123")


@pytest.fixture(
    scope="session",
    params=["dev", "presigned", "scanned", "hardened", "posted", "renewing", "in_domain"],
)
def every(request: pytest.FixtureRequest) -> Deployment:
    """The dev stack in each of the configurations above."""
    stack: Deployment = request.getfixturevalue(request.param)
    return stack
