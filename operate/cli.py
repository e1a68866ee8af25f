"""The commands of `relayctl`; `relayctl --help` lists them.

`inspect` and `rewrite` are in this module. They need neither AWS nor a deployment: `policy` makes
their policy from the options. All other commands work on a stack (`operate.commands`).
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from relay_core.keys import RawKey, message_id_of
from relay_core.mime.size_limits import DEFAULT_LIMITS
from relay_core.policy.directory import Directory
from relay_core.settings import Settings

from .command_line import Commands
from .commands import device_sheet, doctor, emptying, send_test
from .commands import listing as list_command
from .commands.bounces import bounces
from .commands.directory import DirectorySource, directory_commands, find_directory
from .commands.dlq import dlq
from .commands.extend import extend_links
from .commands.link import print_link
from .commands.message_options import address_option
from .commands.redeliver import redeliver_message
from .commands.replay import replay_messages
from .commands.revoke import revoke_links
from .commands.show import show_message
from .commands.stack_options import StackOptions, on_a_stack
from .examples import epilog
from .mail_file.extraction import Extraction
from .mail_file.inspection import Inspection, inspect_message, to_json
from .mail_file.policy_options import Allowed, Config, Defaults, Groups, Marker, make_policy
from .mail_file.presentation import present
from .mail_file.preview import UnreadableMail, preview
from .presentation.terminal import exit_on_errors, print_error, say
from .version import version

STANDARD_INPUT = "-"
NO_MESSAGE = 1
UNREADABLE = 2
_INSPECT_STATUSES = "Exits with 0 if every file could be read, with 2 otherwise."
_REWRITE_STATUSES = "Exits with 2 if the file could not be read, with 1 if it holds no message."

app = typer.Typer(
    cls=Commands,
    help="Operate the mail relay: inspect, list, redeliver, revoke.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: its paragraphs are filled, and it can be searched
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        typer.echo(f"relayctl {version()}")
        raise typer.Exit


@app.callback()
def relayctl(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version, and exit.",
        ),
    ] = False,
) -> None:
    """Operate the mail relay: inspect, list, redeliver, revoke."""


@app.command("inspect", epilog=epilog("inspect", _INSPECT_STATUSES))
@on_a_stack
def inspect_files(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Raw messages; - is standard input."),
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for each message.")
    ] = False,
    extract: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Write every attachment's decoded content into this folder.",
        ),
    ] = None,
    config: Config = [],  # noqa: B006 - Typer copies defaults
    marker: Marker = None,
    allow: Allowed = [],  # noqa: B006 - likewise
    group: Groups = [],  # noqa: B006 - likewise
    default: Defaults = [],  # noqa: B006 - likewise
    directory: DirectorySource = None,
    stack: StackOptions,
) -> None:
    """Print what the relay would do with raw messages.

    Needs no AWS account (but for --directory live) and no configuration. The policy is that of a
    stack with the defaults of Pulumi.yaml and all recipients allowed ("*"): no groups, no default
    recipients, all senders allowed. Mail that Amazon SES marked as spam or as forged is refused.
    --config sets any key, as for the sandbox; --marker, --allow, --group and --default are short
    forms of four of them. Limits that a stack counts over many mails (senderMessageLimit,
    recipientBudgetPerHour) have no effect here.
    """
    settings, policy_directory = make_policy(config, marker, allow, group, default)
    if directory is not None and (group or default):
        raise typer.BadParameter("--group and --default say the same", param_hint="--directory")
    with exit_on_errors():
        policy_directory = find_directory(directory, stack) or policy_directory
    console = Console(highlight=False, markup=False, emoji=False)
    failed = False
    for file in files:
        inspected = _inspect(file, settings, policy_directory, extract)
        failed = failed or isinstance(inspected, str)
        if as_json:
            answer = (
                {"file": file, "error": inspected}
                if isinstance(inspected, str)
                else to_json(file, inspected)
            )
            # ASCII in every locale; a file name that is not valid text is printed too.
            print(json.dumps(answer), flush=True)
        elif isinstance(inspected, str):
            print_error(f"{file}: {inspected}")
        else:
            console.print(present(file, inspected))
    if failed:
        raise typer.Exit(UNREADABLE)


def _inspect(
    file: str, settings: Settings, directory: Directory, folder: Path | None
) -> Inspection | str:
    """The inspection of one file, or what went wrong with it."""
    try:
        raw_key = _key_of(file)
        extraction = folder and Extraction(folder=folder, message_id=message_id_of(raw_key))
        return inspect_message(
            _read(file),
            raw_key,
            settings,
            extraction.keep if extraction else None,
            directory=directory,
        )
    except OSError as error:
        where = f" ({error.filename})" if error.filename and error.filename != file else ""
        return f"{error.strerror or error}{where}"
    except Exception as error:  # noqa: BLE001 - a bug in one file must not stop the others
        return f"this is a bug in relayctl, please report it: {error!r}"


@app.command("rewrite", epilog=epilog("rewrite", _REWRITE_STATUSES))
def rewrite_file(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A raw message; - is standard input.")
    ],
    *,
    recipient: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The recipient; the message need not name it.")
    ],
    link_base: Annotated[
        str, typer.Option(metavar="URL", help="The beginning of the links to attachments.")
    ] = "https://relay.invalid",
    config: Config = [],  # noqa: B006 - Typer copies defaults
    marker: Marker = None,
    allow: Allowed = [],  # noqa: B006 - likewise
    group: Groups = [],  # noqa: B006 - likewise
    default: Defaults = [],  # noqa: B006 - likewise
) -> None:
    """Write the message that this recipient would get to standard output.

    A terminal shows control characters as U+FFFD; a file or a pipe gets the exact bytes. Links are
    URL/<index>/<file name>, valid for 36 hours; the relay's own address is relay@relay.invalid.
    Nothing is stored or sent. If the relay would not send the message to this recipient, standard
    error says why; the message is still written.
    """
    settings, directory = make_policy(config, marker, allow, group, default)
    addr_spec = address_option(recipient)
    if not link_base.isascii() or not link_base.isprintable() or " " in link_base:
        raise typer.BadParameter(
            f"{link_base!r} is not a URL: give one such as https://files.example.com",
            param_hint="--link-base",
        )
    try:
        raw = _read(file)
    except OSError as error:
        print_error(f"{file}: {error.strerror or error}")
        raise typer.Exit(UNREADABLE) from None
    try:
        shown = preview(
            raw,
            _key_of(file),
            addr_spec,
            settings,
            link_base=link_base.rstrip("/"),
            now=datetime.now(UTC),
            directory=directory,
        )
    except UnreadableMail as error:
        print_error(f"{file}: {error}")
        raise typer.Exit(NO_MESSAGE) from None
    if shown.caveat is not None:
        print_error(f"{file}: {shown.caveat}")
    if sys.stdout.isatty():
        # Control sequences of a mail must not act on a terminal. A pipe gets the exact bytes.
        text = shown.raw.decode("ascii", "replace").replace("\r\n", "\n")
        say([text.expandtabs()])
    else:
        sys.stdout.buffer.write(shown.raw)
        sys.stdout.buffer.flush()


def _key_of(file: str) -> RawKey:
    """The key that the message would have in the incoming bucket, named after its file."""
    return RawKey("stdin" if file == STANDARD_INPUT else Path(file).name)


def _read(file: str) -> bytes:
    # One byte above the limit is enough to see that the message is too long.
    limit = DEFAULT_LIMITS.size + 1
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(limit)
    with Path(file).open("rb") as stream:
        return stream.read(limit)


doctor.register(app)
send_test.register(app)
device_sheet.register(app)
list_command.register(app)
for name, command in (
    ("show", show_message),
    ("redeliver", redeliver_message),
    ("replay", replay_messages),
    ("revoke", revoke_links),
    ("extend", extend_links),
    ("link", print_link),
):
    app.command(name, epilog=epilog(name))(command)
emptying.register(app)
app.add_typer(dlq, name="dlq")
app.add_typer(bounces, name="bounces")
app.add_typer(directory_commands, name="directory")
