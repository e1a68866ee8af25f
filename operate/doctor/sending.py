"""SES's sending: the account, its quotas, its identities.

SES API v2, GetAccount, GetEmailIdentity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws.errors import aws_call, error_code

from .checks import CheckContext
from .verdicts import Verdict, problem, problems_or_ok, warning

_NEARLY = 0.8  # of the daily quota
_SANDBOX_REMEDY = (
    "ask for production access: SES console, Account dashboard (docs/operating.md, 'The account is"
    " in the SES sandbox'); until then, verify each recipient"
)


# --- The account --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The account's limits in SES. `enforcement` is HEALTHY, PROBATION or SHUTDOWN.

    `rate` is in recipients a second, `daily` and `sent` in recipients of 24 hours; `daily` is -1
    where there is no limit. `budget` is the stack's recipientBudgetPerHour, 0 for any number.
    """

    enabled: bool
    production: bool
    enforcement: str
    rate: float
    daily: float
    sent: float
    budget: int


def read_account(context: CheckContext) -> Mapping[str, Any]:
    """The response of GetAccount, unchanged."""
    with aws_call(call="ses:GetAccount", target="the account"):
        found: Mapping[str, Any] = context.client("sesv2").get_account()
    return found


def read_sending(context: CheckContext) -> Sending:
    """The account's limits and the stack's settings."""
    account = read_account(context)
    quota = account.get("SendQuota", {})
    return Sending(
        enabled=bool(account.get("SendingEnabled")),
        production=bool(account.get("ProductionAccessEnabled")),
        enforcement=str(account.get("EnforcementStatus", "HEALTHY")),
        rate=float(quota.get("MaxSendRate", 0)),
        daily=float(quota.get("Max24HourSend", 0)),
        sent=float(quota.get("SentLast24Hours", 0)),
        budget=context.settings().recipient_budget,
    )


def judge_account(account: Mapping[str, Any]) -> Iterable[Verdict]:
    """Whether the account may send, and to whom."""

    def problems() -> Iterator[Verdict]:
        status = account.get("EnforcementStatus", "HEALTHY")
        if not account.get("SendingEnabled") or status == "SHUTDOWN":
            yield problem(
                "SES sends nothing for this account: sending is paused",
                "open the SES console's Account dashboard, which gives the reason, and answer"
                " AWS there",
            )
        elif status != "HEALTHY":
            yield warning(
                f"SES reviews this account ({status}): its sending may be paused",
                "the SES console's Account dashboard gives the reason; 'relayctl bounces list'"
                " shows bounces and complaints",
            )
        if not account.get("ProductionAccessEnabled"):
            yield problem(
                "the account is in SES's sandbox: it sends to verified addresses only",
                _SANDBOX_REMEDY,
            )

    return problems_or_ok(problems(), "the account is out of SES's sandbox, and may send")


def judge_quota(sending: Sending) -> Iterable[Verdict]:
    """Whether the account's rate and daily quota are enough for the stack's settings."""

    def problems() -> Iterator[Verdict]:
        if sending.daily > 0 and sending.sent >= _NEARLY * sending.daily:
            yield warning(
                f"{sending.sent:.0f} of {sending.daily:.0f} recipients in 24 hours are used;"
                " beyond that, mail waits, and SES refuses what devices send",
                "ask for a higher quota: Service Quotas, Amazon SES, 'Sending quota'",
            )
        if 0 < sending.daily < sending.budget:
            yield warning(
                f"recipientBudgetPerHour is {sending.budget}: one hour can use up the"
                f" {sending.daily:.0f} recipients that the account may have in 24 hours",
                "ask for a higher quota, or lower recipientBudgetPerHour and run 'pulumi up'",
            )
        # In the sandbox the rate is 1: `ses-account` says what to do first.
        if sending.production and sending.rate * 3600 < sending.budget:
            yield warning(
                f"recipientBudgetPerHour is {sending.budget}, and the account sends to"
                f" {sending.rate:g} recipients a second: mail waits where the budget is used",
                "ask for a higher rate: Service Quotas, Amazon SES, 'Sending rate'",
            )

    daily = "any number" if sending.daily < 0 else f"{sending.daily:.0f}"
    return problems_or_ok(
        problems(),
        f"{sending.rate:g} recipients a second, {daily} in 24 hours; {sending.sent:.0f} used",
    )


# --- Identities ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The nearest identity that covers an address, or None. `dkim` and `mail_from` are statuses.

    `mail_from_domain` is empty where the identity has no MAIL FROM domain of its own.
    """

    address: str
    name: str | None = None
    verified: bool = False
    dkim: str = ""
    mail_from_domain: str = ""
    mail_from: str = ""


def read_identities(context: CheckContext) -> list[Identity]:
    """The identities of the addresses that the stack sends from and receives at."""
    settings = context.settings()
    domains = dict.fromkeys(
        address.rpartition("@")[2].lower()
        for address in (settings.sender_address, *settings.secret_addresses)
    )
    addresses = {
        domain: settings.sender_address
        for domain in domains
        if settings.sender_address.lower().endswith(f"@{domain}")
    }
    return [_identity(context, addresses.get(domain, domain)) for domain in domains]


def _identity(context: CheckContext, address: str) -> Identity:
    client = context.client("sesv2")
    for name in _covering(address):
        with aws_call(call="ses:GetEmailIdentity", target=name):
            try:
                found = client.get_email_identity(EmailIdentity=name)
            except ClientError as error:
                if error_code(error) != "NotFoundException":
                    raise
                continue
        mail_from = found.get("MailFromAttributes", {})
        return Identity(
            address=address,
            name=name,
            verified=bool(found.get("VerifiedForSendingStatus")),
            dkim=found.get("DkimAttributes", {}).get("Status", ""),
            mail_from_domain=mail_from.get("MailFromDomain", ""),
            mail_from=mail_from.get("MailFromDomainStatus", ""),
        )
    return Identity(address=address)


def _covering(address: str) -> Iterator[str]:
    """The address, its domain, and the domains above (SES guide, "Verified identities")."""
    if "@" in address:
        yield address
    labels = address.rpartition("@")[2].lower().split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])


def judge_identities(identities: Sequence[Identity]) -> Iterable[Verdict]:
    """Whether SES sends from the domains, and signs."""
    names = ", ".join(one.name or one.address for one in identities)
    return problems_or_ok(
        (verdict for one in identities for verdict in _identity_problems(one)),
        f"{names}: verified",
    )


def _identity_problems(one: Identity) -> Iterator[Verdict]:
    if one.name is None:
        yield problem(
            f"{one.address}: SES has no identity for it, nor for a domain above it",
            "'pulumi refresh', then 'pulumi up' with createIdentities true, or verify the domain"
            " in the SES console",
        )
    elif not one.verified:
        yield problem(
            f"{one.name}: SES has not verified it (DKIM {one.dkim or 'unknown'})",
            "publish the DKIM records of 'pulumi stack output dnsZoneFile'; SES looks for them"
            " within minutes, and for up to 72 hours",
        )
    elif one.dkim and one.dkim != "SUCCESS" and "@" not in one.name:
        yield warning(
            f"{one.name}: mail is not signed by DKIM (status {one.dkim})",
            "see the identity in the SES console, and the DKIM records",
        )
    if one.mail_from_domain and one.mail_from != "SUCCESS":
        yield warning(
            f"{one.mail_from_domain}: SES does not use this MAIL FROM domain (status"
            f" {one.mail_from or 'unknown'}), and sends with one of its own",
            "publish its MX and TXT records of 'pulumi stack output dnsZoneFile'",
        )
