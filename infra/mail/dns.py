"""The DNS records to publish, as text to paste and in Route 53.

A record here is a record set (RFC 2181 section 5): all values of one name and type. Route 53 uses
record sets only, and refuses a second set of the same name and type.

Values have no quotes. Each output adds its own: a zone file quotes text and ends absolute names
with a dot (RFC 1035 section 5.1). Route 53 quotes text too, which its provider does by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

TTL_SECONDS = 3600
"""How long resolvers cache a record: these records hardly ever change."""

_MAX_STRING_LENGTH = 255  # bytes of one string of a TXT record (RFC 1035 section 3.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    """The values of one name and type.

    `key` identifies it in a stack before its name is known. `domain` is the name, or the end of a
    name that is not known yet.
    """

    key: str
    domain: str
    name: pulumi.Input[str]
    type: str
    values: tuple[pulumi.Input[str], ...]


def known(name: str, type_: str, value: str) -> RecordSet:
    """A record set of one value, with a known name."""
    key = f"{name}-{type_.lower()}"
    return RecordSet(key=key, domain=name, name=name, type=type_, values=(value,))


def joined(records: Iterable[RecordSet]) -> tuple[RecordSet, ...]:
    """The same records, with one set for each key; a repeated value counts once."""
    sets: dict[str, RecordSet] = {}
    for record in records:
        before = sets.get(record.key)
        values = (*(before.values if before else ()), *record.values)
        sets[record.key] = replace(record, values=tuple(dict.fromkeys(values)))
    return tuple(sets.values())


def listed(records: Sequence[RecordSet]) -> pulumi.Output[list[Mapping[str, str]]]:
    """`name`, `type` and `value` of each value, to be entered by hand."""

    def write(found: Sequence[Sequence[str]]) -> list[Mapping[str, str]]:
        return [
            {"name": name, "type": record.type, "value": value}
            for record, (name, *values) in zip(records, found, strict=True)
            for value in values
        ]

    return pulumi.Output.all(
        *(pulumi.Output.all(record.name, *record.values) for record in records)
    ).apply(write)


def zone_file(listed_records: Sequence[Mapping[str, str]]) -> str:
    """Records, as from `listed`, as lines of a zone file (RFC 1035 section 5)."""
    lines = (
        f"{record['name']}. {TTL_SECONDS} IN {record['type']} "
        f"{_FORMATS[record['type']](record['value'])}\n"
        for record in listed_records
    )
    return "".join(lines)


def _format_text(value: str) -> str:
    raw = value.encode()
    pieces = [
        raw[start : start + _MAX_STRING_LENGTH] for start in range(0, len(raw), _MAX_STRING_LENGTH)
    ]
    return " ".join(f'"{"".join(map(_format_byte, piece))}"' for piece in pieces)


def _format_byte(byte: int) -> str:
    character = chr(byte)
    if character in {'"', "\\"}:
        return f"\\{character}"
    return character if " " <= character <= "~" else f"\\{byte:03}"


_FORMATS = {
    "MX": lambda value: f"{value}.",
    "CNAME": lambda value: f"{value}.",
    "TXT": _format_text,
}


def is_in_zone(name: str, zone: str) -> bool:
    """Whether a name is a zone's own name, or below it."""
    return f".{name.lower()}".endswith(f".{zone.lower()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRecordsArgs:
    """The records, all with names in the zone, and the zone's id."""

    zone_id: str
    records: Sequence[RecordSet]


def record_name(name: str, zone_id: str) -> str:
    """The name of a record's resource, with its zone.

    In another zone it is another resource: the state has both until all of the new zone's are
    created, so a change of hostedZoneId that fails can be reverted. A replacement could not be:
    the old record would be deleted by whatever deployment comes next.
    """
    return f"{name}-{zone_id}"


class ZoneRecords(pulumi.ComponentResource):
    """The records in a zone of Route 53.

    An existing record set is not overwritten: the deployment ends with Route 53's error, which
    names it. Existing ones are looked up before (`infra.account.account_plan`).
    """

    def __init__(
        self, name: str, args: ZoneRecordsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:dns:ZoneRecords", name, None, opts)
        for record in args.records:
            former = f"{name}-{record.key}"
            aws.route53.Record(
                record_name(former, args.zone_id),
                zone_id=args.zone_id,
                name=record.name,
                type=record.type,
                ttl=TTL_SECONDS,
                records=list(record.values),
                allow_overwrite=False,
                opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name=former)]),
            )
        self.register_outputs({})
