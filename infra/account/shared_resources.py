"""The stack's resources in places that others use too: SES identities, a DNS zone.

The account does not show which system created such a resource, and the program cannot read
Pulumi's state. So the stack keeps a list of them in a parameter. On a first deployment there is no
list: existing resources are not the stack's, and are left unchanged. On a later one, the resources
in the list are the stack's own.

The stack keeps what it has created until it is destroyed, even if a changed key no longer needs
it. Deleting an identity stops all sending from its domain in the account, and a new one has other
DKIM keys. Scheduling a key for deletion makes everything that it encrypted unreadable at once.
Deleting a record stops mail. Only the records of downloadDomain, which no mail needs, are deleted
with that key.

The parameter is created before the resources in it, and deleted after them, so it is complete even
after an interrupted deployment. The configuration set of the devices' mail is created after it
too: if the set exists and the list does not, the list was deleted (`infra.account.lookup`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """`domains` have SES identities that the stack created; `records` are keys of record sets.

    `zone` is the id of the zone of the records, None without records. `former_zone` is the zone
    before it, with its `former_records`, as long as it has records of the stack: the deployment
    that changed hostedZoneId has failed, or was the last one. `has_key`: whether the stack has its
    own KMS key. `download_domains` are the domains of links, current and former, whose records the
    zone has.
    """

    domains: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    zone: str | None = None
    former_zone: str | None = None
    former_records: tuple[str, ...] = ()
    has_key: bool = False
    download_domains: tuple[str, ...] = ()

    def is_own_zone(self, zone: str | None) -> bool:
        """Whether the stack has created records in a zone, by its id; None is the current one."""
        return zone in {None, self.zone, self.former_zone}

    def records_in(self, zone: str | None) -> tuple[str, ...]:
        """The keys of the records that the stack has created there."""
        if zone in {None, self.zone}:
            return self.records
        return self.former_records if zone == self.former_zone else ()


def parameter_name(project: str, stack: str) -> str:
    """The name of the parameter that lists a stack's holdings."""
    return f"/{project}/{stack}/holdings"


def format_holdings(holdings: Holdings) -> str:
    """The parameter's value: a JSON object."""
    return json.dumps(
        {
            "domains": sorted(holdings.domains),
            "records": sorted(holdings.records),
            "zone": holdings.zone,
            "formerZone": holdings.former_zone,
            "formerRecords": sorted(holdings.former_records),
            "key": holdings.has_key,
            "downloadDomains": sorted(holdings.download_domains),
        }
    )


def parse_holdings(value: str) -> Holdings:
    """Parse the output of `format_holdings`; a missing member counts as empty.

    Raises:
        ValueError: if it is something else.
    """
    document = json.loads(value)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 (the text is wrong, not a type)
    return Holdings(
        domains=_texts(document.get("domains")),
        records=_texts(document.get("records")),
        zone=document.get("zone") or None,
        former_zone=document.get("formerZone") or None,
        former_records=_texts(document.get("formerRecords")),
        has_key=bool(document.get("key")),
        download_domains=_texts(document.get("downloadDomains")),
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | None):
        raise ValueError(f"not a list: {value}")  # noqa: TRY004 (the text is wrong, not a type)
    return tuple(map(str, value or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsListArgs:
    """The list, and the parameter that it is written to."""

    parameter_name: str
    holdings: Holdings


class HoldingsList(pulumi.ComponentResource):
    """The parameter. All resources in the list depend on it."""

    def __init__(
        self, name: str, args: HoldingsListArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:holdings:HoldingsList", name, None, opts)
        self.parameter = aws.ssm.Parameter(
            name,
            name=args.parameter_name,
            type="String",
            insecure_value=format_holdings(args.holdings),
            overwrite=True,  # may have been restored by hand
            description="What this stack of the mail relay created in the account: do not edit",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
