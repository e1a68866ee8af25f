"""The recipient directory is the operator's: the program creates it once and never changes it."""

from __future__ import annotations

import json

from tests.infra.conftest import Deploy
from tests.infra.program import Deployment

PARAMETER = "aws:ssm/parameter:Parameter"


def test_it_begins_with_what_is_configured(deploy: Deploy) -> None:
    groups = {"ops": ["a@example.com", "@night"], "night": ["b@example.com"]}
    defaults = {"*.plant.example": ["@ops"]}
    stack = deploy(recipientGroups=groups, defaultRecipients=defaults)
    parameter = stack.one(PARAMETER, "recipients")
    assert parameter.inputs["name"] == "/mail-relay/dev/recipients"
    assert parameter.inputs["type"] == "String"
    assert json.loads(parameter.inputs["insecureValue"]) == {
        "groups": groups,
        "defaultRecipients": defaults,
    }
    assert stack.exports["directoryParameter"] == "/mail-relay/dev/recipients"
    assert stack.exports["directoryDocument"] == parameter.inputs["insecureValue"]


def test_it_is_there_even_if_nothing_is_configured(deploy: Deploy) -> None:
    stack = deploy(recipientGroups={}, defaultRecipients={})
    document = stack.one(PARAMETER, "recipients").inputs["insecureValue"]
    assert json.loads(document) == {"groups": {}, "defaultRecipients": {}}


def test_no_later_deployment_can_write_over_it(dev: Deployment) -> None:
    # The provider writes a whole parameter: a change of any property writes its value too.
    parameter = dev.one(PARAMETER, "recipients")
    assert parameter.ignored_changes == set(parameter.inputs) - {"name"} | {"value"}


def test_it_grows_beyond_4_kb_by_itself(dev: Deployment) -> None:
    assert dev.one(PARAMETER, "recipients").inputs["tier"] == "Intelligent-Tiering"


def test_it_is_not_carried_in_the_environment(deploy: Deploy) -> None:
    stack = deploy(recipientGroups={"ops": ["a@example.com"]})
    variables = stack.one("aws:lambda/function:Function", "function").inputs["environment"][
        "variables"
    ]
    assert "a@example.com" not in str(variables)
    assert variables["RELAY_DIRECTORY_PARAMETER"] == "/mail-relay/dev/recipients"
