"""`relayctl doctor`: check a deployed stack from outside, once or until all is well."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from operate.doctor.verdicts import Finding, Status
from operate.examples import epilog
from operate.presentation.terminal import Exit, exit_on_errors, print_error, print_json, say
from operate.stack.outputs import StackUnknown
from relay_core.settings import Settings

from .stack_options import AsJson, StackOptions, on_a_stack

if TYPE_CHECKING:  # boto3 and dnspython are slow to import
    from operate.doctor.checks import CheckContext
    from operate.stack.access import StackAccess

DNS_VARIABLE = "RELAYCTL_DNS"

_EVERY = 15.0  # seconds: SES and DNS change by the minute
_STATUSES = (
    "Exits with 0 if there is no problem, with 1 if there is one; with 2 if the command line is"
    " wrong, or the stack is not found."
)
_COLOURS = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.PROBLEM: "red",
    Status.UNKNOWN: "magenta",
}

Dns = Annotated[
    str | None,
    typer.Option(
        "--dns",
        metavar="ADDRESS[:PORT]",
        help="The DNS server to ask, instead of the system's. For a sandbox, DNS is not checked"
        f" without it. Default: ${DNS_VARIABLE}.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", epilog=epilog("doctor", _STATUSES))(examine_stack)


@on_a_stack
def examine_stack(
    *,
    as_json: AsJson = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Check again every 15 seconds and print what changed, until there is no problem.",
        ),
    ] = False,
    dns: Dns = None,
    stack: StackOptions,
) -> None:
    """Check a deployed stack; print each problem and its remedy.

    Checks DNS records, the SES account, identities and rules, buckets, queues, functions,
    parameters, subscriptions and alarms. Changes nothing. Each line is ok, a warning, a problem,
    or unknown (it cannot be read). docs/doctor-policy.json lists the rights that it needs.

    After a first deployment, --watch shows the progress: DNS records spread, SES verifies the
    domains, people confirm their subscriptions.
    """
    with exit_on_errors():
        access = stack.open()
        server = dns or os.environ.get(DNS_VARIABLE) or None
        if watch:
            found = _watch(access, server, as_json=as_json)
        else:
            found = []
            for finding in examined(access, server):
                found.append(finding)
                print_finding(finding, as_json=as_json)
        if not as_json:
            say([summary(found)], to_stderr=True)
    if any(finding.verdict.status is Status.PROBLEM for finding in found):
        raise typer.Exit(Exit.NOT_DONE)


def examined(access: StackAccess, server: str | None) -> Iterator[Finding]:
    """The findings of one run of all checks. `server` is the DNS server to query.

    Raises:
        StackUnknown: if there is no DNS server to query.
    """
    from operate.doctor.examination import examine  # noqa: PLC0415 - see above

    yield from examine(check_context(access, server))


def check_context(access: StackAccess, server: str | None) -> CheckContext:
    """The access to AWS and the DNS for the checks.

    Raises:
        StackUnknown: if there is no DNS server to query.
    """
    from operate.doctor.checks import CheckContext  # noqa: PLC0415 - see above
    from operate.doctor.deployment import Outputs as StackOutputs  # noqa: PLC0415 - see above
    from operate.doctor.resolving import InvalidServer, resolver  # noqa: PLC0415 - see above

    try:
        # A sandbox's domains are in no DNS, so they are not queried.
        is_asked = server is not None or access.stack.endpoint is None
        resolve = resolver(server) if is_asked else None
    except InvalidServer as error:
        raise StackUnknown(str(error)) from error
    return CheckContext(
        outputs=StackOutputs(access.stack.outputs),
        region=access.stack.region,
        client=access.client,
        resolve=resolve,
        clock=access.clock,
    )


def settings_of(access: StackAccess, server: str | None = None) -> Settings:
    """The settings of the deployed function. `server` is the DNS server to query later.

    Raises:
        StackUnknown: if the function is of another release, or there is no DNS server to query.
    """
    from operate.doctor.deployment import FactUnavailable  # noqa: PLC0415 - see above

    try:
        return check_context(access, server).settings()
    except FactUnavailable as error:
        raise StackUnknown(str(error)) from error


def _watch(access: StackAccess, server: str | None, *, as_json: bool) -> list[Finding]:
    """Check repeatedly; print only findings that are new or have changed."""
    found: list[Finding] = []
    printed: list[Finding] = []
    with suppress(KeyboardInterrupt):
        while True:
            found = list(examined(access, server))
            for finding in found:
                if finding not in printed:
                    print_finding(finding, as_json=as_json)
            printed = found
            if not any(one.verdict.status is Status.PROBLEM for one in found):
                break
            print_error(f"{summary(found)}; again in {_EVERY:.0f} seconds; Ctrl-C ends this")
            time.sleep(_EVERY)
    return found


def print_finding(finding: Finding, *, as_json: bool) -> None:
    """Print one finding, as JSON or for a person, with the remedy below it."""
    if as_json:
        print_json(finding.to_json())
        return
    verdict = finding.verdict
    status = typer.style(f"{verdict.status:<8}", fg=_COLOURS[verdict.status])
    # Click removes the colours if the output is not a terminal.
    typer.echo(f"{status}", nl=False)
    say([f" {finding.check:<20} {' '.join(verdict.found.split())}"])
    if verdict.remedy:
        say([f"{'':<30}→ {verdict.remedy}"])


def summary(found: Sequence[Finding]) -> str:
    """How many findings there are of each status."""
    counts = {status: sum(one.verdict.status is status for one in found) for status in Status}
    words = [
        f"{counts[Status.OK]} of {len(found)} are ok",
        *(_many(counts[status], word) for status, word in _WORDS.items() if counts[status]),
    ]
    return ", ".join(words)


_WORDS = {Status.PROBLEM: "problem", Status.WARNING: "warning", Status.UNKNOWN: "unknown"}


def _many(number: int, word: str) -> str:
    plural = "" if number == 1 or word == "unknown" else "s"
    return f"{number} {word}{plural}"
