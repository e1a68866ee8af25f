"""Route 53: records in an existing zone.

Like the provider, this puts text values in quotes (a value with `""` is two strings). Route 53
refuses a name outside its zone, and the creation of a record that exists. The emulator accepts
both, so both are checked here.
"""

from __future__ import annotations

from typing import Any

from .declared import Account, Created, Creator, DeclarationError, Declared

_TEXT = {"TXT", "SPF"}


def record(declared: Declared, account: Account) -> Created:
    """`aws.route53.Record` with simple routing, or an alias."""
    route53 = account.client("route53")
    zone, name, type_ = (declared.require(key) for key in ("zoneId", "name", "type"))
    zone_name = str(route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"]).rstrip(".")
    full_name = name.rstrip(".")
    if full_name != zone_name and not full_name.endswith(f".{zone_name}"):
        raise DeclarationError(
            f"InvalidChangeBatch: RRSet with DNS name {full_name}. is not permitted in zone"
            f" {zone_name}."
        )
    overwrite = declared.get("allowOverwrite", False)
    if not overwrite and find_record(account, declared):
        raise DeclarationError(
            f"InvalidChangeBatch: Tried to create resource record set [name='{full_name}.',"
            f" type='{type_}'] but it already exists"
        )
    change_record(account, "UPSERT" if overwrite else "CREATE", declared)
    return Created(f"{zone}_{full_name}_{type_}", {"fqdn": full_name})


def find_record(account: Account, declared: Declared) -> bool:
    """Whether a record of the declared name and type exists."""
    wanted = (declared.require("name").rstrip("."), declared.require("type"))
    present = account.client("route53").list_resource_record_sets(
        HostedZoneId=declared.require("zoneId"),
        StartRecordName=wanted[0],
        StartRecordType=wanted[1],
    )["ResourceRecordSets"]
    return any((one["Name"].rstrip("."), one["Type"]) == wanted for one in present)


def change_record(account: Account, action: str, declared: Declared) -> None:
    """Create the declared record, overwrite it (UPSERT) or delete it, by `action`."""
    record_set = {
        "Name": declared.require("name").rstrip("."),
        "Type": declared.require("type"),
        **_content(declared),
    }
    account.client("route53").change_resource_record_sets(
        HostedZoneId=declared.require("zoneId"),
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record_set}]},
    )


def _content(declared: Declared) -> dict[str, Any]:
    for alias in declared.blocks("aliases"):
        return {
            "AliasTarget": {
                "DNSName": alias.require("name"),
                "HostedZoneId": alias.require("zoneId"),
                "EvaluateTargetHealth": alias.require("evaluateTargetHealth"),
            }
        }
    is_text = declared.require("type") in _TEXT
    values = [f'"{value}"' if is_text else value for value in declared.require("records")]
    return {
        "TTL": int(declared.require("ttl")),
        "ResourceRecords": [{"Value": value} for value in values],
    }


CREATORS: dict[str, Creator] = {"aws:route53/record:Record": record}
