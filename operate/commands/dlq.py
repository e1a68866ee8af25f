"""`relayctl dlq`: list, redrive or drop messages of the dead-letter queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from operate.examples import epilog
from operate.messages.dead_letters import Lookup, reason_of
from operate.messages.finding import select_letters
from operate.presentation.message import letter_lines, present_letters, summarize_letter
from operate.presentation.terminal import (
    Exit,
    confirm,
    exit_on_errors,
    make_console,
    must_be_confirmed,
    print_error,
    print_json,
    progress,
    say,
)
from operate.stack.parallel import in_parallel
from relay_core.errors import AdapterError
from relay_core.keys import MessageId, message_id_of

from .stack_options import AsJson, StackOptions, Yes, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.dead_letters import DeadLetter, Examination
    from operate.stack.access import StackAccess

_MAX_PRINTED_ERRORS = 5

dlq = typer.Typer(
    help="The dead-letter queue: mail that failed at every try.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Messages = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MESSAGE",
        help="Message ids, beginnings of ids, raw keys, or SQS message ids.",
        show_default=False,
    ),
]
Every = Annotated[bool, typer.Option("--all", help="All messages of the dead-letter queue.")]


@dlq.command("list", epilog=epilog("dlq list"))
@on_a_stack
def list_letters(
    *,
    as_json: AsJson = False,
    stack: StackOptions,
) -> None:
    """List every message of the dead-letter queue, oldest first, and why it failed.

    The messages stay in the queue. SQS shows a message only by delivering it: for some seconds
    others cannot receive it, and each 'dlq list' counts as one of its receives.
    """
    with exit_on_errors():
        access = stack.open()
        with _examined(access) as examination:
            letters = sorted(examination.letters, key=lambda one: one.queued_at)
        manifests = _manifests_of(access, letters)
        listed = [
            (one, reason_of(one, manifests, access.clock(), log_group=access.log_group))
            for one in letters
        ]
        if as_json:
            for letter, reason in listed:
                print_json(summarize_letter(letter, reason))
        elif listed:
            console = make_console()
            if console.is_terminal:
                console.print(present_letters(listed))
            else:
                say(letter_lines(listed))
        else:
            print_error("the dead-letter queue is empty")


@contextmanager
def _examined(access: StackAccess) -> Iterator[Examination]:
    """All messages, hidden from others within the context."""
    with ExitStack() as receiving:
        advance = receiving.enter_context(progress("Receiving"))
        with access.dead_letters.examined(advance, _print_still_hidden) as examination:
            receiving.close()
            if examination.elsewhere:
                print_error(
                    f"about {_count(examination.elsewhere)} more could not be received: another"
                    " reader has them, or a read was interrupted; try again in a minute"
                )
            yield examination


def _print_still_hidden(error: AdapterError) -> None:
    from adapters.operator.account import explain  # noqa: PLC0415 - boto3 is there by now

    print_error(f"messages stay hidden until their visibility timeout ends: {explain(error)}")


def _manifests_of(access: StackAccess, letters: Iterable[DeadLetter]) -> dict[MessageId, Lookup]:
    ids = {message_id_of(raw_key) for letter in letters for raw_key in letter.raw_keys}
    found: dict[MessageId, Lookup] = {}
    with progress("Reading manifests", len(ids)) as advance:
        for message_id, stored in in_parallel(access.manifests.load, ids):
            found[message_id] = stored
            advance(1)
    return found


@dlq.command("redrive", epilog=epilog("dlq redrive"))
@on_a_stack
def redrive_letters(
    messages: Messages = None,
    *,
    every: Every = False,
    yes: Yes = False,
    stack: StackOptions,
) -> None:
    """Move messages back to the queue, where they have all their tries again.

    Each message is deleted from the dead-letter queue only after the queue has accepted it, so
    none can be lost. If relayctl dies between the two steps, the message is in both queues. That
    is harmless: what the manifest records as sent is not sent again.
    """
    _work_on(
        messages or (),
        every=every,
        yes=yes,
        question="Move {} back to the queue?",
        act=lambda examination: examination.redrive,
        done="{} moved back to the queue",
        open_access=stack.open,
    )


@dlq.command("drop", epilog=epilog("dlq drop"))
@on_a_stack
def drop_letters(
    messages: Messages = None,
    *,
    every: Every = False,
    yes: Yes = False,
    stack: StackOptions,
) -> None:
    """Delete messages from the dead-letter queue: their mails are not retried.

    The raw messages stay in the incoming bucket for incomingRetentionDays. Until then, replay
    announces a mail again.
    """
    _work_on(
        messages or (),
        every=every,
        yes=yes,
        question="Delete {}? Their mails are not retried.",
        act=lambda examination: examination.drop,
        done="{} deleted",
        open_access=stack.open,
    )


def _work_on(
    names: Sequence[str],
    *,
    every: bool,
    yes: bool,
    question: str,
    act: Callable[[Examination], Callable[[DeadLetter], None]],
    done: str,
    open_access: Callable[[], StackAccess],
) -> None:
    """Redrive or drop the named messages, one by one.

    All are found before the first is changed: a message that fails again at once is done once.
    """
    if bool(names) == every:
        raise typer.BadParameter("name messages, or give --all", param_hint="MESSAGE")
    must_be_confirmed(yes=yes)

    def choose(letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        return letters if every else select_letters(letters, names)

    failures: list[AdapterError] = []
    with exit_on_errors():
        access = open_access()
        confirmed: set[str] | None = None
        if not yes:
            # Messages must not stay hidden from others while the operator decides.
            with _examined(access) as looked:
                chosen = choose(looked.letters)
            if chosen:
                confirm(question.format(_count(len(chosen))), yes=yes)
            confirmed = {one.sqs_message_id for one in chosen}
        with _examined(access) as examination:
            if confirmed is None:
                chosen = choose(examination.letters)
            else:
                chosen = [one for one in examination.letters if one.sqs_message_id in confirmed]
            with progress("Working", len(chosen)) as advance_work:
                for _, result in in_parallel(act(examination), chosen):
                    advance_work(1)
                    if isinstance(result, AdapterError):
                        failures.append(result)
        _print_result(
            done, len(chosen) - len(failures), failures, gone=len(confirmed or ()) - len(chosen)
        )
    if failures:
        raise typer.Exit(Exit.NOT_DONE)


def _print_result(done: str, number: int, failures: Sequence[AdapterError], *, gone: int) -> None:
    from adapters.operator.account import explain  # noqa: PLC0415 - boto3 is there by now

    for failure in failures[:_MAX_PRINTED_ERRORS]:
        print_error(explain(failure))
    if len(failures) > _MAX_PRINTED_ERRORS:
        print_error(
            f"{len(failures) - _MAX_PRINTED_ERRORS} more failed; all that failed are still in"
            " the dead-letter queue"
        )
    if gone > 0:
        print_error(f"{_count(gone)} left the dead-letter queue in the meantime")
    typer.echo(done.format(_count(number)))


def _count(number: int) -> str:
    return "1 message" if number == 1 else f"{number} messages"
