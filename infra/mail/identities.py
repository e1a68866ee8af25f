"""The domains that SES sends from and receives for, and their DNS records.

SES verifies a domain when it finds the DKIM keys under it (SES guide, "Easy DKIM"): three CNAME
records a domain. The MX record directs the domain's mail to SES.

Mail is sent with a reverse-path of our own, at `bounce.` and the sender's domain, instead of one
of amazonses.com. So SPF is checked for our domain too, and mail passes DMARC by DKIM and by SPF.
SES receives the bounces there, so that name has its own MX record, and nothing else may receive
mail at it (SES guide, "Using a custom MAIL FROM domain"). While SES does not find that record, it
uses its own domain, and mail is still sent.

The sender's domain itself gets no SPF record: receivers evaluate that of the reverse-path's domain
(RFC 7208 section 2.4), and a second record beside an existing one would make both invalid (section
4.5).

A DMARC record applies to all mail from the sender's domain, from every sending system (RFC 7489
section 6.3). So the default policy is `none`. If mail is received for another domain, only devices
send from it. Its record also lets SES, which receives their mail, recognise forged senders.

A domain can be an identity only once in an account and region, with one reverse-path. Both are
declared only if this stack creates the identities. By default SES also reports bounces by mail to
the sender; that is turned off here, and the operator gets SES's events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

import pulumi
import pulumi_aws as aws

from infra.aws_facts import dkim_domain, feedback_endpoint, inbound_endpoint

from . import dns
from .dns import RecordSet, ZoneRecords, ZoneRecordsArgs

_SPF = "v=spf1 include:amazonses.com ~all"
_DMARC_OF_DEVICES = "v=DMARC1; p=quarantine"
_DKIM_KEYS = 3  # of an Easy DKIM identity


class DmarcPolicy(StrEnum):
    """The action requested of receivers for mail that fails DMARC (RFC 7489 section 6.3, `p`)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


def mail_from_domain(sender_domain: str) -> str:
    """The domain of the reverse-path of mail from `sender_domain`."""
    return f"bounce.{sender_domain}"


def covering_identities(address: str) -> tuple[str, ...]:
    """The identities by which SES may know an address, the closest first.

    They are the address, its domain, and each parent domain except the top-level one: a verified
    domain covers its subdomains (SES guide, "Verified identities").
    """
    labels = address.rpartition("@")[2].lower().split(".")
    return (address, *(".".join(labels[start:]) for start in range(len(labels) - 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRecordsArgs:
    """The values of the records whose names are known before the deployment.

    `has_mail_from`: whether the sender's domain has its own reverse-path. `dmarc_report_emails`
    get the reports of receivers.
    """

    region: str
    sender_domain: str
    inbound_domains: Sequence[str]
    has_mail_from: bool
    dmarc_policy: DmarcPolicy
    dmarc_report_emails: Sequence[str]


def mail_records(args: MailRecordsArgs) -> tuple[RecordSet, ...]:
    """Those records: MX, the reverse-path's, DMARC."""
    found = [
        *(
            dns.known(domain, "MX", f"10 {inbound_endpoint(args.region)}")
            for domain in args.inbound_domains
        ),
        dns.known(f"_dmarc.{args.sender_domain}", "TXT", _dmarc(args)),
    ]
    found += [
        # Devices also send with these domains in From, so a forged sender must not pass.
        dns.known(f"_dmarc.{domain}", "TXT", _DMARC_OF_DEVICES)
        for domain in args.inbound_domains
        if domain != args.sender_domain
    ]
    if args.has_mail_from:
        domain = mail_from_domain(args.sender_domain)
        found += [
            dns.known(domain, "MX", f"10 {feedback_endpoint(args.region)}"),
            dns.known(domain, "TXT", _SPF),
        ]
    return dns.joined(found)


def _dmarc(args: MailRecordsArgs) -> str:
    policy = f"v=DMARC1; p={args.dmarc_policy}"
    if not args.dmarc_report_emails:
        return policy
    # In a list of URIs, a comma and an exclamation mark must be encoded (section 6.4).
    return f"{policy}; rua=" + ",".join(
        f"mailto:{quote(address, safe='@+=')}" for address in args.dmarc_report_emails
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDomainsArgs:
    """Each of `domains` gets an identity; `records.sender_domain`, if among them, a reverse-path.

    `configuration_set_name` is the default set for mail from these domains. `zone_id` and
    `zone_name` are the zone of Route 53 for the records with the keys `written` and for those of
    the DKIM keys; None if all are published by hand.
    """

    domains: Sequence[str]
    records: MailRecordsArgs
    configuration_set_name: pulumi.Input[str]
    zone_id: str | None
    zone_name: str | None
    written: Sequence[str]


class MailDomains(pulumi.ComponentResource):
    """An SES identity for each domain, and all records to publish.

    `dns_records` lists them, `zone_file` is the same as lines of a zone file.
    """

    dns_records: pulumi.Output[list[Mapping[str, str]]]
    zone_file: pulumi.Output[str]
    identities: list[pulumi.Resource]

    def __init__(
        self, name: str, args: MailDomainsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:identities:MailDomains", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        sender_domain = args.records.sender_domain
        identities = {
            domain: aws.sesv2.EmailIdentity(
                f"{name}-{domain}",
                email_identity=domain,
                configuration_set_name=args.configuration_set_name,
                opts=child,
            )
            for domain in args.domains
        }
        self.identities = [*identities.values()]
        for domain, identity in identities.items():
            aws.sesv2.EmailIdentityFeedbackAttributes(
                f"{name}-{domain}",
                email_identity=identity.email_identity,
                email_forwarding_enabled=False,
                opts=child,
            )
        if sender_domain in identities:
            aws.sesv2.EmailIdentityMailFromAttributes(
                name,
                email_identity=identities[sender_domain].email_identity,
                mail_from_domain=mail_from_domain(sender_domain),
                behavior_on_mx_failure="USE_DEFAULT_VALUE",
                opts=child,
            )
        keys = [
            record
            for domain, identity in identities.items()
            for record in _dkim_records(domain, args.records.region, identity)
        ]
        known = mail_records(args.records)
        if args.zone_id is not None and args.zone_name is not None:
            zone = ZoneRecordsArgs(
                zone_id=args.zone_id,
                records=[
                    *(record for record in known if record.key in args.written),
                    *(key for key in keys if dns.is_in_zone(key.domain, args.zone_name)),
                ],
            )
            ZoneRecords(name, zone, child)
        self.dns_records = dns.listed([*known, *keys])
        self.zone_file = self.dns_records.apply(dns.zone_file)
        self.register_outputs({"dnsRecords": self.dns_records})


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
