"""Route 53: records in a zone that is there already.

The provider does what the API asks for and its users need not know: it puts text in quotes (a
value that holds `""` is of two strings). Route 53 refuses a name that is not of its zone and, when
a record is to be created, one that is there; the emulator takes both, so both are looked at here.
"""

from __future__ import annotations

from .declared import Account, Created, Creator, DeclarationError, Declared

_TEXT = {"TXT", "SPF"}


def record(declared: Declared, account: Account) -> Created:
    """`aws.route53.Record` of the simple kind."""
    route53 = account.client("route53")
    zone, name, type_ = (declared.require(key) for key in ("zoneId", "name", "type"))
    zone_name = str(route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"]).rstrip(".")
    full_name = name.rstrip(".")
    if full_name != zone_name and not full_name.endswith(f".{zone_name}"):
        raise DeclarationError(
            f"InvalidChangeBatch: RRSet with DNS name {full_name}. is not permitted in zone"
            f" {zone_name}."
        )
    values = [f'"{v}"' if type_ in _TEXT else v for v in declared.require("records")]
    overwrite = declared.get("allowOverwrite", False)
    present = route53.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName=full_name, StartRecordType=type_
    )["ResourceRecordSets"]
    if not overwrite and any(
        (one["Name"].rstrip("."), one["Type"]) == (full_name, type_) for one in present
    ):
        raise DeclarationError(
            f"InvalidChangeBatch: Tried to create resource record set [name='{full_name}.',"
            f" type='{type_}'] but it already exists"
        )
    route53.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "UPSERT" if overwrite else "CREATE",
                    "ResourceRecordSet": {
                        "Name": full_name,
                        "Type": type_,
                        "TTL": declared.require("ttl"),
                        "ResourceRecords": [{"Value": value} for value in values],
                    },
                }
            ]
        },
    )
    return Created(f"{zone}_{full_name}_{type_}", {"fqdn": full_name})


CREATORS: dict[str, Creator] = {"aws:route53/record:Record": record}
