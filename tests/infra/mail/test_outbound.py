"""Mail is sent with a configuration set that reports what happened to it."""

from __future__ import annotations

import pytest

from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

SET = "aws:sesv2/configurationSet:ConfigurationSet"
DESTINATION = "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination"
FUNCTION, TOPIC_POLICY = "aws:lambda/function:Function", "aws:sns/topicPolicy:TopicPolicy"
EVENT_TYPES = {"BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY"}


def set_of_function(stack: Deployment) -> str:
    variables = stack.one(FUNCTION, "function").inputs["environment"]["variables"]
    name: str = variables["RELAY_CONFIGURATION_SET_NAME"]
    return name


def test_the_stack_has_a_set_of_its_own_and_the_function_sends_with_it(dev: Deployment) -> None:
    found = dev.named(SET, "mail-relay-dev-outbound")
    assert found.inputs["configurationSetName"] == set_of_function(dev) == "mail-relay-dev"
    assert found.inputs["reputationOptions"] == {"reputationMetricsEnabled": True}
    # SES refuses a mail with a configuration set that does not exist yet.
    assert found.urn in dev.one(FUNCTION, "function").dependencies


@pytest.mark.parametrize(("required", "policy"), [(False, "OPTIONAL"), (True, "REQUIRE")])
def test_tls_is_asked_for_as_configured(deploy: Deploy, *, required: bool, policy: str) -> None:
    stack = deploy(requireOutboundTls=required)
    assert stack.named(SET, "mail-relay-dev-outbound").inputs["deliveryOptions"] == {
        "tlsPolicy": policy
    }


def test_troubles_are_reported_to_the_operator_once_ses_may(dev: Deployment) -> None:
    destination = dev.one(DESTINATION, "outbound-operator")
    event = destination.inputs["eventDestination"]
    assert event["enabled"] is True
    assert set(event["matchingEventTypes"]) == EVENT_TYPES
    topic = f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-alarms"
    assert event["snsDestination"] == {"topicArn": topic}
    assert dev.named(TOPIC_POLICY, "mail-relay-dev-alarms").urn in destination.dependencies


def test_troubles_are_counted_under_the_name_of_the_set(dev: Deployment) -> None:
    event = dev.one(DESTINATION, "outbound-metrics").inputs["eventDestination"]
    assert set(event["matchingEventTypes"]) == EVENT_TYPES
    (dimension,) = event["cloudWatchDestination"]["dimensionConfigurations"]
    assert dimension == {
        "dimensionName": "ses:configuration-set",
        "dimensionValueSource": "MESSAGE_TAG",
        "defaultDimensionValue": "mail-relay-dev",
    }


def test_a_set_that_exists_is_used_and_left_as_it_is(deploy: Deploy) -> None:
    stack = deploy(configurationSetName="theirs")
    made = (*stack.all(SET), *stack.all(DESTINATION))
    assert not [one.name for one in made if "outbound" in one.name]
    assert set_of_function(stack) == "theirs"
    policy = stack.named(TOPIC_POLICY, "mail-relay-dev-alarms").document("policy")
    assert "configuration-set/theirs" not in str(policy)
    assert "PublishEventsOfSending" not in str(policy)
