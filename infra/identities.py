"""The domains that SES sends from and receives for, and the DNS records they need.

SES verifies a domain when it finds the DKIM keys under it (SES guide, "Easy DKIM"): three
CNAME records a domain. The MX record has the domain's mail delivered to SES. SPF and DMARC are
what receivers of the relay's mail look for (RFC 7208, RFC 7489); DMARC of both domains also tells
SES, which receives the devices' mail, who is not one of them.

Mail leaves with a reverse-path of our own, at `bounce.` and the sender's domain, instead of one of
amazonses.com: so SPF is checked for our domain too, and mail passes DMARC by DKIM and by SPF. SES
takes back what bounces there, so that name has an MX record of its own, and nothing else may
receive mail at it (SES guide, "Using a custom MAIL FROM domain"). As long as SES does not find
that record, it uses its own domain, and mail goes out.

A domain is an identity once in an account and region, with one reverse-path: both are declared
only where this stack makes the identities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import dns
from .aws_facts import dkim_domain, feedback_endpoint, inbound_endpoint
from .dns import RecordSet, ZoneRecords, ZoneRecordsArgs

_SPF = "v=spf1 include:amazonses.com ~all"
_DKIM_KEYS = 3  # of an Easy DKIM identity


def mail_from_domain(sender_domain: str) -> str:
    """The domain of the reverse-path of mail from `sender_domain`."""
    return f"bounce.{sender_domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDomainsArgs:
    """`create_identities` is false where the account has the domains verified already.

    `hosted_zone_id` is the zone of Route 53 that records are written to, None if they are
    published by hand.
    """

    region: str
    sender_domain: str
    inbound_domain: str
    create_identities: bool
    hosted_zone_id: str | None


class MailDomains(pulumi.ComponentResource):
    """An SES identity for each domain, and all that is to be published.

    `dns_records` lists it, `zone_file` is the same as lines of a zone file.
    """

    dns_records: pulumi.Output[list[Mapping[str, str]]]
    zone_file: pulumi.Output[str]

    def __init__(
        self, name: str, args: MailDomainsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:identities:MailDomains", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        records = [*_fixed_records(args)]
        if args.create_identities:
            identities = {
                domain: aws.sesv2.EmailIdentity(
                    f"{name}-{domain}", email_identity=domain, opts=child
                )
                for domain in dict.fromkeys((args.sender_domain, args.inbound_domain))
            }
            aws.sesv2.EmailIdentityMailFromAttributes(
                name,
                email_identity=identities[args.sender_domain].email_identity,
                mail_from_domain=mail_from_domain(args.sender_domain),
                behavior_on_mx_failure="USE_DEFAULT_VALUE",
                opts=child,
            )
            records += _mail_from_records(args)
            for domain, identity in identities.items():
                records += _dkim_records(domain, args.region, identity)
        published = dns.joined(records)
        if args.hosted_zone_id is not None:
            zone = ZoneRecordsArgs(zone_id=args.hosted_zone_id, records=published)
            ZoneRecords(name, zone, child)
        self.dns_records = dns.listed(published)
        self.zone_file = self.dns_records.apply(dns.zone_file)
        self.register_outputs({"dnsRecords": self.dns_records})


def _fixed_records(args: MailDomainsArgs) -> Iterator[RecordSet]:
    yield dns.known(args.inbound_domain, "MX", f"10 {inbound_endpoint(args.region)}")
    yield dns.known(args.sender_domain, "TXT", _SPF)
    # Devices write both addresses into From: nobody else is to pass for one of either domain.
    for domain in (args.sender_domain, args.inbound_domain):
        yield dns.known(f"_dmarc.{domain}", "TXT", "v=DMARC1; p=quarantine")


def _mail_from_records(args: MailDomainsArgs) -> Iterator[RecordSet]:
    domain = mail_from_domain(args.sender_domain)
    yield dns.known(domain, "MX", f"10 {feedback_endpoint(args.region)}")
    yield dns.known(domain, "TXT", _SPF)


def _dkim_records(
    domain: str, region: str, identity: aws.sesv2.EmailIdentity
) -> Iterator[RecordSet]:
    keys = dkim_domain(region)
    for number in range(_DKIM_KEYS):
        token = identity.dkim_signing_attributes.tokens[number]
        yield RecordSet(
            key=f"{domain}-dkim-{number + 1}",
            domain=domain,
            name=pulumi.Output.concat(token, f"._domainkey.{domain}"),
            type="CNAME",
            values=(pulumi.Output.concat(token, f".{keys}"),),
        )
