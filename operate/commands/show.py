"""`relayctl show`: show what is known about one message."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from operate.messages.finding import find_message, load_message
from operate.messages.redelivery import NotDone
from operate.presentation.message import present_downloads, present_message
from operate.presentation.terminal import exit_on_errors, make_console, print_json
from relay_core.keys import MessageId, manifest_key

from .downloads import read_downloads
from .message_options import Message
from .stack_options import StackOptions, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from operate.stack.access import StackAccess


@on_a_stack
def show_message(
    message: Message,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the manifest as it is stored, on one line.")
    ] = False,
    downloads: Annotated[
        bool,
        typer.Option(
            "--downloads",
            help="With --json: also print the stored record of each download, one a line.",
        ),
    ] = False,
    stack: StackOptions,
) -> None:
    """Show one message: its state, each recipient, and the reason of each failure.

    Also shows what operators did to it, and the downloads. A download is recorded when a recipient
    requests a file on the download page, not when they open the page. Presigned links leave no
    record.
    """
    with exit_on_errors():
        access = stack.open()
        if as_json:
            message_id = find_message(access, message)
            print_json(_stored_document(access, message_id))
            if downloads:
                _print_downloads(read_downloads(access, message_id))
        else:
            manifest = load_message(access, message).manifest
            make_console().print(present_message(manifest, access.clock()))
            _present_downloads(read_downloads(access, manifest.message_id))


def _print_downloads(documents: Mapping[str, bytes]) -> None:
    unreadable = []
    for key, document in documents.items():
        try:
            print_json(json.loads(document))
        except ValueError:
            unreadable.append(key)
    _print_unreadable_downloads(unreadable)


def _present_downloads(documents: Mapping[str, bytes]) -> None:
    from adapters.aws.downloads import Download, parse_download  # noqa: PLC0415 - see `access`

    found: list[Download] = []
    unreadable = []
    for key, document in documents.items():
        try:
            found.append(parse_download(document))
        except ValueError:
            unreadable.append(key)
    if found:
        make_console().print("", present_downloads(found), sep="\n")
    _print_unreadable_downloads(unreadable)


def _print_unreadable_downloads(unreadable: Sequence[str]) -> None:
    if unreadable:
        raise NotDone(
            f"{len(unreadable)} records of downloads cannot be read, such as {unreadable[0]}"
        )


def _stored_document(access: StackAccess, message_id: MessageId) -> object:
    """The manifest's JSON, also if this version cannot parse it as a manifest."""
    document = access.attachments.read(manifest_key(message_id))
    if document is None:
        raise NotDone(f"{message_id}: its manifest was deleted just now")
    try:
        return json.loads(document)
    except ValueError as error:
        raise NotDone(f"the manifest of {message_id} is not JSON: {error}") from None
