"""Device mail that SES accepts but cannot deliver to the relay is reported to the operator."""

from __future__ import annotations

from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

SET = "aws:sesv2/configurationSet:ConfigurationSet"
DESTINATION = "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
EVENT_TYPES = {"BOUNCE", "REJECT", "DELIVERY_DELAY"}
NAME = "mail-relay-dev-devices"


def test_a_bounce_does_not_put_the_relays_address_on_the_suppression_list(
    every: Deployment,
) -> None:
    found = every.named(SET, "mail-relay-dev-submission")
    assert found.inputs["configurationSetName"] == NAME
    assert found.inputs["suppressionOptions"] == {"suppressedReasons": ["COMPLAINT"]}


def test_mail_of_the_stacks_domains_goes_with_it_unless_its_sender_says_otherwise(
    every: Deployment,
) -> None:
    for identity in every.all(IDENTITY):
        assert identity.inputs["configurationSetName"] == NAME
        assert every.named(SET, "mail-relay-dev-submission").urn in identity.dependencies


def test_what_did_not_arrive_is_reported_to_the_operator_once_ses_may(every: Deployment) -> None:
    destination = every.one(DESTINATION, "submission-operator")
    event = destination.inputs["eventDestination"]
    assert (destination.inputs["configurationSetName"], event["enabled"]) == (NAME, True)
    assert set(event["matchingEventTypes"]) == EVENT_TYPES
    topic = f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-alarms"
    assert event["snsDestination"] == {"topicArn": topic}
    policy = every.named(TOPIC_POLICY, "mail-relay-dev-alarms")
    assert policy.urn in destination.dependencies
    (allowed,) = (
        statement
        for statement in policy.document("policy")["Statement"]
        if statement["Sid"] == "PublishEventsOfDevices"
    )
    assert allowed["Condition"]["ArnLike"]["aws:SourceArn"].endswith(f":configuration-set/{NAME}")


def test_it_is_counted_under_the_name_of_the_set(every: Deployment) -> None:
    event = every.one(DESTINATION, "submission-metrics").inputs["eventDestination"]
    assert set(event["matchingEventTypes"]) == EVENT_TYPES
    (dimension,) = event["cloudWatchDestination"]["dimensionConfigurations"]
    assert dimension == {
        "dimensionName": "ses:configuration-set",
        "dimensionValueSource": "MESSAGE_TAG",
        "defaultDimensionValue": NAME,
    }


def test_it_is_there_for_a_configuration_set_of_others_too(deploy: Deploy) -> None:
    stack = deploy(configurationSetName="theirs")
    assert [one.inputs["configurationSetName"] for one in stack.all(SET)] == [NAME]
