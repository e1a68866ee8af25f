"""ACM: a certificate that is validated by a record in the DNS.

The emulator issues a certificate at once. AWS waits for the record, so the creator checks that the
record is in a zone of the account.
"""

from __future__ import annotations

from .declared import Account, Created, Creator, DeclarationError, Declared


def certificate(declared: Declared, account: Account) -> Created:
    """`aws.acm.Certificate` of one name."""
    client = account.client("acm")
    arn = client.request_certificate(
        DomainName=declared.require("domainName"),
        ValidationMethod=declared.require("validationMethod"),
    )["CertificateArn"]
    found = client.describe_certificate(CertificateArn=arn)["Certificate"]
    return Created(
        arn,
        {
            "arn": arn,
            "status": found["Status"],
            "domainValidationOptions": [
                {
                    "domainName": option["DomainName"],
                    "resourceRecordName": option["ResourceRecord"]["Name"],
                    "resourceRecordType": option["ResourceRecord"]["Type"],
                    "resourceRecordValue": option["ResourceRecord"]["Value"],
                }
                for option in found["DomainValidationOptions"]
            ],
        },
    )


def certificate_validation(declared: Declared, account: Account) -> Created:
    """`aws.acm.CertificateValidation`: succeeds if the certificate's records are in a zone."""
    arn = declared.require("certificateArn")
    found = account.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    declared.leave_out(
        "validationRecordFqdns", because="what is in the zones is looked at instead"
    )
    present = _records(account)
    for option in found["DomainValidationOptions"]:
        record = option["ResourceRecord"]
        wanted = (record["Name"].rstrip("."), record["Type"], record["Value"].rstrip("."))
        if wanted not in present:
            raise DeclarationError(
                f"waiting for ACM Certificate ({arn}) to be issued: no zone has the record"
                f" {' '.join(wanted)}"
            )
    return Created(str(found["IssuedAt"]))


def _records(account: Account) -> set[tuple[str, str, str]]:
    route53 = account.client("route53")
    return {
        (one["Name"].rstrip("."), one["Type"], value["Value"].rstrip("."))
        for zone in route53.list_hosted_zones()["HostedZones"]
        for page in route53.get_paginator("list_resource_record_sets").paginate(
            HostedZoneId=zone["Id"]
        )
        for one in page["ResourceRecordSets"]
        for value in one.get("ResourceRecords", ())
    }


CREATORS: dict[str, Creator] = {
    "aws:acm/certificate:Certificate": certificate,
    "aws:acm/certificateValidation:CertificateValidation": certificate_validation,
}
