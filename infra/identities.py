"""The domains that SES sends from and receives for, and the DNS records they need.

SES verifies a domain when it finds the DKIM keys under it (SES guide, "Easy DKIM"): three
CNAME records a domain. The MX record has the domain's mail delivered to SES. SPF and DMARC are
what receivers of the relay's mail look for (RFC 7208, RFC 7489); ours pass DMARC through DKIM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .aws_facts import dkim_domain, inbound_endpoint

DnsRecord = Mapping[str, str]
"""`name`, `type` and `value` of a record to publish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDomainsArgs:
    """`create_identities` is false where the account has the domains verified already."""

    region: str
    sender_domain: str
    inbound_domain: str
    create_identities: bool


class MailDomains(pulumi.ComponentResource):
    """An SES identity for each domain, and `dns_records`: all that is to be published."""

    dns_records: pulumi.Output[list[DnsRecord]]

    def __init__(
        self, name: str, args: MailDomainsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:identities:MailDomains", name, None, opts)
        dkim: list[pulumi.Output[list[DnsRecord]]] = []
        if args.create_identities:
            for domain in dict.fromkeys((args.sender_domain, args.inbound_domain)):
                identity = aws.sesv2.EmailIdentity(
                    f"{name}-{domain}",
                    email_identity=domain,
                    opts=pulumi.ResourceOptions(parent=self),
                )
                dkim.append(_dkim_records(domain, args.region, identity))
        self.dns_records = pulumi.Output.all(*dkim).apply(
            lambda found: [*_fixed_records(args), *(record for part in found for record in part)]
        )
        self.register_outputs({"dnsRecords": self.dns_records})


def _dkim_records(
    domain: str, region: str, identity: aws.sesv2.EmailIdentity
) -> pulumi.Output[list[DnsRecord]]:
    keys = dkim_domain(region)
    records: pulumi.Output[list[DnsRecord]] = identity.dkim_signing_attributes.tokens.apply(
        lambda tokens: [
            {
                "name": f"{token}._domainkey.{domain}",
                "type": "CNAME",
                "value": f"{token}.{keys}",
            }
            for token in tokens
        ]
    )
    return records


def _fixed_records(args: MailDomainsArgs) -> tuple[DnsRecord, ...]:
    return (
        {
            "name": args.inbound_domain,
            "type": "MX",
            "value": f"10 {inbound_endpoint(args.region)}",
        },
        {
            "name": args.sender_domain,
            "type": "TXT",
            "value": "v=spf1 include:amazonses.com ~all",
        },
        {"name": f"_dmarc.{args.sender_domain}", "type": "TXT", "value": "v=DMARC1; p=quarantine"},
    )
