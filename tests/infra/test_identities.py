"""The domains that mail comes from and goes to, and the records that make them work."""

from __future__ import annotations

from tests.infra.conftest import Deploy
from tests.infra.program import Deployment

IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"


def test_both_domains_are_identities(dev: Deployment) -> None:
    found = {one.inputs["emailIdentity"] for one in dev.all(IDENTITY)}
    assert found == {"mail.example.com", "in.example.com"}


def test_one_domain_for_both_is_one_identity(deploy: Deploy) -> None:
    stack = deploy(senderEmail="relay@Example.com", recipientEmail="hidden@example.com")
    assert [one.inputs["emailIdentity"] for one in stack.all(IDENTITY)] == ["example.com"]


def test_domains_that_are_verified_already_are_left_alone(deploy: Deploy) -> None:
    stack = deploy(createIdentities=False)
    assert stack.all(IDENTITY) == ()
    assert {record["type"] for record in stack.exports["dnsRecords"]} == {"MX", "TXT"}


def test_the_records_to_publish_are_told(dev: Deployment) -> None:
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
        {"name": "mail.example.com", "type": "TXT", "value": "v=spf1 include:amazonses.com ~all"},
        {"name": "_dmarc.mail.example.com", "type": "TXT", "value": "v=DMARC1; p=quarantine"},
        *dkim,
    ]


def test_jakartas_keys_stand_under_a_domain_of_their_own(deploy: Deploy) -> None:
    records = deploy(**{"aws:region": "ap-southeast-3"}).exports["dnsRecords"]
    values = {record["value"] for record in records if record["type"] == "CNAME"}
    assert values == {f"token{n}.dkim.ap-southeast-3.amazonses.com" for n in (1, 2, 3)}
