"""`relayctl empty`: delete all stored objects, so that a stack can be destroyed.

S3 deletes only empty buckets, and the bucket of a new stack is not empty: SES writes an object
when a receipt rule is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import typer

from operate.examples import epilog
from operate.presentation.terminal import confirm, exit_on_errors, must_be_confirmed, progress, say
from relay_core.wording.wording import Wording

from .stack_options import DryRun, StackOptions, Yes, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.account import StoredObject

_A_REQUEST = 1000  # objects (S3 API, DeleteObjects)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("empty", epilog=epilog("empty"))(empty_buckets)


@on_a_stack
def empty_buckets(
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    stack: StackOptions,
) -> None:
    """Delete all mail, attachments and records of a stack that is to be destroyed.

    They cannot be restored: waiting mail is lost, and no link works. Run 'pulumi destroy' first:
    it stops incoming mail, and fails at a bucket that is not empty. Then run this command, then
    'pulumi destroy' again.
    """
    must_be_confirmed(yes=yes, dry_run=dry_run)
    with exit_on_errors():
        access = stack.open()
        buckets = [
            (one, list(one.beginning_with(""))) for one in (access.incoming, access.attachments)
        ]
        say(
            (
                f"{bucket.bucket}: {len(objects)} objects,"
                f" {Wording().size(sum(one.size for one in objects))}"
                for bucket, objects in buckets
            ),
            to_stderr=not dry_run,
        )
        total = sum(len(objects) for _, objects in buckets)
        if dry_run or not total:
            return
        confirm("Delete all of them permanently?", yes=yes)
        with progress("Deleting", total) as advance:
            for bucket, objects in buckets:
                for keys in _in_requests(objects):
                    bucket.delete(keys)
                    advance(len(keys))
        say([f"{total} objects deleted"])


def _in_requests(objects: Iterable[StoredObject]) -> Iterator[list[str]]:
    keys = (one.key for one in objects)
    while chunk := list(islice(keys, _A_REQUEST)):
        yield chunk
