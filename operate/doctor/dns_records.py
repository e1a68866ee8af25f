"""The DNS records of the stack's domains, as resolvers see them.

The records that SES needs are in the stack's output `dnsRecords`. A resolver caches the answers of
the domain's servers: a new record is visible once the cached answer expires.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .verdicts import Verdict, problem, problems_or_ok, unknown, warning

if TYPE_CHECKING:  # one knows the other
    from .checks import CheckContext

Answer = Sequence[str] | None
"""The values of a name and type; empty if there is no such name. None: no server answered."""

Resolver = Callable[[str, str], Answer]
"""Queries a name and a type. Names have no final dot; the strings of a TXT record are joined."""

# a mechanism that lets SES send, and none that forbids it (RFC 7208 section 4.6.2)
_INCLUDES_SES = re.compile(r"(?:^|\s)\+?include:amazonses\.com(?=\s|$)", re.IGNORECASE)

_PUBLISH = "publish it as 'pulumi stack output dnsZoneFile' shows it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The expected values of a name and type, and those that are published; `seen` as `Answer`."""

    name: str
    type: str
    wanted: tuple[str, ...]
    seen: Answer


def kind_of(record: Mapping[str, str]) -> str:
    """The check that a record of the output belongs to."""
    name, type_, value = record["name"], record["type"], record["value"]
    if name.startswith("_dmarc."):
        return "dns-dmarc"
    if type_ == "CNAME":
        return "dns-dkim"
    # SES receives bounces at another host than mail (`infra.identities`).
    if type_ == "TXT" or "feedback-smtp." in value:
        return "dns-mail-from"
    return "dns-mx"


def read(kind: str) -> Callable[[CheckContext], list[Published] | None]:
    """Reads the records of one kind; None where there is no DNS to ask."""

    def read_kind(context: CheckContext) -> list[Published] | None:
        wanted: dict[tuple[str, str], list[str]] = {}
        for record in context.outputs.dns_records:
            if kind_of(record) == kind:
                wanted.setdefault((record["name"], record["type"]), []).append(record["value"])
        if context.resolve is None:
            return None
        return [
            Published(
                name=name, type=type_, wanted=tuple(values), seen=context.resolve(name, type_)
            )
            for (name, type_), values in wanted.items()
        ]

    return read_kind


_Judge = Callable[[Published], Iterable[Verdict]]


def judge_mx(records: Sequence[Published] | None) -> Iterable[Verdict]:
    """Mail to the inbound domain must go to SES."""
    return _judged(records, "the MX record of the inbound domain points to SES", _mx)


def judge_dkim(records: Sequence[Published] | None) -> Iterable[Verdict]:
    """SES verifies a domain by these records, and signs with their keys."""
    return _judged(records, "the DKIM keys are published", _dkim)


def judge_mail_from(records: Sequence[Published] | None) -> Iterable[Verdict]:
    """Without these records SES sends with a reverse-path of its own."""
    return _judged(records, "the MAIL FROM domain has its MX and SPF records", _mail_from)


def judge_dmarc(records: Sequence[Published] | None) -> Iterable[Verdict]:
    """Any DMARC record is accepted: a domain's owner may set a stricter policy than the stack."""
    return _judged(records, "the DMARC records are published", _dmarc)


def _judged(
    records: Sequence[Published] | None, otherwise: str, judge: _Judge
) -> Iterable[Verdict]:
    if records is None:
        return (
            unknown(
                "not checked: the domains of a sandbox are not in the DNS",
                "give a DNS server that has them: --dns 127.0.0.1:PORT",
            ),
        )
    if not records:
        return ()
    return problems_or_ok(
        (verdict for one in records for verdict in _unanswered(one) or judge(one)), otherwise
    )


def _unanswered(one: Published) -> tuple[Verdict, ...]:
    if one.seen is not None:
        return ()
    return (
        unknown(
            f"{one.name} {one.type}: no DNS server answered",
            "run it again, or name another resolver: --dns 1.1.1.1",
        ),
    )


def _mx(one: Published) -> Iterator[Verdict]:
    seen, wanted = _folded(one.seen), _folded(one.wanted)
    if not wanted & seen:
        yield problem(
            f"{one.name} MX: expected {', '.join(one.wanted)}, found {_shown(one.seen)}: SES"
            " receives no mail for this domain",
            _PUBLISH,
        )
        return
    ours = min(map(_preference, wanted & seen))
    others = sorted(value for value in seen - wanted if _preference(value) <= ours)
    if others:
        yield problem(
            f"{one.name} MX: {', '.join(others)} has priority over SES's record, or the same:"
            " mail goes there",
            "remove that record, or give it a higher preference number than SES's",
        )


def _dkim(one: Published) -> Iterator[Verdict]:
    if not _folded(one.wanted) & _folded(one.seen):
        yield problem(
            f"{one.name} CNAME: expected {', '.join(one.wanted)}, found {_shown(one.seen)}: SES"
            " does not verify the domain, or its signatures cannot be checked",
            _PUBLISH,
        )


def _mail_from(one: Published) -> Iterator[Verdict]:
    seen = _folded(one.seen)
    if one.type == "TXT":
        policies = [value for value in seen if value.startswith("v=spf1")]
        if len(policies) > 1:
            # RFC 7208 section 4.5: more than one is an error, whatever their content.
            yield warning(
                f"{one.name} TXT: {len(policies)} SPF records, but a domain must have one only:"
                " receivers ignore all of them",
                "keep only one, which includes amazonses.com",
            )
        elif not any(_INCLUDES_SES.search(value) for value in policies):
            yield warning(
                f"{one.name} TXT: expected an SPF record that includes amazonses.com, found"
                f" {_shown(one.seen)}",
                _PUBLISH,
            )
    elif not _folded(one.wanted) & seen:
        yield warning(
            f"{one.name} MX: expected {', '.join(one.wanted)}, found {_shown(one.seen)}: SES"
            " sends with a reverse-path of its own",
            _PUBLISH,
        )
    elif len(seen) > 1:
        # SES guide, "Using a custom MAIL FROM domain": exactly one MX record.
        yield warning(
            f"{one.name} MX: found {_shown(one.seen)}: SES accepts no MX record there except its"
            " own",
            "keep only SES's record",
        )


def _dmarc(one: Published) -> Iterator[Verdict]:
    # RFC 7489 section 6.6.3: other texts at this name are left out.
    found = [value for value in one.seen or () if value.lower().startswith("v=dmarc1")]
    if len(found) != 1:
        said = (
            f"{len(found)} DMARC records: receivers use none of them"
            if found
            else "no DMARC record"
        )
        yield warning(f"{one.name} TXT: {said}", _PUBLISH)


def _folded(values: Iterable[str] | None) -> set[str]:
    # Names are compared without regard to case (RFC 4343), and so are the parts of texts.
    return {" ".join(value.lower().rstrip(".").split()) for value in values or ()}


def _preference(value: str) -> int:
    return int(value.partition(" ")[0])


def _shown(seen: Answer) -> str:
    return ", ".join(sorted(seen)) if seen else "none"
