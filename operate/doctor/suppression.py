"""The account's suppression list of SES: addresses that SES accepts mail for and does not send to.

SES API v2, GetSuppressedDestination, ListSuppressedDestinations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from adapters.aws.errors import aws_call, error_code
from relay_core.policy.directory import Directory, UnreadableDirectory, parse_directory

from .checks import CheckContext
from .verdicts import Verdict, ok, problem, problems_or_ok

_INBOUND = "inbound address"
_PREVIOUS = "previous address"
_TYPED = {
    _INBOUND: "$(pulumi stack output inboundAddress --show-secrets)",
    _PREVIOUS: "ADDRESS (one of 'pulumi stack output previousInboundAddresses --show-secrets')",
}
"""The placeholder in commands for an address that is a secret."""
_MAX_PAGES = 10
_A_PAGE = 1000  # addresses (ListSuppressedDestinations, PageSize)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Addresses on the account's list, each with its role in the stack and SES's reason.

    `is_cut`: whether the list is longer than what was read.
    """

    found: tuple[tuple[str, str, str], ...]
    is_cut: bool = False


def read_suppressed(context: CheckContext) -> Suppressed:
    """Looks up the stack's own addresses one by one, and those of the directory in the list."""
    settings = context.settings()
    own = {
        settings.inbound_address: _INBOUND,
        **dict.fromkeys(settings.previous_inbound_addresses, _PREVIOUS),
        settings.sender_address: "sender",
    }
    found = [
        (address, role, reason)
        for address, role in own.items()
        if (reason := _reason(context, address)) is not None
    ]
    recipients = _recipients(context) - {address.lower() for address in own}
    if not recipients:
        return Suppressed(found=tuple(found))
    listed, is_cut = _list(context)
    found += [
        (address, "recipient of the directory", listed[address])
        for address in sorted(recipients & listed.keys())
    ]
    return Suppressed(found=tuple(found), is_cut=is_cut)


def _reason(context: CheckContext, address: str) -> str | None:
    client = context.client("sesv2")
    with aws_call(call="ses:GetSuppressedDestination", target=address):
        try:
            answer = client.get_suppressed_destination(EmailAddress=address)
        except ClientError as error:
            if error_code(error) != "NotFoundException":
                raise
            return None
    return str(answer["SuppressedDestination"]["Reason"])


def _list(context: CheckContext) -> tuple[dict[str, str], bool]:
    client, listed, token = context.client("sesv2"), dict[str, str](), None
    for _ in range(_MAX_PAGES):
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


def _recipients(context: CheckContext) -> set[str]:
    try:
        directory = parse_directory(read_directory(context))
    except UnreadableDirectory:
        return set()  # the check `directory` reports it
    return set(addresses(directory))


def read_directory(context: CheckContext) -> str:
    """The document of groups and default recipients."""
    name = context.outputs.text("directoryParameter")
    with aws_call(call="ssm:GetParameter", target=name):
        return str(context.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def addresses(directory: Directory) -> Iterator[str]:
    """The addresses of a directory, in lower case; groups are no addresses."""
    for members in (*directory.groups.values(), *directory.default_recipients.values()):
        yield from (member.lower() for member in members if not member.startswith("@"))


def judge_suppressed(suppressed: Suppressed) -> Iterable[Verdict]:
    """Whether SES drops mail to addresses that the stack needs."""

    def problems() -> Iterator[Verdict]:
        for address, role, reason in suppressed.found:
            # The inbound addresses are secrets, and findings are pasted into tickets.
            is_secret = role in _TYPED
            named = f"the {role}" if is_secret else f"{address} ({role})"
            typed = _TYPED.get(role, address)
            yield problem(
                f"{named} is on the account's suppression list ({reason}): SES accepts mail to"
                " it and does not send it",
                "once the mailbox works: aws sesv2 delete-suppressed-destination --email-address"
                f" {typed}; then 'relayctl bounces clear {typed}'",
            )

    found = tuple(problems())
    if found or not suppressed.is_cut:
        return problems_or_ok(
            found, "no address of the stack is on the account's suppression list"
        )
    return (
        ok(
            "the stack's own addresses are not on the account's suppression list, and the"
            f" directory's are not among its first {_MAX_PAGES * _A_PAGE} entries"
        ),
    )
