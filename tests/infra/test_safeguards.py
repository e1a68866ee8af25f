"""The permissions boundary of every role, and the protection of irreplaceable resources."""

from __future__ import annotations

from tests.infra.conftest import Deploy
from tests.infra.program import Deployment

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
PRINCIPALS = {"aws:iam/role:Role", "aws:iam/user:User"}
IRREPLACEABLE = {
    "mail-relay-dev-incoming",
    "mail-relay-dev-attachments",
    "mail-relay-dev-incoming-dead-letters",
    "mail-relay-dev-key",
}


def test_every_role_and_user_has_the_boundary(deploy: Deploy) -> None:
    stack = deploy(permissionsBoundary=BOUNDARY, malwareProtection=True, linkMode="page")
    found = {
        one.name: one.inputs.get("permissionsBoundary")
        for one in stack.resources
        if one.type in PRINCIPALS
    }
    # Two functions, GuardDuty and the devices.
    assert len(found) == 4
    assert set(found.values()) == {BOUNDARY}


def test_no_resource_has_one_unless_configured(every: Deployment, hardened: Deployment) -> None:
    if every is hardened:
        return
    assert not [one.name for one in every.resources if "permissionsBoundary" in one.inputs]


def test_what_cannot_be_made_again_is_protected_and_nothing_else(hardened: Deployment) -> None:
    protected = [one for one in hardened.resources if one.protect]
    assert {one.name for one in protected} == IRREPLACEABLE
    types = {one.type for one in protected}
    assert types == {"aws:s3/bucket:Bucket", "aws:sqs/queue:Queue", "aws:kms/key:Key"}


def test_nothing_is_protected_unless_asked_for(dev: Deployment) -> None:
    assert not [one.name for one in dev.resources if one.protect]
