"""SES's sending: the account, its quotas, its identities, its suppression list.

SES API v2, GetAccount, GetEmailIdentity, GetSuppressedDestination, ListSuppressedDestinations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws.errors import aws_call, error_code
from relay_core.policy.directory import Directory, UnreadableDirectory, parse_directory

from .checks import Reach
from .verdicts import Verdict, problem, troubles_or, warning, well

_INBOUND = "inbound address"
_NEARLY = 0.8  # of the daily quota
_MOST_PAGES = 10
_A_PAGE = 1000  # addresses (ListSuppressedDestinations, PageSize)
_SANDBOX_REMEDY = (
    "ask for production access: SES console, Account dashboard (docs/operating.md, 'The account is"
    " in the SES sandbox'); until then, verify each recipient"
)


# --- The account --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What SES lets the account do. `enforcement` is HEALTHY, PROBATION or SHUTDOWN.

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


def read_account(reach: Reach) -> Mapping[str, Any]:
    """GetAccount, as it is."""
    with aws_call(call="ses:GetAccount", target="the account"):
        found: Mapping[str, Any] = reach.client("sesv2").get_account()
    return found


def read_sending(reach: Reach) -> Sending:
    """The account beside the stack's settings."""
    account = read_account(reach)
    quota = account.get("SendQuota", {})
    return Sending(
        enabled=bool(account.get("SendingEnabled")),
        production=bool(account.get("ProductionAccessEnabled")),
        enforcement=str(account.get("EnforcementStatus", "HEALTHY")),
        rate=float(quota.get("MaxSendRate", 0)),
        daily=float(quota.get("Max24HourSend", 0)),
        sent=float(quota.get("SentLast24Hours", 0)),
        budget=reach.settings().recipient_budget,
    )


def judge_account(account: Mapping[str, Any]) -> Iterable[Verdict]:
    """Whether the account may send, and to whom."""

    def troubles() -> Iterator[Verdict]:
        status = account.get("EnforcementStatus", "HEALTHY")
        if not account.get("SendingEnabled") or status == "SHUTDOWN":
            yield problem(
                "SES sends nothing for this account: its sending is paused",
                "open the SES console's Account dashboard, which says why, and answer AWS there",
            )
        elif status != "HEALTHY":
            yield warning(
                f"SES reviews this account ({status}): its sending may be paused",
                "the SES console's Account dashboard says why; so may 'relayctl bounces list'",
            )
        if not account.get("ProductionAccessEnabled"):
            yield problem(
                "the account is in SES's sandbox: it sends to verified addresses only",
                _SANDBOX_REMEDY,
            )

    return troubles_or(troubles(), "the account is out of SES's sandbox, and may send")


def judge_quota(sending: Sending) -> Iterable[Verdict]:
    """The account's rate and daily quota beside what the stack lets out."""

    def troubles() -> Iterator[Verdict]:
        if sending.daily > 0 and sending.sent >= _NEARLY * sending.daily:
            yield warning(
                f"{sending.sent:.0f} of {sending.daily:.0f} recipients of 24 hours are used up;"
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
    return troubles_or(
        troubles(),
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


def read_identities(reach: Reach) -> list[Identity]:
    """The identities of what the stack sends from and receives at."""
    settings = reach.settings()
    domains = dict.fromkeys(
        address.rpartition("@")[2].lower()
        for address in (settings.sender_address, settings.inbound_address)
    )
    addresses = {
        domain: settings.sender_address
        for domain in domains
        if settings.sender_address.lower().endswith(f"@{domain}")
    }
    return [_identity(reach, addresses.get(domain, domain)) for domain in domains]


def _identity(reach: Reach, address: str) -> Identity:
    client = reach.client("sesv2")
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
    return troubles_or(
        (verdict for one in identities for verdict in _identity_troubles(one)),
        f"{names}: verified",
    )


def _identity_troubles(one: Identity) -> Iterator[Verdict]:
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


# --- The suppression list -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Addresses on the account's list, with what each is to the stack and why it is there.

    `is_cut`: whether the list is longer than what was read.
    """

    found: tuple[tuple[str, str, str], ...]
    is_cut: bool = False


def read_suppressed(reach: Reach) -> Suppressed:
    """The stack's own addresses one by one, those of the directory out of the list."""
    settings = reach.settings()
    own = {settings.inbound_address: _INBOUND, settings.sender_address: "sender"}
    found = [
        (address, role, reason)
        for address, role in own.items()
        if (reason := _reason(reach, address)) is not None
    ]
    recipients = _recipients(reach) - {address.lower() for address in own}
    if not recipients:
        return Suppressed(found=tuple(found))
    listed, is_cut = _list(reach)
    found += [
        (address, "recipient of the directory", listed[address])
        for address in sorted(recipients & listed.keys())
    ]
    return Suppressed(found=tuple(found), is_cut=is_cut)


def _reason(reach: Reach, address: str) -> str | None:
    client = reach.client("sesv2")
    with aws_call(call="ses:GetSuppressedDestination", target=address):
        try:
            answer = client.get_suppressed_destination(EmailAddress=address)
        except ClientError as error:
            if error_code(error) != "NotFoundException":
                raise
            return None
    return str(answer["SuppressedDestination"]["Reason"])


def _list(reach: Reach) -> tuple[dict[str, str], bool]:
    client, listed, token = reach.client("sesv2"), dict[str, str](), None
    for _ in range(_MOST_PAGES):
        with aws_call(call="ses:ListSuppressedDestinations", target="the account"):
            page = client.list_suppressed_destinations(
                PageSize=_A_PAGE, **({"NextToken": token} if token else {})
            )
        for one in page.get("SuppressedDestinationSummaries", ()):
            listed[one["EmailAddress"].lower()] = one["Reason"]
        token = page.get("NextToken")
        if not token:
            break
    return listed, token is not None


def _recipients(reach: Reach) -> set[str]:
    try:
        directory = parse_directory(read_directory(reach))
    except UnreadableDirectory:
        return set()  # `directory` says so
    return set(addresses(directory))


def read_directory(reach: Reach) -> str:
    """The document of groups and default recipients."""
    name = reach.outputs.text("directoryParameter")
    with aws_call(call="ssm:GetParameter", target=name):
        return str(reach.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def addresses(directory: Directory) -> Iterator[str]:
    """The addresses of a directory, in lower case; groups are no addresses."""
    for members in (*directory.groups.values(), *directory.default_recipients.values()):
        yield from (member.lower() for member in members if not member.startswith("@"))


def judge_suppressed(suppressed: Suppressed) -> Iterable[Verdict]:
    """Whether SES drops mail to addresses that the stack needs."""

    def troubles() -> Iterator[Verdict]:
        for address, role, reason in suppressed.found:
            # The inbound address is a secret, and findings are pasted into tickets.
            is_secret = role == _INBOUND
            named = f"the {role}" if is_secret else f"{address} ({role})"
            typed = (
                "$(pulumi stack output inboundAddress --show-secrets)" if is_secret else address
            )
            yield problem(
                f"{named} is on the account's suppression list ({reason}): SES takes mail for it,"
                " and sends none",
                "once the mailbox works: aws sesv2 delete-suppressed-destination --email-address"
                f" {typed}; then 'relayctl bounces clear {typed}'",
            )

    found = tuple(troubles())
    if found or not suppressed.is_cut:
        return troubles_or(found, "no address of the stack is on the account's suppression list")
    return (
        well(
            "the stack's own addresses are not on the account's suppression list, and the"
            f" directory's are not among its first {_MOST_PAGES * _A_PAGE} entries"
        ),
    )
