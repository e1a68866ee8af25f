"""The effect of changing each configuration key on a stack, as planned by Pulumi's engine.

The engine deploys both examples on an emulator and previews each with one key of Pulumi.yaml
changed. `python -m tests.sandbox.what_changes` previews every key, or those that are named, a line
each, and compares the table of `docs/operating.md` with the plans (exit status 1 if they
differ); `--table` prints the table as it is to be, or these rows of it. `make lifecycle` runs
it; `test_what_changes` previews some keys.

Each example has an emulator and a process of its own: half the time of a preview is this process,
running the program.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from sandbox.create import Account
from sandbox.deploy.account import prepare_account
from sandbox.emulator.running import Emulator
from sandbox.engine.stack import Stack, running
from tests.sandbox.changed_values import EXAMPLES, base_config, changed_config, keys
from tests.sandbox.changes_table import BEGIN, DOCUMENT, END, Effect, documented, effect_of, rows
from tests.sandbox.stack_lifecycle import GOING, IRREPLACEABLE, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The engine's plan for one changed key; `gone`: deleted resources, by type and name."""

    key: str
    effect: Effect
    counts: Mapping[str, int]
    gone: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    seconds: float


@contextmanager
def deployed(example: str) -> Iterator[tuple[Stack, dict[str, object], str]]:
    """An example's stack, deployed; with its configuration and a zone for its records."""
    config = base_config(example)
    with (
        tempfile.TemporaryDirectory(prefix="mail-relay-changes-") as name,
        Emulator.start(
            Path(name), worker_environment={}, region=str(config["aws:region"])
        ) as account,
        running(account, Path(name) / "pulumi") as engine,
    ):
        prepare_account(ses=account.client("ses"), sesv2=account.client("sesv2"), config=config)
        zone = _prepare(account)
        stack = engine.stack(example, config)
        stack.up()
        yield stack, config, zone


def _prepare(account: Account) -> str:
    """Create what the values name: a rule set, a configuration set and a zone; returns its id."""
    account.client("ses").create_receipt_rule_set(RuleSetName="shared-rules")
    account.client("sesv2").create_configuration_set(ConfigurationSetName="shared-set")
    made = account.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def planned(example: str, wanted: Iterable[str]) -> Iterator[Plan]:
    """The engine's plans for a deployed stack of the example when each key alone changes."""
    with deployed(example) as (stack, config, zone):
        for key in wanted:
            stack.configure(changed_config(config, key, zone))
            outcome = stack.preview()
            yield Plan(
                key=key,
                effect=effect_of(outcome.steps),
                counts=outcome.changes,
                gone=tuple(
                    (step.type, step.name) for step in outcome.steps if step.operation in GOING
                ),
                warnings=outcome.warnings,
                seconds=outcome.seconds,
            )


def unwarned(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Irreplaceable resources that are deleted without a warning that names the key."""
    if any(text.startswith(plan.key) for text in plan.warnings):
        return ()
    return tuple(one for one in plan.gone if one[0] in IRREPLACEABLE)


def _planned_aloud(example: str, wanted: Sequence[str]) -> list[Plan]:
    """Each key's plan, with a line on standard error as soon as it is known."""
    plans = []
    for plan in planned(example, wanted):
        line = f"{example:5}{plan.key:28}{counted(plan.counts):44}{plan.seconds:6.1f} s\n"
        sys.stderr.write(line)
        plans.append(plan)
    return plans


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(arguments: Sequence[str]) -> int:
    """Preview the keys; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.what_changes")
    parser.add_argument("--table", action="store_true", help="print the table, and nothing else")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="of Pulumi.yaml; all if none")
    options = parser.parse_args(arguments)
    if unknown := {*options.keys} - {*keys()}:
        parser.error(f"no keys of Pulumi.yaml that an example may change: {', '.join(unknown)}")
    wanted = options.keys or keys()
    with ProcessPoolExecutor(len(EXAMPLES), mp_context=get_context("spawn")) as pool:
        found_plans = pool.map(partial(_planned_aloud, wanted=wanted), EXAMPLES)
        plans = dict(zip(EXAMPLES, found_plans, strict=True))
    found = {
        example: {plan.key: plan.effect for plan in of_example}
        for example, of_example in plans.items()
    }
    if options.table:
        sys.stdout.write("\n".join((BEGIN, *rows(found["dev"], found["prod"]), END)) + "\n")
        return 0
    table = documented(DOCUMENT.read_text("utf-8"))
    problems = [
        f"{example}: {key}: the document says otherwise: {effect}"
        for example, effects in found.items()
        for key, effect in effects.items()
        if table[example].get(key) != effect
    ] + [
        f"{example}: {plan.key} takes {name} away without a warning"
        for example, of_example in plans.items()
        for plan in of_example
        for _, name in unwarned(plan)
    ]
    for problem in problems:
        _say(f"did not hold: {problem}")
    _say(f"{len(problems)} things did not hold." if problems else "All of it held.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
