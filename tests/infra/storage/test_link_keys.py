"""The keys of download links: secret, rotated by a number, and readable for their users."""

from __future__ import annotations

import json

import pytest

from relay_core.keys import MessageId
from relay_core.links.tokens import LinkKeys, issue_token, parse_link_keys, read_token
from tests.infra.conftest import Deploy
from tests.infra.program import Deployment, Registered

KEY, PARAMETER = "random:index/randomBytes:RandomBytes", "aws:ssm/parameter:Parameter"


def parameter(stack: Deployment) -> Registered:
    return stack.one(PARAMETER, "link-keys")


def keys(stack: Deployment) -> LinkKeys:
    """The keys as the functions read them."""
    return parse_link_keys(parameter(stack).inputs["value"])


def test_they_lie_in_one_secret_parameter(dev: Deployment) -> None:
    found = parameter(dev)
    assert (found.inputs["type"], found.inputs["name"]) == (
        "SecureString",
        "/mail-relay/dev/link-keys",
    )
    assert "value" in found.secret_inputs
    assert set(json.loads(found.inputs["value"])) == {"current", "previous"}


def test_they_are_as_long_as_the_functions_want_and_made_by_chance(dev: Deployment) -> None:
    assert len(keys(dev).current) == 32
    assert [one.inputs for one in dev.all(KEY)] == [{"length": 32}]


def test_no_output_of_the_stack_holds_them(dev: Deployment) -> None:
    assert json.loads(parameter(dev).inputs["value"])["current"] not in str(dev.exports)


def test_there_is_none_before_the_first(dev: Deployment) -> None:
    assert keys(dev).previous is None


@pytest.mark.parametrize("version", [1, 2, 7])
def test_rotating_keeps_the_key_there_was_as_the_one_before(deploy: Deploy, version: int) -> None:
    before = keys(deploy(linkMode="page", linkKeyVersion=version))
    after = keys(deploy(linkMode="page", linkKeyVersion=version + 1))
    assert after.previous == before.current
    assert after.current not in {before.current, before.previous}


def test_a_link_stays_good_when_its_key_is_rotated_once_and_no_longer(deploy: Deploy) -> None:
    first, second, third = (keys(deploy(linkMode="page", linkKeyVersion=n)) for n in (1, 2, 3))
    token = issue_token(MessageId("message"), "a@example.com", first)
    assert read_token(token, second) == read_token(token, first)
    assert read_token(token, third) is None


def test_rotating_leaves_the_key_that_stays_alone(deploy: Deploy) -> None:
    # With the same name and inputs, it is the same resource for Pulumi.
    before, after = (deploy(linkMode="page", linkKeyVersion=n) for n in (1, 2))
    (kept,) = before.all(KEY)
    assert kept in after.all(KEY)
    assert len(after.all(KEY)) == 2


def test_without_a_page_there_are_none(presigned: Deployment) -> None:
    assert presigned.all(KEY) == ()
    assert not [one for one in presigned.all(PARAMETER) if "link-keys" in one.name]
