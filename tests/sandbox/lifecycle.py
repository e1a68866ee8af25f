"""`make lifecycle`: a stack's whole life by Pulumi's own engine on an emulator, a line a step.

Exit status 0 only if every requirement was met.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sandbox.emulator.running import Emulator
from sandbox.engine.cli import NoEngine
from tests.sandbox.stack_lifecycle import beginning, prepare, run_kills, run_lifecycle

REGION = "eu-central-1"


def main(arguments: Sequence[str]) -> int:
    """Run a stack's life; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.lifecycle", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="of an up (20)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of their moments")
    found = parser.parse_args(arguments)

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    try:
        with (
            tempfile.TemporaryDirectory(prefix="mail-relay-lifecycle-") as name,
            Emulator.start(Path(name), worker_environment={}, region=REGION) as account,
            beginning(account, Path(name) / "pulumi", say) as lifecycle,
        ):
            prepare(account)
            run_lifecycle(lifecycle)
            run_kills(lifecycle, kills=found.kills, seed=found.seed)
            problems = lifecycle.problems
    except NoEngine as error:
        sys.stderr.write(f"lifecycle: {error}\n")
        return 1
    for problem in problems:
        say(f"did not hold: {problem}")
    say(f"{len(problems)} things did not hold." if problems else "All of it held.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
