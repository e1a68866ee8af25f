"""Keys, records, configuration sets and active rule sets are created and returned as on AWS."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import dill  # type: ignore[import-untyped]  # it carries no types
import pytest

from infra.activation import ActivationProvider
from sandbox.create import CREATORS, LOOKUPS, Created, DeclarationError, Declared, NothingFound
from sandbox.deploy.mocked import PROGRAM, DeployError, deploy, load_config
from sandbox.emulator.running import Emulator

REGION = "eu-central-1"
ZONE = "example.com"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
PARAMETER = "aws:ssm/parameter:Parameter"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


def unique() -> str:
    return uuid.uuid4().hex[:8]


def create(emulator: Emulator, type_: str, inputs: dict[str, Any]) -> Created:
    """Create a resource with these inputs; all of them must be used."""
    declared = Declared(f"some-{unique()}", inputs)
    created = CREATORS[type_](declared, emulator)
    assert declared.unhandled() == []
    return created


# --- KMS ----------------------------------------------------------------------------------------


def test_a_key_is_as_declared(emulator: Emulator) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{emulator.account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    made = create(
        emulator,
        "aws:kms/key:Key",
        {
            "description": "of a test",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            "policy": json.dumps(policy),
            "tags": {"of": "a test"},
        },
    )
    kms, key = emulator.client("kms"), made.outputs["keyId"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "of a test"
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == policy

    name = f"alias/{unique()}"
    create(emulator, "aws:kms/alias:Alias", {"name": name, "targetKeyId": key})
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"] == made.outputs["arn"]


# --- Route 53 -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zone(emulator: Emulator) -> str:
    made = emulator.client("route53").create_hosted_zone(Name=ZONE, CallerReference="test")
    zone_id: str = made["HostedZone"]["Id"].rpartition("/")[2]
    return zone_id


RECORD = "aws:route53/record:Record"


def record(zone: str, name: str, type_: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"zoneId": zone, "name": name, "type": type_, "ttl": 60, "records": [*values], **more}


def test_text_is_put_in_quotes_and_nothing_else_is(emulator: Emulator, zone: str) -> None:
    text, mail = f"t.{ZONE}", f"m.{ZONE}"
    create(emulator, RECORD, record(zone, text, "TXT", "v=spf1 ~all", "other"))
    create(emulator, RECORD, record(zone, mail, "MX", "10 host.example"))
    found = {
        one["Name"].rstrip("."): [value["Value"] for value in one["ResourceRecords"]]
        for one in emulator.client("route53").list_resource_record_sets(HostedZoneId=zone)[
            "ResourceRecordSets"
        ]
    }
    assert found[text] == ['"v=spf1 ~all"', '"other"']
    assert found[mail] == ["10 host.example"]


def test_a_name_that_is_not_of_the_zone_is_refused(emulator: Emulator, zone: str) -> None:
    with pytest.raises(DeclarationError, match=r"not permitted in zone example\.com"):
        create(emulator, RECORD, record(zone, f"bad{ZONE}", "MX", "10 host.example"))


def test_a_record_that_is_there_is_written_over_only_if_asked(
    emulator: Emulator, zone: str
) -> None:
    name = f"twice.{ZONE}"
    create(emulator, RECORD, record(zone, name, "TXT", "one"))
    create(emulator, RECORD, record(zone, name, "MX", "10 host.example"))
    with pytest.raises(DeclarationError, match="already exists"):
        create(emulator, RECORD, record(zone, name, "TXT", "two"))
    create(emulator, RECORD, record(zone, name, "TXT", "two", allowOverwrite=True))


# --- SES ----------------------------------------------------------------------------------------

SET = "aws:sesv2/configurationSet:ConfigurationSet"
DESTINATION = "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination"
MAIL_FROM = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"


def destination(set_name: str, topic: str) -> dict[str, Any]:
    return {
        "configurationSetName": set_name,
        "eventDestinationName": "operator",
        "eventDestination": {
            "enabled": True,
            "matchingEventTypes": ["BOUNCE"],
            "snsDestination": {"topicArn": topic},
        },
    }


def test_events_go_to_a_topic_that_ses_may_publish_on_and_to_no_other(emulator: Emulator) -> None:
    name = f"set-{unique()}"
    create(emulator, SET, {"configurationSetName": name})
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    with pytest.raises(DeclarationError, match=r"lets ses\.amazonaws\.com call sns:Publish"):
        create(emulator, DESTINATION, destination(name, topic))
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    create(emulator, DESTINATION, destination(name, topic))
    (found,) = emulator.client("sesv2").get_configuration_set_event_destinations(
        ConfigurationSetName=name
    )["EventDestinations"]
    assert found["SnsDestination"] == {"TopicArn": topic}
    assert found["MatchingEventTypes"] == ["BOUNCE"]


def test_an_identity_that_is_there_already_is_refused(emulator: Emulator) -> None:
    inputs = {"emailIdentity": f"{unique()}.example"}
    create(emulator, IDENTITY, inputs)
    with pytest.raises(DeclarationError, match="AlreadyExistsException"):
        create(emulator, IDENTITY, inputs)


def test_an_identity_goes_with_the_configuration_set_that_it_names(emulator: Emulator) -> None:
    domain, name = f"{unique()}.example", unique()
    inputs = {"emailIdentity": domain, "configurationSetName": name}
    with pytest.raises(emulator.client("sesv2").exceptions.NotFoundException):
        create(emulator, IDENTITY, inputs)
    emulator.client("sesv2").create_configuration_set(ConfigurationSetName=name)
    create(emulator, IDENTITY, inputs)
    assert emulator.default_sets[domain] == name


def test_a_mail_from_domain_is_below_its_identity(emulator: Emulator) -> None:
    domain = f"{unique()}.example"
    create(emulator, IDENTITY, {"emailIdentity": domain})
    attributes = {"emailIdentity": domain, "behaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    create(emulator, MAIL_FROM, {**attributes, "mailFromDomain": f"bounce.{domain}"})
    with pytest.raises(DeclarationError, match="must be a subdomain of"):
        create(emulator, MAIL_FROM, {**attributes, "mailFromDomain": "bounce.example"})


# --- Parameters ---------------------------------------------------------------------------------


def test_a_parameter_that_is_there_is_written_over_only_if_asked(emulator: Emulator) -> None:
    inputs = {"name": f"/some/{unique()}", "type": "String", "insecureValue": "one"}
    create(emulator, PARAMETER, inputs)
    with pytest.raises(emulator.client("ssm").exceptions.ParameterAlreadyExists):
        create(emulator, PARAMETER, inputs)
    create(emulator, PARAMETER, {**inputs, "insecureValue": "two", "overwrite": True})
    found = emulator.client("ssm").get_parameter(Name=inputs["name"])["Parameter"]["Value"]
    assert found == "two"


# --- Data sources -------------------------------------------------------------------------------

ACTIVE = LOOKUPS["aws:ses/getActiveReceiptRuleSet:getActiveReceiptRuleSet"]


def test_the_active_rule_set_is_reported_and_that_there_is_none(emulator: Emulator) -> None:
    ses, name = emulator.client("ses"), f"rules-{unique()}"
    with pytest.raises(NothingFound, match="empty result"):
        ACTIVE({}, emulator)
    ses.create_receipt_rule_set(RuleSetName=name)
    ses.set_active_receipt_rule_set(RuleSetName=name)
    try:
        assert ACTIVE({}, emulator)["ruleSetName"] == name
    finally:
        ses.set_active_receipt_rule_set()
    with pytest.raises(NothingFound):
        ACTIVE({}, emulator)


def inventory(emulator: Emulator) -> tuple[object, ...]:
    """The resources that a deployment creates first, in several services."""
    return (
        emulator.client("s3").list_buckets()["Buckets"],
        emulator.client("ssm").describe_parameters()["Parameters"],
        emulator.client("sesv2").list_email_identities()["EmailIdentities"],
        emulator.client("sns").list_topics()["Topics"],
        emulator.client("iam").list_roles()["Roles"],
    )


def test_a_program_that_would_take_anothers_place_is_stopped_with_both_ways_out(
    emulator: Emulator,
) -> None:
    ses = emulator.client("ses")
    ses.create_receipt_rule_set(RuleSetName="theirs")
    ses.set_active_receipt_rule_set(RuleSetName="theirs")
    try:
        before = inventory(emulator)
        with pytest.raises(DeployError) as raised:
            deploy(emulator, load_config(PROGRAM.parent))
        assert inventory(emulator) == before
        assert "the receipt rule set theirs is active" in str(raised.value)
        assert "existingRuleSetName" in str(raised.value)
        assert "replaceActiveRuleSet" in str(raised.value)
        assert ACTIVE({}, emulator)["ruleSetName"] == "theirs"
    finally:
        ses.set_active_receipt_rule_set()


def test_a_zone_is_known_by_its_id(emulator: Emulator, zone: str) -> None:
    look = LOOKUPS["aws:route53/getZone:getZone"]
    assert look({"zoneId": zone}, emulator)["name"] == ZONE
    with pytest.raises(NothingFound, match="Hosted Zone"):
        look({"zoneId": "Z000000000000"}, emulator)


def test_the_records_of_a_zone_are_reported(emulator: Emulator, zone: str) -> None:
    name = f"{unique()}.{ZONE}"
    inputs = {"zoneId": zone, "name": name, "type": "TXT", "ttl": 60, "records": ["v=spf1 -all"]}
    create(emulator, "aws:route53/record:Record", inputs)
    found = LOOKUPS["aws:route53/getRecords:getRecords"]({"zoneId": zone}, emulator)
    (record,) = (one for one in found["resourceRecordSets"] if one["name"] == f"{name}.")
    assert (record["type"], record["resourceRecords"]) == ("TXT", [{"value": '"v=spf1 -all"'}])


def test_parameters_and_identities_are_reported_and_that_there_are_none(
    emulator: Emulator,
) -> None:
    name, domain = f"/some/{unique()}", f"{unique()}.example"
    parameter = LOOKUPS["aws:ssm/getParameter:getParameter"]
    identity = LOOKUPS["aws:sesv2/getEmailIdentity:getEmailIdentity"]
    for look, arguments in ((parameter, {"name": name}), (identity, {"emailIdentity": domain})):
        with pytest.raises(NothingFound, match="couldn't find resource"):
            look(arguments, emulator)
    emulator.client("ssm").put_parameter(Name=name, Type="String", Value="it")
    emulator.client("sesv2").create_email_identity(EmailIdentity=domain)
    assert parameter({"name": name}, emulator)["value"] == "it"
    assert identity({"emailIdentity": domain}, emulator)["verifiedForSendingStatus"] is True


def test_a_quota_is_aws_default(emulator: Emulator) -> None:
    look = LOOKUPS["aws:servicequotas/getServiceQuota:getServiceQuota"]
    found = look({"serviceCode": "lambda", "quotaCode": "L-B99A9384"}, emulator)
    assert found["value"] == 1000
    with pytest.raises(NothingFound):
        look({"serviceCode": "lambda", "quotaCode": "L-0"}, emulator)


# --- The active rule set ------------------------------------------------------------------------

ACTIVATION = "pulumi-python:dynamic/ses:Activation"


def test_the_programs_own_provider_makes_a_set_active(emulator: Emulator) -> None:
    ses, name = emulator.client("ses"), f"rules-{unique()}"
    ses.create_receipt_rule_set(RuleSetName=name)
    provider = base64.b64encode(dill.dumps(ActivationProvider())).decode()
    inputs = {"ruleSetName": name, "isOwn": True, "account": emulator.account_id}
    try:
        made = create(emulator, ACTIVATION, {**inputs, "__provider": provider})
        assert made.outputs == inputs
        assert ACTIVE({}, emulator)["ruleSetName"] == name
    finally:
        ses.set_active_receipt_rule_set()


def test_parameters_are_found_by_the_path_right_above_them(emulator: Emulator) -> None:
    by_path = LOOKUPS["aws:ssm/getParametersByPath:getParametersByPath"]
    path = f"/{uuid.uuid4()}"
    assert [] == by_path({"path": path}, emulator)["names"]
    for name in (path, f"{path}/a", f"{path}/b", f"{path}/b/c"):
        emulator.client("ssm").put_parameter(Name=name, Type="String", Value="it")
    assert [f"{path}/a", f"{path}/b"] == by_path({"path": path}, emulator)["names"]
