"""Checks whether the domain of the links can be made in the zone, and warns of its changes.

Pure functions, as `account_plan` is. Records of the domain that another system has published are
never overwritten. So the stack lists the domains whose records it has made. A domain stays on the
list as long as the zone has its records: a deployment that changes the domain can fail, and the
next one may restore the old domain.
"""

from __future__ import annotations

from infra.configuration.config import StackConfig
from infra.mail.dns import is_in_zone

from .lookup import Zone
from .shared_resources import Holdings

_ADDRESSES = ("A", "AAAA", "CNAME")


def domain_problem(config: StackConfig, zone: Zone | None, before: Holdings) -> str | None:
    """Why the zone cannot have downloadDomain, and the remedy; None if it can or none is set."""
    domain = config.download_domain
    if domain is None or zone is None:
        return None
    if not is_in_zone(domain, zone.name):
        return (
            f"downloadDomain is {domain}, which is not in the zone {zone.name} of hostedZoneId:"
            " choose a name in that zone."
        )
    is_own = domain in before.download_domains and before.is_own_zone(config.hosted_zone_id)
    if (present := _records(domain, zone)) and not is_own:
        return (
            f"the zone {zone.name} has records of {domain} already ({', '.join(present)}), which"
            " this stack has not made: delete them if nothing needs them, or set downloadDomain to"
            " another name."
        )
    return None


def listed_domains(config: StackConfig, zone: Zone | None, before: Holdings) -> tuple[str, ...]:
    """The domains whose records the stack owns after this deployment."""
    wanted = [config.download_domain] if config.download_domain else []
    return tuple(dict.fromkeys([*_former(config, zone, before), *wanted]))


def domain_warnings(config: StackConfig, zone: Zone | None, before: Holdings) -> tuple[str, ...]:
    """Warnings about links that stop working if their domain is changed or removed."""
    renewal = ", and nobody can request a new one there (linkRenewal)"
    return tuple(
        f"downloadDomain is {config.download_domain or 'empty'}, but links of mail sent before"
        f" have the domain {domain}: this deployment deletes its certificate and its records, and"
        f" these links stop working{renewal if config.link_renewal else ''}. To keep them, set"
        f" downloadDomain to {domain}. 'relayctl link MESSAGE --recipient ADDRESS' prints a link"
        " that works"
        for domain in _former(config, zone, before)
    )


def _former(config: StackConfig, zone: Zone | None, before: Holdings) -> list[str]:
    if zone is None:
        return []
    # If hostedZoneId changed, their records are in the old zone, which is not read.
    is_moved = config.hosted_zone_id not in {None, before.zone}
    return [
        domain
        for domain in before.download_domains
        if domain != config.download_domain and (is_moved or _records(domain, zone))
    ]


def _records(domain: str, zone: Zone) -> list[str]:
    return [type_ for type_ in _ADDRESSES if (domain, type_) in zone.records]
