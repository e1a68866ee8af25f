"""Plans what the deployment creates in the account, before anything is declared.

If the stack can be deployed, the plan says what it creates, what it leaves out and what it warns
about. Otherwise the error says why, and what to do. A pure function of the configuration and of
what was looked up (`infra.account.lookup`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from infra.aws_facts import RECEIVING_REGIONS
from infra.configuration.config import StackConfig
from infra.mail.inbound import RuleNames

from .download_domain import domain_problem, domain_warnings, listed_domains
from .lookup import Found
from .records import former_records, plan_records, records_of, writable
from .removals import removed_parameters, removed_smtp_users
from .shared_resources import Holdings

_UNRESERVED = 100
"""Concurrent executions that Lambda keeps for functions without a reservation of their own (AWS
Lambda guide, "Configuring reserved concurrency")."""


class CannotDeploy(pulumi.RunError):
    """The account does not allow the deployment; the text says what to do.

    As a `RunError`, Pulumi shows it without a traceback.
    """


class AnotherRuleSetIsActive(CannotDeploy):
    """Activating this stack's rule set would deactivate one that is not the stack's."""


class DomainsAreTaken(CannotDeploy):
    """Identities that the stack is configured to create exist in the account already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """The plan of the deployment.

    `holdings` is what the stack has created, or creates now, in common places. Each of
    `holdings.domains` gets an identity, and the records of `holdings.records` are written to
    `holdings.zone`, whose name is `zone_name`. `download_max_concurrency` is the number of
    requests that the page answers at once, 0 for no limit but the account's. `warnings` are
    sentences.
    """

    holdings: Holdings
    zone_name: str | None
    download_max_concurrency: int
    warnings: tuple[str, ...]


def plan_account(config: StackConfig, found: Found) -> AccountPlan:
    """The plan for a configuration in the account as it was found.

    Raises:
        CannotDeploy: if the stack cannot be deployed with this configuration in this account.
    """
    _refuse_other_credentials(found)
    _refuse_missing_zone(config, found)
    _refuse_inactive_rule_set(config, found.active_rule_set)
    before = _held_before(config, found)
    if problem := domain_problem(config, found.zone, before):
        raise CannotDeploy(problem)
    _refuse_taken_domains(config, found, before)
    wanted = config.domains if config.create_identities else ()
    domains = tuple(dict.fromkeys((*before.domains, *wanted)))
    records, record_warnings = plan_records(config, found, before, domains)
    former_zone, kept = former_records(config, found, before)
    concurrency, too_low = _concurrency(config, found)
    return AccountPlan(
        holdings=Holdings(
            domains=domains,
            records=records,
            zone=(config.hosted_zone_id or before.zone) if found.zone else None,
            former_zone=former_zone,
            former_records=kept,
            has_key=config.customer_managed_key or before.has_key,
            download_domains=listed_domains(config, found.zone, before),
        ),
        zone_name=found.zone.name if found.zone else None,
        download_max_concurrency=concurrency,
        warnings=(
            *found.warnings,
            *_warnings_of_region(config),
            *_warnings_of_rule_set(config, found),
            *_warnings_of_domains(config, found, before),
            *record_warnings,
            *domain_warnings(config, found.zone, before),
            *too_low,
            *_warnings_of_key(config, before),
            *(
                text
                for name, text in removed_parameters(config).items()
                if name in found.removed_parameters
            ),
            *removed_smtp_users(config, found.smtp_users),
        ),
    )


def _held_before(config: StackConfig, found: Found) -> Holdings:
    if found.holdings is not None or not found.is_deployed:
        return found.holdings or Holdings()
    # Releases before this one kept no list: assume what the configuration says was created.
    return Holdings(
        domains=config.domains if config.create_identities else (),
        records=tuple(
            record.key for record in writable(records_of(config, config.domains), found.zone)
        ),
        zone=config.hosted_zone_id,
        has_key=config.customer_managed_key,
    )


def _refuse_other_credentials(found: Found) -> None:
    if found.accounts and found.accounts.of_provider != found.accounts.of_boto3:
        raise CannotDeploy(
            f"Pulumi assumes a role in account {found.accounts.of_provider}, but boto3, which"
            " activates the receipt rule set, has credentials of account"
            f" {found.accounts.of_boto3}: assume the role before the deployment (AWS_PROFILE, or"
            " the AWS_ variables) instead of with aws:assumeRoles."
        )


def _refuse_missing_zone(config: StackConfig, found: Found) -> None:
    if config.hosted_zone_id is not None and found.zone is None:
        raise CannotDeploy(
            f"hostedZoneId is {config.hosted_zone_id}, and Route 53 has no such zone: set it to"
            " the zone that has the domains, or leave it out and publish the stack's output"
            " dnsRecords by hand."
        )


# --- The active rule set ------------------------------------------------------------------------


def _refuse_inactive_rule_set(config: StackConfig, active: str | None) -> None:
    wanted = _rule_set(config)
    if config.existing_rule_set_name and not config.activate_rule_set and active == config.prefix:
        raise CannotDeploy(
            f"the receipt rule set {active} of this stack is active. With existingRuleSetName"
            f" {wanted} and activateRuleSet false, no rule set would be active and SES would"
            f" refuse all mail: set activateRuleSet to true, and {wanted} replaces it in one step."
        )
    if (
        config.activate_rule_set
        and not config.replace_active_rule_set
        and active not in {None, wanted, config.prefix}
    ):
        raise AnotherRuleSetIsActive(
            f"the receipt rule set {active} is active in this account and region, and activating"
            f" {wanted} would stop the mail that it receives. Either set existingRuleSetName to"
            f" {active} and activateRuleSet to false, and this stack's rule is added to it; or set"
            " replaceActiveRuleSet to true, if it is not needed any more."
        )


def _rule_set(config: StackConfig) -> str:
    return RuleNames.choose(
        prefix=config.prefix, existing_rule_set=config.existing_rule_set_name
    ).rule_set


def _warnings_of_rule_set(config: StackConfig, found: Found) -> Iterator[str]:
    wanted, active = _rule_set(config), found.active_rule_set
    is_active = (
        f"the receipt rule set {active} is active in this account and region"
        if active
        else "no receipt rule set is active in this account and region"
    )
    if config.activate_rule_set:
        if found.is_deployed and active not in {wanted, config.prefix}:
            yield (
                f"{is_active} instead of this stack's {wanted}: it was changed outside of"
                " Pulumi, and SES receives no mail for the relay. This deployment activates"
                f" {wanted} again"
            )
    elif config.existing_rule_set_name:
        if active != wanted:
            yield (
                f"existingRuleSetName is {wanted}, but {is_active}: until {wanted} is activated,"
                " SES receives no mail for the relay"
            )
    elif active == wanted:
        yield (
            f"activateRuleSet is false, and the receipt rule set {wanted} of this stack is active:"
            " this deployment deactivates it, and SES refuses all mail of this region from then on"
        )
    else:
        yield (
            f"activateRuleSet is false, and {is_active}: until this stack's {wanted} is activated,"
            " SES receives no mail for the relay, and no alarm reports that"
        )
    if config.existing_rule_set_name and config.existing_rule_set_name.startswith(
        f"{config.project}-"
    ):
        yield (
            f"existingRuleSetName is {wanted}, which looks like another stack's rule set: when"
            " that stack is destroyed, the set is deleted with this stack's rule in it"
        )


def _warnings_of_region(config: StackConfig) -> Iterator[str]:
    if config.region not in RECEIVING_REGIONS:
        yield (
            f"aws:region is {config.region}, which is not on this release's list of regions"
            " where SES receives mail: if the deployment fails at the receipt rule set, choose"
            " one of " + ", ".join(sorted(RECEIVING_REGIONS))
        )


# --- Identities ---------------------------------------------------------------------------------


def _refuse_taken_domains(config: StackConfig, found: Found, before: Holdings) -> None:
    if not config.create_identities:
        return
    others = [domain for domain in config.domains if domain not in before.domains]
    if taken := [domain for domain in others if domain in found.identities]:
        raise DomainsAreTaken(
            f"this account and region have these SES identities already: {', '.join(taken)}. Set"
            " createIdentities to false to use them as they are, and make one that is missing by"
            " hand (aws sesv2 create-email-identity). If this stack was renamed, give it its old"
            " name (pulumi stack rename). If pulumi up --target made them without the stack's"
            " list, delete them with pulumi destroy --target."
        )


def _warnings_of_domains(config: StackConfig, found: Found, before: Holdings) -> Iterator[str]:
    wanted = config.domains if config.create_identities else ()
    if kept := [domain for domain in before.domains if domain not in wanted]:
        yield (
            f"this stack keeps SES identities that it made and that its configuration no longer"
            f" needs: {', '.join(kept)}. Deleting them would stop all sending from these domains."
            ' To remove them from the stack, see docs/operating.md, "Leaving identities to others"'
        )
    if config.create_identities:
        return
    for domain, names in config.covering_identities.items():
        if domain not in before.domains and not any(map(found.identities.get, names)):
            yield (
                f"createIdentities is false, and no verified SES identity of this account and"
                f" region covers {domain}: SES accepts no mail for it or from it until one does"
            )


# --- Quotas and the key -------------------------------------------------------------------------


def _concurrency(config: StackConfig, found: Found) -> tuple[int, tuple[str, ...]]:
    wanted, quota = config.download_max_concurrency, found.concurrency
    if not wanted or quota is None or quota >= wanted + _UNRESERVED:
        return wanted, ()
    warning = (
        f"downloadMaxConcurrency is {wanted}, but this account may run {quota} functions at once,"
        f" of which Lambda keeps {_UNRESERVED} unreserved: the download page is deployed"
        " without a limit of its own. Ask for a higher quota (Service Quotas, Lambda, Concurrent"
        " executions), or set downloadMaxConcurrency to 0"
    )
    return 0, (warning,)


def _warnings_of_key(config: StackConfig, before: Holdings) -> Iterator[str]:
    if before.has_key and not config.customer_managed_key:
        yield (
            "customerManagedKey is false, but this stack has a key, and what it encrypted cannot"
            " be read without it: the key stays until the stack is destroyed. New mail and files"
            " are not encrypted under it"
        )
