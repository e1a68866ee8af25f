"""Which DNS records a deployment writes into the zone, and which the operator publishes.

A pure function, like `account_plan`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from infra.configuration.config import StackConfig
from infra.mail.dns import RecordSet, is_in_zone
from infra.mail.identities import MailRecordsArgs, mail_records

from .lookup import Found, Zone
from .shared_resources import Holdings


def records_of(config: StackConfig, domains: Collection[str]) -> MailRecordsArgs:
    """The stack's DNS records, if it creates identities of `domains`."""
    return MailRecordsArgs(
        region=config.region,
        sender_domain=config.sender_domain,
        inbound_domains=config.inbound_domains,
        has_mail_from=config.sender_domain in domains,
        dmarc_policy=config.dmarc_policy,
        dmarc_report_emails=config.dmarc_report_emails,
    )


def writable(args: MailRecordsArgs, zone: Zone | None) -> tuple[RecordSet, ...]:
    """The records whose names are in the zone."""
    if zone is None:
        return ()
    return tuple(record for record in mail_records(args) if is_in_zone(record.domain, zone.name))


def plan_records(
    config: StackConfig, found: Found, before: Holdings, domains: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of the records to write, and the warnings."""
    zone, args = found.zone, records_of(config, domains)
    if zone is None:
        return (), _warnings_of_lost_zone(before)
    # If hostedZoneId changed, the stack's records are in the old zone. If that deployment failed,
    # they are still there, and the key can be changed back.
    own = before.records_in(config.hosted_zone_id)
    written, warnings = [], []
    for record in writable(args, zone):
        present = _present(zone.records, record)
        if record.key in own or not present:
            written.append(record.key)
        elif set(present) != set(map(str, record.values)):
            warnings.append(_warning_of(record, present))
    names = {*domains, *(record.domain for record in mail_records(args))}
    if outside := {name for name in names if not is_in_zone(name, zone.name)}:
        warnings.append(
            f"hostedZoneId is the zone {zone.name}, which cannot hold records of"
            f" {', '.join(sorted(outside))}: publish those by hand, as the stack's output"
            " dnsRecords lists them."
        )
    if config.hosted_zone_id is None:
        warnings.append(
            f"hostedZoneId is left out, but this stack has written records to the zone"
            f" {zone.name}: it keeps them, because mail stops without them"
        )
    return tuple(written), tuple(warnings)


def former_records(
    config: StackConfig, found: Found, before: Holdings
) -> tuple[str | None, tuple[str, ...]]:
    """The zone that this deployment leaves, or a failed one has left, and its records' keys."""
    if config.hosted_zone_id not in {None, before.zone}:
        return before.zone, before.records
    if found.former_zone is None:
        return None, ()
    names = {str(one.name).lower() for one in mail_records(records_of(config, before.domains))}
    names.update(before.download_domains)
    is_empty = not any(name in names for name, _ in found.former_zone.records)
    if found.former_zone.is_read and is_empty:
        return None, ()
    return before.former_zone, before.former_records


def _warnings_of_lost_zone(before: Holdings) -> tuple[str, ...]:
    if before.zone is None:
        return ()
    warnings = (
        f"this stack has written its records to the zone {before.zone}, which Route 53 no longer"
        " has: the stack drops them from its list. Publish the stack's output dnsRecords where the"
        " domains are now, or set hostedZoneId"
    )
    return (warnings,)


def _present(
    records: Mapping[tuple[str, str], tuple[str, ...]], record: RecordSet
) -> tuple[str, ...]:
    name = str(record.name).lower()
    return records.get((name, record.type)) or records.get((name, "CNAME")) or ()


_MERGE = {
    "MX": "mail to it goes elsewhere: set the record to this value, or choose another domain",
    "TXT": "check whether the existing value means the same, and merge the two by hand if not",
}


def _warning_of(record: RecordSet, present: tuple[str, ...]) -> str:
    return (
        f"the zone has a record {record.type} of {record.name} already, which is left as it is:"
        f" {' | '.join(present)}. This stack would write {' | '.join(map(str, record.values))};"
        f" {_MERGE[record.type]}"
    )
