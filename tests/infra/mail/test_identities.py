"""The domains for sending and receiving, and their DNS records."""

from __future__ import annotations

import pytest

from infra.mail.dns import is_in_zone
from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ZONE
from tests.infra.program import Deployment

MAIL_FROM = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"
RECORD = "aws:route53/record:Record"
FEEDBACK = "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"


def test_both_domains_are_identities(dev: Deployment) -> None:
    found = {one.inputs["emailIdentity"] for one in dev.all(IDENTITY)}
    assert found == {"mail.example.com", "in.example.com"}


def test_one_domain_for_both_is_one_identity(deploy: Deploy) -> None:
    stack = deploy(senderEmail="relay@Example.com", recipientEmail="hidden@example.com")
    assert [one.inputs["emailIdentity"] for one in stack.all(IDENTITY)] == ["example.com"]


def test_a_previous_address_in_another_domain_keeps_its_identity_and_records(
    deploy: Deploy,
) -> None:
    stack = deploy(previousRecipientEmails=["a@old.example.com", "b@in.example.com"])
    found = {one.inputs["emailIdentity"] for one in stack.all(IDENTITY)}
    assert found == {"mail.example.com", "in.example.com", "old.example.com"}
    records = {(one["name"], one["type"]) for one in stack.exports["dnsRecords"]}
    assert {("old.example.com", "MX"), ("_dmarc.old.example.com", "TXT")} <= records
    assert {("in.example.com", "MX"), ("_dmarc.in.example.com", "TXT")} <= records


def test_domains_that_are_verified_already_are_left_alone(deploy: Deploy) -> None:
    stack = deploy(createIdentities=False)
    for type_ in (IDENTITY, MAIL_FROM, FEEDBACK):
        assert stack.all(type_) == ()
    assert {record["type"] for record in stack.exports["dnsRecords"]} == {"MX", "TXT"}


def test_the_records_to_publish_are_reported(dev: Deployment) -> None:
    dkim = [
        {
            "name": f"token{number}._domainkey.{domain}",
            "type": "CNAME",
            "value": f"token{number}.dkim.amazonses.com",
        }
        for domain in ("mail.example.com", "in.example.com")
        for number in (1, 2, 3)
    ]
    assert dev.exports["dnsRecords"] == [
        {
            "name": "in.example.com",
            "type": "MX",
            "value": "10 inbound-smtp.eu-central-1.amazonaws.com",
        },
        {"name": "_dmarc.mail.example.com", "type": "TXT", "value": "v=DMARC1; p=none"},
        {"name": "_dmarc.in.example.com", "type": "TXT", "value": "v=DMARC1; p=quarantine"},
        {
            "name": "bounce.mail.example.com",
            "type": "MX",
            "value": "10 feedback-smtp.eu-central-1.amazonses.com",
        },
        {
            "name": "bounce.mail.example.com",
            "type": "TXT",
            "value": "v=spf1 include:amazonses.com ~all",
        },
        *dkim,
    ]


def test_there_is_no_spf_record_where_it_is_not_evaluated(every: Deployment) -> None:
    # With an existing record, a second one makes both invalid (RFC 7208 section 4.5).
    spf = {record["name"] for record in every.exports["dnsRecords"] if "v=spf1" in record["value"]}
    assert spf == {"bounce.mail.example.com"}


def test_dmarc_asks_for_what_is_configured_and_reports_to_whom_it_says(deploy: Deploy) -> None:
    stack = deploy(
        dmarcPolicy="quarantine", dmarcReportEmails=["dmarc@example.com", "a!b@example.com"]
    )
    (value,) = (
        record["value"]
        for record in stack.exports["dnsRecords"]
        if record["name"] == "_dmarc.mail.example.com"
    )
    assert value == (
        "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com,mailto:a%21b@example.com"
    )


def test_mail_leaves_with_a_reverse_path_of_ours_and_goes_out_without_it_too(
    dev: Deployment,
) -> None:
    assert dev.one(MAIL_FROM).inputs == {
        "emailIdentity": "mail.example.com",
        "mailFromDomain": "bounce.mail.example.com",
        "behaviorOnMxFailure": "USE_DEFAULT_VALUE",
    }


def test_bounces_are_not_forwarded_to_the_sender_by_mail(dev: Deployment) -> None:
    assert [one.inputs for one in dev.all(FEEDBACK)] == [
        {"emailIdentity": domain, "emailForwardingEnabled": False}
        for domain in ("in.example.com", "mail.example.com")
    ]


def test_a_destroy_that_a_bucket_stops_has_not_come_to_the_identities(every: Deployment) -> None:
    # Pulumi deletes a resource's dependents first.
    identities = {one.urn for one in every.all(IDENTITY)}
    assert identities
    for bucket in every.all("aws:s3/bucket:Bucket"):
        assert identities <= every.waits_for(bucket)


@pytest.mark.parametrize("inbound", ["devices@in.example.com", "devices@mail.example.com"])
def test_what_is_written_is_what_is_reported_once_for_each_name_and_type(
    deploy: Deploy, inbound: str
) -> None:
    stack = deploy(linkMode="page", hostedZoneId="Z123", recipientEmail=inbound)
    written = [
        (one.inputs["name"], one.inputs["type"], one.inputs["records"])
        for one in stack.all(RECORD)
    ]
    assert sorted((n, t, v) for n, t, values in written for v in values) == sorted(
        (record["name"], record["type"], record["value"]) for record in stack.exports["dnsRecords"]
    )
    assert len({(name, type_) for name, type_, _ in written}) == len(written)
    for one in stack.all(RECORD):
        assert (one.inputs["zoneId"], one.inputs["allowOverwrite"]) == ("Z123", False)
        assert one.inputs["ttl"] > 0
    assert stack.warnings == ()


def test_nothing_is_written_without_a_zone(dev: Deployment) -> None:
    assert dev.all(RECORD) == ()


def test_what_is_not_in_the_zone_is_warned_about_and_left_out(deploy: Deploy) -> None:
    stack = deploy(linkMode="page", hostedZoneId="Z123", recipientEmail="devices@in.plant.example")
    names = {one.inputs["name"] for one in stack.all(RECORD)}
    assert names
    assert all(is_in_zone(name, ZONE) for name in names)
    (warning,) = stack.warnings
    assert warning.startswith("hostedZoneId is the zone example.com, which cannot hold records of")
    assert " _dmarc.in.plant.example, in.plant.example: publish" in warning
    assert "in.plant.example" in {record["name"] for record in stack.exports["dnsRecords"]}


def test_jakartas_keys_stand_under_a_domain_of_their_own(deploy: Deploy) -> None:
    records = deploy(**{"aws:region": "ap-southeast-3"}).exports["dnsRecords"]
    values = {record["value"] for record in records if record["type"] == "CNAME"}
    assert values == {f"token{n}.dkim.ap-southeast-3.amazonses.com" for n in (1, 2, 3)}
